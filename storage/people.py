"""People as Slack knows them: name, language, time zone. Refreshed by Slack's events and when they are new to us."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Boolean, Date, Index, String, bindparam, func, select, text, true, tuple_, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.i18n import FALLBACK
from storage.db import Base, table, upsert


class Person(Base):
    """A member of the workspace. `locale` is one of ours (en, zh_Hans); `im_channel` is our DM with them.

    `locale` is the language they chose (`chosen_locale`), else the one of their Slack (`slack_locale`).
    `summary` says when they want the weekly summary: changed (only when something did), always or never.
    `reminders`: whether they want to be reminded of votes. Their own quiet hours are wall times; without them the
    team's hold. They are away until `back_on` begins.
    """

    __tablename__ = "people"
    __table_args__ = (
        Index(
            "ix_people_away",
            "team_id",
            "back_on",
            sqlite_where=text("back_on IS NOT NULL"),
            postgresql_where=text("back_on IS NOT NULL"),
        ),
    )

    team_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    locale: Mapped[str] = mapped_column(String(20))
    timezone: Mapped[str] = mapped_column(String(64))
    deleted: Mapped[bool] = mapped_column(Boolean)
    im_channel: Mapped[str | None] = mapped_column(String(20))
    summary: Mapped[str] = mapped_column(String(20), server_default="changed")
    slack_locale: Mapped[str | None] = mapped_column(String(20))
    chosen_locale: Mapped[str | None] = mapped_column(String(20))
    quiet_start: Mapped[str | None] = mapped_column(String(5))
    quiet_end: Mapped[str | None] = mapped_column(String(5))
    quiet_weekends: Mapped[bool] = mapped_column(Boolean, server_default=true())
    back_on: Mapped[date | None] = mapped_column(Date)
    reminders: Mapped[bool] = mapped_column(Boolean, server_default=true())


@dataclass(frozen=True)
class Profile:
    """What Slack says of a person."""

    user_id: str
    name: str
    locale: str
    timezone: str = "UTC"
    deleted: bool = False


def get(session: Session, team_id: str, user_id: str) -> Person | None:
    """Return a person we know."""
    return session.scalars(_GET, {"team_id": team_id, "user_id": user_id}).one_or_none()


def get_all(session: Session, members: Collection[tuple[str, str]]) -> dict[tuple[str, str], Person]:
    """Return (workspace, id) -> person of those we know, of many workspaces at once."""
    if not members:
        return {}
    found = session.scalars(_GET_ALL, {"members": list(members)})
    return {(person.team_id, person.user_id): person for person in found}


def language(session: Session, team_id: str, user_id: str) -> str:
    """Return a person's language; English while we do not know them."""
    return known_language(session, team_id, user_id) or FALLBACK


def known_language(session: Session, team_id: str, user_id: str) -> str | None:
    """Return a person's language; None while we do not know them."""
    found: str | None = session.scalar(_LANGUAGE, {"team_id": team_id, "user_id": user_id})
    return found


def im_channel(session: Session, team_id: str, user_id: str) -> str | None:
    """Return our DM channel with a person, if we learnt it."""
    found: str | None = session.scalar(_IM, {"team_id": team_id, "user_id": user_id})
    return found


_KNOWN = table(Person).c
_THEM = (_KNOWN.team_id == bindparam("team_id"), _KNOWN.user_id == bindparam("user_id"))
_GET = select(Person).where(*_THEM)
_GET_ALL = select(Person).where(tuple_(_KNOWN.team_id, _KNOWN.user_id).in_(bindparam("members", expanding=True)))
_LANGUAGE = select(_KNOWN.locale).where(*_THEM)
_IM = select(_KNOWN.im_channel).where(*_THEM)


def names(session: Session, team_id: str, user_ids: set[str]) -> dict[str, str]:
    """Return user id -> name of those we know."""
    if not user_ids:
        return {}
    return dict(session.execute(_NAMES, {"team_id": team_id, "user_ids": list(user_ids)}).all())


