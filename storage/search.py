"""Finding feedback by words in it, its customer's name, its requirement's title, and numbers.

Letters match whatever their case, in any script: SQLite's `lower` is ours (storage/db.py), PostgreSQL's knows the
letters of its database's locale.
"""

import re
from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from bot.domain.feedback import State
from storage.customers import Customer
from storage.feedback import Feedback
from storage.requirements import Requirement

Found = tuple[Feedback, Customer, Requirement | None]
Text = InstrumentedAttribute[str]

_REFERENCE = re.compile(r"([RF])-?(\d{1,9})", re.IGNORECASE)


def find(
    session: Session, team_id: str, words: Sequence[str], viewer: str, limit: int, *, sees_hidden: bool
) -> tuple[list[Found], int]:
    """Return the newest feedback that has all the words, and how much there is in all; withdrawn is left out.

    A hidden customer's name only matches for its filer, and for those who may see all hidden names.
    """
    has_all = [_has(word, viewer, sees_hidden=sees_hidden) for word in words]
    where = and_(Feedback.team_id == team_id, Feedback.state != State.WITHDRAWN.value, *has_all)
    query = (
        select(Feedback, Customer, Requirement, func.count().over())
        .join(Customer, and_(Customer.team_id == Feedback.team_id, Customer.id == Feedback.customer_id))
        .outerjoin(
            Requirement, and_(Requirement.team_id == Feedback.team_id, Requirement.number == Feedback.requirement)
        )
        .where(where)
        .order_by(Feedback.filed_at.desc(), Feedback.number.desc())
        .limit(limit)
    )
    rows = session.execute(query).all()
    return [(item, customer, requirement) for item, customer, requirement, _ in rows], rows[0][3] if rows else 0


def _has(word: str, viewer: str, *, sees_hidden: bool) -> ColumnElement[bool]:
    """One word: somewhere in what the viewer may read of the feedback, or a number exactly."""
    named = _contains(Customer.name, word)
    if not sees_hidden:
        named = and_(named, or_(Feedback.hide_customer.is_(False), Feedback.filed_by == viewer))
    texts = [_contains(column, word) for column in (Feedback.title, Feedback.words, Requirement.title)]
    return or_(*texts, named, *_numbered(word))


def _contains(column: Text, word: str) -> ColumnElement[bool]:
    """Both sides are folded by the database, so that they are folded alike; `%` and `_` mean themselves."""
    literal = word.replace("/", "//").replace("%", "/%").replace("_", "/_")
    return func.lower(column).contains(func.lower(literal), escape="/")


def _numbered(word: str) -> list[ColumnElement[bool]]:
    reference = _REFERENCE.fullmatch(word)
    if reference is None:
        return []
    column = Feedback.requirement if reference[1].upper() == "R" else Feedback.number
    return [column == int(reference[2])]
