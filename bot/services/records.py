"""The life of a record after it was made: edit, withdraw, reopen; every change is kept, with what it was before."""

from datetime import datetime

from sqlalchemy.orm import Session

from bot.domain import requirements as requirement_rules
from bot.domain.feedback import Draft, State, title_from
from bot.domain.people import Actor
from bot.domain.refusals import Refused
from bot.domain.requirements import Status
from bot.domain.votes import WHY_MAX
from bot.policy import Policy
from bot.services import feedback as feedback_service
from bot.services import news, votes
from storage import changes, outbox, seen
from storage import feedback as feedback_store
from storage import policy as policy_store
from storage import requirements as requirement_store
from storage import votes as vote_store
from storage.feedback import Feedback
from storage.outbox import Letter
from storage.requirements import Requirement


def edit_feedback(
    session: Session, actor: Actor, number: int, wished: Draft, now: datetime, *, key: str, seen_changes: int
) -> bool:
    """Change feedback as its filer, who saw it after `seen_changes` changes; kind and source stay as they are.

    Without a title of its own it is called by its first sentence. Who voted on other words is told. False when this
    form was taken before. Raises Refused: not the filer, withdrawn, answered, edited meanwhile, a field wrong.
    """
    wished.check()
    if not seen.first_time(session, actor.team_id, key, now):
        return False
    item = _editable(feedback_store.lock(session, actor.team_id, number), actor, number)
    _check_newest(session, actor.team_id, f"F-{number}", seen_changes, field="words")
    after = _columns(session, actor, wished, now)
    before = {name: old for name in after if (old := getattr(item, name)) != after[name]}
    if before:
        feedback_store.change(session, actor.team_id, number, **{name: after[name] for name in before})
        _write_edit(session, actor, item, before, str(after["title"]), now)
    return True


def _editable(found: Feedback | None, actor: Actor, number: int) -> Feedback:
    if found is None:
        raise Refused("refused.unknown_feedback", number=number)
    if found.filed_by != actor.user_id:
        raise Refused("refused.filer_only")
    if found.state != State.OPEN:
        raise Refused(f"refused.edit_{found.state}")
    return found


def _check_newest(session: Session, team_id: str, about: str, seen_changes: int, field: str) -> None:
    if len(changes.of(session, team_id, about)) != seen_changes:
        raise Refused("refused.edited_meanwhile", field=field)


def _columns(session: Session, actor: Actor, wished: Draft, now: datetime) -> dict[str, object]:
    """Return the columns of feedback that an edit may change, as they are wished."""
    return {
        "words": wished.words.strip(),
        "title": (wished.title or "").strip() or title_from(wished.words),
        "customer_id": feedback_service.customer_of(session, actor, wished, now),
        "urgency": wished.urgency.value,
        "scenario": wished.scenario,
        "stake": wished.stake.value if wished.stake else None,
        "said_by": wished.said_by,
        "hide_customer": wished.hide_customer,
    }


def _write_edit(
    session: Session, actor: Actor, item: Feedback, before: dict[str, object], title: str, now: datetime
) -> None:
    """Keep what it was, let the requirement's title follow, redraw card and receipt, tell the voters."""
    change = _write(session, actor, f"F-{item.number}", "edited", before, now)
    requirement = None
    if item.requirement is not None:
        requirement = requirement_store.lock(session, item.team_id, item.requirement)
    if requirement is not None and _is_called_after(requirement, item, before):
        _write(session, actor, f"R-{requirement.number}", "edited", {"title": requirement.title}, now)
        requirement_store.change(session, item.team_id, requirement.number, title=title)
    news.inform(
        session,
        item.team_id,
        _voters(session, requirement) if requirement is not None and "words" in before else (),
        item,
        "edited",
        change,
        by=actor.user_id,
        policy=policy_store.load(session, item.team_id),
        now=now,
        also=[news.card(item.number), news.receipt(item, priority=news.TO_THE_ACTOR)],
    )


def _is_called_after(requirement: Requirement, item: Feedback, before: dict[str, object]) -> bool:
    """Say whether a requirement still has the title of the feedback it came from, which was changed just now."""
    return requirement.origin == item.number and requirement.title == before.get("title")


def _voters(session: Session, requirement: Requirement) -> set[str]:
    """Return who has voted in the open round; nobody when it is closed."""
    vote = vote_store.latest(session, requirement.team_id, requirement.number)
    if vote is None or vote.closed_at is not None:
        return set()
    return {ballot.user_id for ballot in vote_store.ballots(session, vote)}


def _write(session: Session, actor: Actor, about: str, what: str, before: dict[str, object], now: datetime) -> int:
    return changes.add(session, actor.team_id, about, what, by=actor.user_id, before=before, now=now)


def edit_requirement(
    session: Session,
    actor: Actor,
    number: int,
    title: str,
    description: str | None,
    now: datetime,
    *,
    key: str,
    seen_changes: int,
) -> bool:
    """Change title and description of a requirement, as a manager who saw it after `seen_changes` changes.

    False when this form was taken before. Raises Refused: not a manager, unknown, withdrawn, edited meanwhile, a field
    wrong.
    """
    if not policy_store.load(session, actor.team_id).is_manager(actor.user_id):
        raise Refused("refused.edit_managers_only")
    wished, described = requirement_rules.check_edit(title, description)
    if not seen.first_time(session, actor.team_id, key, now):
        return False
    requirement = votes.standing(requirement_store.lock(session, actor.team_id, number), number)
    _check_newest(session, actor.team_id, f"R-{number}", seen_changes, field="title")
    after = {"title": wished, "description": described}
    before = {name: old for name in after if (old := getattr(requirement, name)) != after[name]}
    if before:
        _write(session, actor, f"R-{number}", "edited", before, now)
        requirement_store.change(session, actor.team_id, number, **after)
        outbox.put(session, actor.team_id, [news.card(requirement.origin)], now)
    return True