def save(session: Session, team_id: str, profile: Profile) -> None:
    """Remember what Slack says of a person; the newest word wins, but for the language they chose here."""
    facts = {
        "name": profile.name,
        "slack_locale": profile.locale,
        "timezone": profile.timezone,
        "deleted": profile.deleted,
    }
    new = {"team_id": team_id, "user_id": profile.user_id, "locale": profile.locale, **facts}
    statement = upsert(session, Person).values(**new)
    changed = {**facts, "locale": func.coalesce(Person.chosen_locale, statement.excluded.locale)}
    session.execute(statement.on_conflict_do_update(index_elements=["team_id", "user_id"], set_=changed))


def remember_im(session: Session, team_id: str, user_id: str, channel: str) -> None:
    """Remember our DM channel with a person."""
    where = (Person.team_id == team_id, Person.user_id == user_id)
    session.execute(update(Person).where(*where).values(im_channel=channel))


def zones(session: Session, team_id: str) -> set[str]:
    """Return the time zones people live in, as Slack names them."""
    query = select(Person.timezone).where(Person.team_id == team_id, Person.deleted.is_(False)).distinct()
    return set(session.scalars(query))


def among(session: Session, team_id: str, user_ids: Collection[str]) -> dict[str, Person]:
    """Return user id -> person of those we know."""
    if not user_ids:
        return {}
    query = select(Person).where(Person.team_id == team_id, Person.user_id.in_(list(user_ids)))
    return {person.user_id: person for person in session.scalars(query)}


def gone(session: Session, team_id: str, user_ids: set[str]) -> set[str]:
    """Return who of these left the workspace."""
    if not user_ids:
        return set()
    return set(session.scalars(_GONE, {"team_id": team_id, "user_ids": list(user_ids)}))


def away(session: Session, team_id: str, user_ids: Collection[str], today: date) -> set[str]:
    """Return who of these is away on a day."""
    return set(user_ids).intersection(session.scalars(_AWAY, {"team_id": team_id, "today": today}))


_AMONG = (_KNOWN.team_id == bindparam("team_id"), _KNOWN.user_id.in_(bindparam("user_ids", expanding=True)))
_NAMES = select(_KNOWN.user_id, _KNOWN.name).where(*_AMONG)
_GONE = select(_KNOWN.user_id).where(*_AMONG, _KNOWN.deleted.is_(True))
_AWAY = select(_KNOWN.user_id).where(_KNOWN.team_id == bindparam("team_id"), _KNOWN.back_on > bindparam("today"))


def choose_summary(session: Session, team_id: str, user_id: str, wish: str) -> bool:
    """Remember when a person wants the weekly summary; False when we do not know them."""
    where = (Person.team_id == team_id, Person.user_id == user_id)
    chosen = update(table(Person)).where(*where).values(summary=wish).returning(table(Person).c.user_id)
    return session.execute(chosen).first() is not None


@dataclass(frozen=True)
class Wishes:
    """What a person wants for themselves.

    `language`: one of ours, None for Slack's. `quiet`: start, end and whether weekends count, None for the team's.
    `back_on`: the day they are back, None when they are here. `reminders`: of votes, None to leave it as it is.
    """

    summary: str
    language: str | None
    quiet: tuple[str, str, bool] | None
    back_on: date | None
    reminders: bool | None = None


def choose(session: Session, team_id: str, user_id: str, wishes: Wishes) -> bool:
    """Remember what a person wants for themselves; False when we do not know them."""
    start, end, weekends = wishes.quiet or (None, None, True)
    chosen = {
        "summary": wishes.summary,
        "chosen_locale": wishes.language,
        "locale": wishes.language or func.coalesce(Person.slack_locale, Person.locale),
        "quiet_start": start,
        "quiet_end": end,
        "quiet_weekends": weekends,
        "back_on": wishes.back_on,
        **({} if wishes.reminders is None else {"reminders": wishes.reminders}),
    }
    where = (Person.team_id == team_id, Person.user_id == user_id)
    done = update(table(Person)).where(*where).values(**chosen).returning(table(Person).c.user_id)
    return session.execute(done).first() is not None
