"""What can be done with feedback: file it, undo it, answer it, ask about it, make a requirement of it."""

from datetime import datetime

from sqlalchemy.orm import Session

from bot.domain.feedback import REVIEWED_KINDS, UNDO_WINDOW, WORDS_MAX, Draft, State, title_from
from bot.domain.people import Actor
from bot.domain.refusals import Refused
from bot.domain.requirements import Status
from bot.domain.votes import Result
from bot.policy import Policy
from bot.services import news, requirements, votes
from storage import changes, customers, outbox, seen
from storage import feedback as feedback_store
from storage import policy as policy_store
from storage import requirements as requirement_store
from storage import votes as vote_store
from storage.feedback import Feedback

FOLLOW_UP_DAYS = 3
"""Working days after which a question without an answer is asked once more, and after as many again, of a manager."""


def file(session: Session, actor: Actor, draft: Draft, now: datetime, *, key: str) -> int | None:
    """File feedback; return its number, or None when this very form was taken before.

    A need or a problem makes a requirement and opens its vote. Raises Refused naming the field that is wrong.
    """
    draft.check()
    if not seen.first_time(session, actor.team_id, key, now):
        return None
    customer = customer_of(session, actor, draft, now)
    number, requirement = _numbers(session, actor.team_id, draft)
    title = (draft.title or "").strip() or title_from(draft.words)
    if requirement is not None:
        policy = policy_store.load(session, actor.team_id)
        requirements.create(
            session, actor.team_id, requirement, title=title, origin=number, filer=actor.user_id, policy=policy, now=now
        )
    _write(session, actor, draft, now, number=number, title=title, customer_id=customer, requirement=requirement)
    return number


def _numbers(session: Session, team_id: str, draft: Draft) -> tuple[int, int | None]:
    """Return the number of new feedback, and of the requirement it makes, if it makes one."""
    if draft.kind in REVIEWED_KINDS:
        return feedback_store.next_numbers(session, team_id)
    return feedback_store.next_number(session, team_id), None


def customer_of(session: Session, actor: Actor, draft: Draft, now: datetime) -> int:
    """Return the id of the customer a draft names, adding it when new."""
    if draft.customer_id is None:
        return customers.find_or_add(session, actor.team_id, draft.customer_name or "", actor.user_id, now).id
    if not customers.is_known(session, actor.team_id, draft.customer_id):
        raise Refused("refused.unknown_customer", field="customer")
    return draft.customer_id


def _write(
    session: Session,
    actor: Actor,
    draft: Draft,
    now: datetime,
    *,
    number: int,
    title: str,
    customer_id: int,
    requirement: int | None,
) -> None:
    facts = {
        "requirement": requirement,
        "customer_id": customer_id,
        "kind": draft.kind.value,
        "urgency": draft.urgency.value,
        "title": title,
        "words": draft.words.strip(),
        "scenario": draft.scenario,
        "stake": draft.stake.value if draft.stake else None,
        "said_by": draft.said_by,
        "hide_customer": draft.hide_customer,
        "permalink": draft.permalink,
        "private_source": draft.private_source,
        "filed_by": actor.user_id,
        "filed_at": now,
    }
    feedback_store.add(session, actor.team_id, number, **facts)
    filed = Feedback(team_id=actor.team_id, number=number, **facts)
    letters = [news.card(number), news.receipt(filed, priority=news.TO_THE_ACTOR)]
    outbox.put(session, actor.team_id, letters, now)


def undo(session: Session, actor: Actor, number: int, now: datetime) -> None:
    """Withdraw feedback just filed; its vote closes when nobody else asked for the requirement.

    Raises Refused: not the filer, too late, withdrawn already, or decided already.
    """
    item = standing(feedback_store.lock(session, actor.team_id, number), number)
    if item.filed_by != actor.user_id:
        raise Refused("refused.filer_only")
    if now - item.filed_at > UNDO_WINDOW:
        raise Refused("refused.undo_late", seconds=int(UNDO_WINDOW.total_seconds()))
    if item.state == State.ANSWERED:
        raise Refused("refused.answered")
    take_back(session, item, actor.user_id, now, even_decided=False)
    letters = [news.card(number), news.receipt(item, priority=news.TO_THE_ACTOR)]
    outbox.put(session, actor.team_id, letters, now)


