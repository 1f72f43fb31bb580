"""What lists show of many records, a line each, read at once: lists must not cost a query for every line."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Row, Select, and_, select
from sqlalchemy.orm import Session

from storage.customers import Customer
from storage.feedback import Feedback
from storage.requirements import Requirement


@dataclass(frozen=True)
class Line:
    """A piece of feedback, with the requirement it asks for if there is one. `hidden`: the customer's name is."""

    feedback: int
    requirement: int | None
    title: str
    customer: str
    hidden: bool
    filed_by: str
    state: str
    status: str | None

    @property
    def ref(self) -> str:
        """The number people call it by: R-7 if there is a requirement, else F-12."""
        return f"F-{self.feedback}" if self.requirement is None else f"R-{self.requirement}"


def of_feedback(session: Session, team_id: str, numbers: Collection[int]) -> dict[int, Line]:
    """Return feedback number -> line, with the title its filer gave it."""
    query = for_feedback(team_id).where(Feedback.number.in_(list(numbers)))
    return {row.feedback: Line(*row) for row in session.execute(query)}


def of_requirements(session: Session, team_id: str, numbers: Collection[int]) -> dict[int, Line]:
    """Return requirement number -> line, with the requirement's title and the feedback it came from."""
    query = for_requirements(team_id).where(Requirement.number.in_(list(numbers)))
    return {row.requirement: Line(*row) for row in session.execute(query)}


def for_feedback(team_id: str) -> Select[Any]:
    """Return the query for lines of feedback, to be narrowed, and widened by columns at its end; `line` reads it."""
    asked = and_(Requirement.team_id == Feedback.team_id, Requirement.number == Feedback.requirement)
    return _lines(team_id, Feedback.title).outerjoin(Requirement, asked)


def for_requirements(team_id: str) -> Select[Any]:
    """Return the query for lines of requirements, likewise."""
    came_from = and_(Requirement.team_id == Feedback.team_id, Requirement.origin == Feedback.number)
    return _lines(team_id, Requirement.title).join(Requirement, came_from)


def line(row: Row[Any]) -> Line:
    """Return the line a row of such a query begins with."""
    return Line(*row[: len(fields(Line))])


def _lines(team_id: str, title: Any) -> Select[Any]:
    return (
        select(
            Feedback.number.label("feedback"),
            Requirement.number.label("requirement"),
            title,
            Customer.name,
            Feedback.hide_customer,
            Feedback.filed_by,
            Feedback.state,
            Requirement.status,
        )
        .select_from(Feedback)
        .join(Customer, and_(Customer.team_id == Feedback.team_id, Customer.id == Feedback.customer_id))
        .where(Feedback.team_id == team_id)
    )