def withdraw(session: Session, actor: Actor, number: int, now: datetime, *, key: str) -> bool:
    """Withdraw feedback as its filer or a manager, at any time. False when this press was taken before.

    Its requirement is withdrawn too when nobody else asks for it and nothing was decided. Raises Refused: neither filer
    nor manager, unknown, withdrawn already, answered.
    """
    policy = policy_store.load(session, actor.team_id)
    if not seen.first_time(session, actor.team_id, key, now):
        return False
    item = feedback_service.standing(feedback_store.lock(session, actor.team_id, number), number)
    _check_filer_or_manager(actor, item, policy)
    if item.state == State.ANSWERED:
        raise Refused("refused.answered")
    change = feedback_service.take_back(session, item, actor.user_id, now, even_decided=True)
    _tell_filer(session, actor, item, "withdrawn", change, policy, now)
    return True


def _check_filer_or_manager(actor: Actor, item: Feedback, policy: Policy) -> None:
    if item.filed_by != actor.user_id and not policy.is_manager(actor.user_id):
        raise Refused("refused.filer_or_manager")


def _tell_filer(
    session: Session,
    actor: Actor,
    item: Feedback,
    kind: str,
    change: int,
    policy: Policy,
    now: datetime,
    *further: Letter,
) -> None:
    """Redraw card and receipt, and tell the filer when it was somebody else."""
    also = [news.card(item.number), news.receipt(item, priority=news.TO_THE_ACTOR), *further]
    by = actor.user_id
    news.inform(session, item.team_id, [item.filed_by], item, kind, change, by=by, policy=policy, now=now, also=also)


def reopen(session: Session, actor: Actor, number: int, now: datetime, *, key: str, why: str | None = None) -> bool:
    """Take up again what was withdrawn (its filer or a manager) or answered (its filer, who may say why).

    A requirement withdrawn with it is voted on anew. False when this form was taken before. Raises Refused: unknown,
    open, neither filer nor manager, not the filer, too long.
    """
    said = _why(why)
    policy = policy_store.load(session, actor.team_id)
    if not seen.first_time(session, actor.team_id, key, now):
        return False
    item = feedback_store.lock(session, actor.team_id, number)
    if item is None:
        raise Refused("refused.unknown_feedback", number=number)
    if item.state == State.OPEN:
        raise Refused("refused.open_already")
    if item.state == State.ANSWERED:
        _reopen_answered(session, actor, item, said, policy, now)
    else:
        _reopen_withdrawn(session, actor, item, policy, now)
    return True


def _why(why: str | None) -> str | None:
    text = (why or "").strip() or None
    if text is not None and len(text) > WHY_MAX:
        raise Refused("refused.too_long", field="why", longest=WHY_MAX, length=len(text))
    return text


def _reopen_answered(
    session: Session, actor: Actor, item: Feedback, why: str | None, policy: Policy, now: datetime
) -> None:
    """The answer did not settle it: it is kept in the history, and who gave it hears so in the card's thread."""
    if item.filed_by != actor.user_id:
        raise Refused("refused.filer_only")
    before: dict[str, object] = {"answer": item.answer, "answered_by": item.answered_by, "why": why}
    change = _write(session, actor, f"F-{item.number}", "reopened", before, now)
    fresh = {"state": State.OPEN.value, "answer": None, "answered_by": None, "answered_at": None}
    feedback_store.change(session, item.team_id, item.number, **fresh)
    note = news.reopened_note(item.number, change)
    _tell_filer(session, actor, item, "reopened", change, policy, now, note)


def _reopen_withdrawn(session: Session, actor: Actor, item: Feedback, policy: Policy, now: datetime) -> None:
    _check_filer_or_manager(actor, item, policy)
    change = _write(session, actor, f"F-{item.number}", "reopened", {}, now)
    feedback_store.change(session, item.team_id, item.number, state=State.OPEN.value)
    if item.requirement is not None:
        _ask_again(session, item, item.requirement, policy, now)
    _tell_filer(session, actor, item, "reopened", change, policy, now)


def _ask_again(session: Session, item: Feedback, number: int, policy: Policy, now: datetime) -> None:
    """Bring back a requirement withdrawn with its feedback, with a new vote; an open question holds the vote up."""
    requirement = requirement_store.lock(session, item.team_id, number)
    if requirement is None:
        return
    if requirement.withdrawn_at is not None:
        requirement_store.change(session, item.team_id, number, withdrawn_at=None)
        if requirement.status in {Status.NEW, Status.IN_REVIEW}:
            votes.open_round(session, item.team_id, number, policy, now, filers={item.filed_by})
    if feedback_store.unanswered(session, item.team_id, number):
        feedback_service.hold_up(session, item.team_id, number, policy, now)