def take_back(session: Session, item: Feedback, by: str, now: datetime, *, even_decided: bool) -> int:
    """Withdraw feedback whose lock we hold, and its undecided requirement with it when nobody else asks for that.

    A decided requirement stays; without `even_decided` that is refused. Return the number of the change.
    """
    feedback_store.change(session, item.team_id, item.number, state=State.WITHDRAWN.value)
    if item.requirement is not None:
        _leave_requirement(session, item, item.requirement, now, even_decided=even_decided)
    return changes.add(session, item.team_id, f"F-{item.number}", "withdrawn", by=by, before={}, now=now)


def _leave_requirement(session: Session, item: Feedback, number: int, now: datetime, *, even_decided: bool) -> None:
    requirement = requirement_store.lock(session, item.team_id, number)
    if requirement is None or feedback_store.of_requirement(session, item.team_id, number):
        votes.go_on(session, item.team_id, number, policy_store.load(session, item.team_id), now)
        return  # others still ask for it; nothing asked about ours holds their vote up any more
    if requirement.status not in {Status.NEW, Status.IN_REVIEW}:
        if even_decided:
            return
        raise Refused("refused.undo_decided")
    vote = vote_store.latest(session, item.team_id, number)
    if vote is not None:
        vote_store.close(session, vote, Result.WITHDRAWN, now)
    requirement_store.withdraw(session, item.team_id, number, now)


def answer(session: Session, actor: Actor, number: int, words: str, now: datetime, *, key: str) -> bool:
    """Answer a question, complaint or praise; the answer goes to the filer's thread. False when taken before."""
    policy = policy_store.load(session, actor.team_id)
    check_team(actor, policy)
    text = _text(words, field="answer")
    if not seen.first_time(session, actor.team_id, key, now):
        return False
    item = standing(feedback_store.lock(session, actor.team_id, number), number)
    if item.requirement is not None:
        raise Refused("refused.answer_requirement", requirement=item.requirement)
    if item.state == State.ANSWERED:
        raise Refused("refused.answered")
    facts = {"state": State.ANSWERED.value, "answer": text, "answered_by": actor.user_id, "answered_at": now}
    feedback_store.change(session, actor.team_id, number, **facts)
    news.tell(
        session,
        actor.team_id,
        [item],
        "answer",
        number,
        by=actor.user_id,
        policy=policy,
        now=now,
        also=[news.card(number)],
    )
    return True


def make_requirement(session: Session, actor: Actor, number: int, now: datetime) -> int:
    """Make a requirement of feedback that had none, and open its vote; return its number. An open question holds it."""
    policy = policy_store.load(session, actor.team_id)
    item = standing(feedback_store.lock(session, actor.team_id, number), number)
    if item.filed_by != actor.user_id:
        check_team(actor, policy)
    if item.requirement is not None:
        raise Refused("refused.already_requirement", requirement=item.requirement)
    requirement = requirement_store.next_number(session, actor.team_id)
    requirements.create(
        session,
        actor.team_id,
        requirement,
        title=item.title,
        origin=number,
        filer=item.filed_by,
        policy=policy,
        now=now,
    )
    feedback_store.change(session, actor.team_id, number, requirement=requirement, state=State.OPEN.value)
    if feedback_store.unanswered(session, actor.team_id, requirement):
        hold_up(session, actor.team_id, requirement, policy, now)
    news.tell(
        session,
        actor.team_id,
        [item],
        "requirement",
        requirement,
        by=actor.user_id,
        policy=policy,
        now=now,
        also=[news.card(number)],
    )
    return requirement


def ask(session: Session, actor: Actor, number: int, words: str, now: datetime, *, key: str) -> bool:
    """Ask the filer something; the question goes to their thread, and the vote waits. False when taken before."""
    policy = policy_store.load(session, actor.team_id)
    check_team(actor, policy)
    text = _text(words, field="question")
    if not seen.first_time(session, actor.team_id, key, now):
        return False
    item = standing(feedback_store.lock(session, actor.team_id, number), number)
    if item.filed_by == actor.user_id:
        raise Refused("refused.ask_yourself")
    follow_up_at = policy.workspace.calendar.deadline(now, FOLLOW_UP_DAYS)
    question = feedback_store.ask(session, actor.team_id, number, text, actor.user_id, now, follow_up_at)
    if item.requirement is not None:
        hold_up(session, actor.team_id, item.requirement, policy, now)
    news.tell(
        session,
        actor.team_id,
        [item],
        "question",
        question,
        by=actor.user_id,
        policy=policy,
        now=now,
        also=[news.card(number)],
    )
    return True


