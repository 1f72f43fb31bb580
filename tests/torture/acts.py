"""What people do, as acts that the services and the model both understand."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.domain.feedback import Draft, Kind
from bot.domain.people import Actor
from bot.domain.refusals import Refused
from bot.domain.requirements import Change, Status
from bot.domain.votes import Choice
from bot.policy import PolicyError
from bot.services import feedback, policy, records, requirements, votes
from storage import feedback as feedback_store
from storage.db import Database
from storage.requirements import Requirement
from tests.torture.memory import Act

Service = Callable[[Session, Actor, Act, datetime], Any]


def file(session: Session, actor: Actor, act: Act, now: datetime) -> int | None:
    draft = Draft(words=act.facts["words"], kind=Kind(act.facts["kind"]), customer_name="Acme")
    return feedback.file(session, actor, draft, now, key=act.key)


def _ask_too(session: Session, actor: Actor, act: Act, _now: datetime) -> None:
    """What merging will do one day."""
    number, requirement = act.facts["number"], act.facts["requirement"]
    wanted = session.get(Requirement, (actor.team_id, requirement))
    item = feedback_store.lock(session, actor.team_id, number)
    if wanted and item and wanted.withdrawn_at is None and item.requirement is None and item.state == "open":
        feedback_store.change(session, actor.team_id, number, requirement=requirement)


def _edit_feedback(session: Session, actor: Actor, act: Act, now: datetime) -> bool:
    number, draft = act.facts["number"], Draft(words=act.facts["words"], customer_name="Acme")
    return records.edit_feedback(session, actor, number, draft, now, key=act.key, seen_changes=act.facts["seen"])


def _edit_requirement(session: Session, actor: Actor, act: Act, now: datetime) -> bool:
    number, title, seen = act.facts["requirement"], act.facts["title"], act.facts["seen"]
    return records.edit_requirement(session, actor, number, title, None, now, key=act.key, seen_changes=seen)


def vote(session: Session, actor: Actor, act: Act, now: datetime) -> tuple[str, str | None]:
    facts = act.facts
    cast = votes.cast(session, actor, facts["requirement"], Choice(facts["choice"]), float(facts["at"]), now)
    return cast.choice.value, cast.result.value if cast.result else None


def change(session: Session, actor: Actor, act: Act, now: datetime) -> bool:
    to = Status(act.facts["to"])
    reason = {Status.DECLINED: "effort", Status.DEFERRED: "timing"}.get(to)
    wished = Change(to, reason=reason, sentence="As we said.")
    return requirements.change(session, actor, act.facts["requirement"], wished, now, key=act.key)


def _save(session: Session, actor: Actor, act: Act, now: datetime) -> bool:
    people = {"reviewers": list(act.facts["reviewers"]), "managers": ["UMARA"], "admins": ["UADA"]}
    tables: dict[str, Any] = {"vote": act.facts["vote"], "people": people}
    return policy.save(session, actor, tables, now, opened=act.facts["opened"], key=act.key) is not None


SERVICES: dict[str, Service] = {
    "file": file,
    "ask_too": _ask_too,
    "edit_feedback": _edit_feedback,
    "edit_requirement": _edit_requirement,
    "vote": vote,
    "change": change,
    "save": _save,
    "undo": lambda s, who, act, now: feedback.undo(s, who, act.facts["number"], now),
    "withdraw": lambda s, who, act, now: records.withdraw(s, who, act.facts["number"], now, key=act.key),
    "reopen": lambda s, who, act, now: records.reopen(s, who, act.facts["number"], now, key=act.key),
    "answer": lambda s, who, act, now: feedback.answer(s, who, act.facts["number"], act.key, now, key=act.key),
    "make_requirement": lambda s, who, act, now: feedback.make_requirement(s, who, act.facts["number"], now),
    "ask": lambda s, who, act, now: feedback.ask(s, who, act.facts["number"], "Which?", now, key=act.key),
    "answer_question": lambda s, who, act, now: feedback.answer_question(
        s, who, act.facts["question"], act.key, now, key=act.key
    ),
    "follow_up": lambda s, who, act, now: feedback.follow_up(s, who.team_id, act.facts["question"], now),
    "close_due": lambda s, who, act, now: votes.close_expired(s, who.team_id, act.facts["requirement"], now),
}


def done(database: Database, team_id: str, act: Act, now: datetime, services: dict[str, Service] | None = None) -> Any:
    """Do an act in a transaction; return what it comes to, or the key of the refusal."""
    service = (services or SERVICES)[act.name]
    try:
        with database.begin() as session:
            return service(session, Actor(team_id, act.by), act, now)
    except Refused as no:
        return no.key
    except policy.Overtaken:
        return "overtaken"
    except PolicyError:
        return "policy"
