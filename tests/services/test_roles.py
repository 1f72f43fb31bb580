"""Who may do what: every role against every action, checked where the action is done."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from bot.domain.feedback import Draft, Kind
from bot.domain.people import Actor
from bot.domain.refusals import Refused
from bot.domain.requirements import Change, Status
from bot.domain.votes import Choice
from bot.services import feedback, policy, requirements, votes
from tests import make
from tests.make import ADA, ALICE, BOB, MARA, MEILING, MONDAY, TEAM

ROLES = {
    "filer": ALICE,
    "stranger": MEILING,
    "reviewer": BOB,
    "manager": MARA,
    "admin": ADA,
    "reviewer elsewhere": Actor("T0OTHER", "UBOB"),
}

Action = Callable[[Session, Actor], object]

ACTIONS: dict[str, Action] = {
    "file": lambda session, who: feedback.file(
        session, who, Draft(words="A need.", customer_name="Acme"), MONDAY, key=make.form()
    ),
    "undo": lambda session, who: feedback.undo(session, who, 1, MONDAY),
    "answer": lambda session, who: feedback.answer(session, who, 2, "So.", MONDAY, key=make.form()),
    "make requirement": lambda session, who: feedback.make_requirement(session, who, 2, MONDAY),
    "ask": lambda session, who: feedback.ask(session, who, 1, "Which?", MONDAY, key=make.form()),
    "reply": lambda session, who: feedback.answer_question(session, who, 1, "This.", MONDAY, key=make.form()),
    "vote": lambda session, who: votes.cast(session, who, 1, Choice.APPROVE, 1.0, MONDAY),
    "say why": lambda session, who: votes.say_why(session, who, 1, "Because.", MONDAY),
    "move": lambda session, who: requirements.change(session, who, 1, Change(Status.ACCEPTED), MONDAY, key=make.form()),
    "send again": lambda session, who: policy.send_again(session, who, "triage", "not_in_channel", MONDAY),
}

MAY = {
    "file": {*ROLES},
    "undo": {"filer"},
    "answer": {"reviewer", "manager", "admin"},
    "make requirement": {"filer", "reviewer", "manager", "admin"},
    "ask": {"reviewer", "manager", "admin"},
    "reply": {"filer"},
    "vote": {"reviewer"},
    "say why": set(),  # nobody voted yet
    "move": {"manager", "admin"},
    "send again": {"admin"},
}


@pytest.fixture(autouse=True)
def _story(session: Session) -> None:
    """F-1 is a need under vote about which Q-1 was asked, F-2 a question; the other workspace has rules and no more."""
    make.rules(session)
    make.rules(session, "T0OTHER")
    make.file(session)
    make.file(session, "Can it?", kind=Kind.QUESTION)
    feedback.ask(session, MARA, 1, "Which format?", MONDAY, key=make.form())


def test_every_action_has_its_line_in_the_matrix() -> None:
    assert MAY.keys() == ACTIONS.keys()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", ACTIONS)
def test_people_act_by_role(session: Session, action: str, role: str) -> None:
    try:
        with session.begin_nested():
            ACTIONS[action](session, ROLES[role])
    except Refused:
        allowed = False
    else:
        allowed = True
    assert allowed == (role in MAY[action])


@pytest.mark.parametrize("action", sorted(set(ACTIONS) - {"file"}))
def test_the_same_person_id_elsewhere_is_somebody_else(session: Session, action: str) -> None:
    """Alice, Bob, Mara and Ada of another workspace can do nothing here, whatever they are there."""
    for user_id in ("UALICE", "UBOB", "UMARA"):
        with pytest.raises(Refused), session.begin_nested():
            ACTIONS[action](session, Actor("T0OTHER", user_id))
    assert make.requirement(session, team_id=TEAM).status == Status.IN_REVIEW


def test_roles_are_those_of_now_not_of_when_the_button_was_drawn(session: Session) -> None:
    make.rules(session, people={"reviewers": ["UDORA", "UEMIL"], "managers": [], "admins": []})
    for action, who in (("answer", BOB), ("ask", BOB), ("vote", BOB), ("move", MARA), ("move", ADA)):
        with pytest.raises(Refused), session.begin_nested():
            ACTIONS[action](session, who)