def hold_up(session: Session, team_id: str, requirement: int, policy: Policy, now: datetime) -> None:
    """Let the vote wait for answers. What it waits for is followed up, also what was given up while nothing waited."""
    if votes.wait_for_answer(session, team_id, requirement, now):
        at = policy.workspace.calendar.deadline(now, FOLLOW_UP_DAYS)
        feedback_store.follow_up_again(session, team_id, requirement, at)


def answer_question(session: Session, actor: Actor, number: int, words: str, now: datetime, *, key: str) -> bool:
    """Answer a question as its filer; the answer goes to the card's thread. False when taken before."""
    text = _text(words, field="answer")
    if not seen.first_time(session, actor.team_id, key, now):
        return False
    question = feedback_store.question(session, actor.team_id, number)
    if question is None:
        raise Refused("refused.unknown_question")
    item = standing(feedback_store.get(session, actor.team_id, question.feedback), question.feedback)
    if item.filed_by != actor.user_id:
        raise Refused("refused.filer_only")
    if not feedback_store.answer_question(session, actor.team_id, number, text, actor.user_id, now):
        raise Refused("refused.answered")
    if item.requirement is not None:
        votes.go_on(session, actor.team_id, item.requirement, policy_store.load(session, actor.team_id), now)
    letters = [news.thread_note(item.number, number), news.receipt(item), news.card(item.number)]
    outbox.put(session, actor.team_id, letters, now)
    return True


def follow_up(session: Session, team_id: str, number: int, now: datetime) -> bool:
    """Remind the filer of a question that waits; the second time, tell the managers. False when nobody need hear."""
    question = feedback_store.question(session, team_id, number)
    if question is None or question.follow_up_at is None or question.follow_up_at > now:
        return False
    policy = policy_store.load(session, team_id)
    item = feedback_store.get(session, team_id, question.feedback)
    matters = item is not None and question.answer is None and _is_awaited(session, item)
    once_more = policy.workspace.calendar.deadline(now, FOLLOW_UP_DAYS)
    next_at = once_more if matters and question.follow_ups == 0 else None
    if not feedback_store.followed_up(session, question, next_at) or item is None or not matters:
        return False
    if next_at is not None:
        news.tell(session, team_id, [item], "chase", number, by=None, policy=policy, now=now)
    else:
        managers = news.in_charge(session, team_id, policy, but=item.filed_by)
        news.inform(session, team_id, managers, item, "unanswered", number, by=None, policy=policy, now=now)
    return True


def _is_awaited(session: Session, item: Feedback) -> bool:
    """Say whether an answer would still serve: the feedback is open, and nothing was decided."""
    if item.requirement is None:
        return item.state == State.OPEN
    requirement = requirement_store.get(session, item.team_id, item.requirement)
    undecided = requirement is not None and requirement.status in {Status.NEW, Status.IN_REVIEW}
    return undecided and item.state != State.WITHDRAWN


def standing(item: Feedback | None, number: int) -> Feedback:
    """Return the feedback if it exists and was not withdrawn; else raise Refused."""
    if item is None:
        raise Refused("refused.unknown_feedback", number=number)
    if item.state == State.WITHDRAWN:
        raise Refused("refused.withdrawn")
    return item


def check_team(actor: Actor, policy: Policy) -> None:
    """Raise Refused for anyone but reviewers and managers."""
    if not (policy.is_reviewer(actor.user_id) or policy.is_manager(actor.user_id)):
        raise Refused("refused.team_only")


def _text(words: str, field: str) -> str:
    text = words.strip()
    if not text:
        raise Refused("refused.text_empty", field=field)
    if len(text) > WORDS_MAX:
        raise Refused("refused.too_long", field=field, longest=WORDS_MAX, length=len(text))
    return text
