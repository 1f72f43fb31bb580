"""The commands of those who run Needline: is it well, and what was not delivered."""

import json
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape
from rich.table import Table

from bot import config, logs, now, terminal
from bot.domain.findings import Finding
from bot.services import outbox as service
from storage import outbox_care, workspaces
from storage.db import Database
from storage.outbox import OPEN, OutboxRow

outbox_app = typer.Typer(help="See and mend what was not delivered.", no_args_is_help=True)

UNSETTLED = (*OPEN, "dead")
SHORT = 8
"""How much of a message's id is shown; any beginning that fits one message only is understood."""

BATCH = 500

State = Literal["waiting", "sending", "unknown", "retry", "dead", "sent", "superseded"]

_SIGNS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "broken": "[red bold]✗[/]"}
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Lane = Annotated[str | None, typer.Option(help="Only this lane: triage, review, or a person's id.")]


def doctor(*, as_json: _Json = False) -> None:
    """Look at everything Needline needs, and say what to do about what is wrong. Exits with 1 if anything is broken."""
    from bot import doctor as checks  # noqa: PLC0415 - imports Slack's packages, which most commands do without

    with terminal.plainly():
        settings = config.load()
        logs.set_up(settings.log_format, logging.ERROR)
        logs.keep_secret(*settings.secrets())
        findings = checks.examine(settings)
    count = sum(finding.condition == "broken" for finding in findings)
    if as_json:
        _print_json({"broken": count, "findings": [vars(finding) for finding in findings]})
    else:
        _tell(findings)
    raise typer.Exit(1 if count else 0)


def _tell(findings: Sequence[Finding]) -> None:
    screen = terminal.console()
    if not screen.is_terminal:
        for finding in findings:
            print(finding.condition, finding.check, finding.what, finding.do, sep="\t")
        return
    drawn = Table.grid(padding=(0, 2))
    for finding in findings:
        words = escape(finding.what) + (f"\n[bold]→ {escape(finding.do)}[/]" if finding.do else "")
        drawn.add_row(_SIGNS[finding.condition], finding.check, words)
    screen.print(drawn)
    screen.print(_verdict(findings))


def _verdict(findings: Sequence[Finding]) -> str:
    wrong = [finding.condition for finding in findings if finding.condition != "ok"]
    if not wrong:
        return "\n[green]All is well.[/]"
    return f"\n{wrong.count('broken')} broken, {wrong.count('warning')} to look at."


# -- the outbox


@outbox_app.command("list")
def outbox_list(
    *,
    state: Annotated[State | None, typer.Option(help="Only this state; by default all that was not delivered.")] = None,
    lane: _Lane = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the oldest first.")] = 200,
    as_json: _Json = False,
) -> None:
    """List messages: those under way, those that wait, and the dead, which need somebody."""
    with _delivery() as (database, _):
        states = [state] if state else UNSETTLED
        found = [row for _, row in _rows(database, states, lane, limit)][:limit]
    if as_json:
        _print_json([_facts(row) for row in found])
    elif found:
        terminal.show(_HEAD, [_cells(row) for row in found])
        if len(found) == limit:
            print(f"The oldest {limit}; --limit shows more.")
    else:
        print(f"No message is {state}{_of(lane)}." if state else f"Everything was delivered{_of(lane)}.")


@outbox_app.command("retry")
def outbox_retry(
    ids: Annotated[list[str] | None, typer.Argument(help="Beginnings of ids, as `list` shows them.")] = None,
    *,
    lane: Annotated[str | None, typer.Option(help="All dead messages of this lane.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All dead messages.")] = False,
) -> None:
    """Send dead messages again. What may have been shown before is looked for first, so nothing is shown twice."""
    if sum([bool(ids), lane is not None, everything]) != 1:
        raise terminal.mistake("Say which: ids of messages, or --lane, or --all.")
    with _delivery() as (database, moment):
        if ids:
            found = _named(database, ids, {"dead"}, "is not dead, so there is nothing to retry")
        else:
            found = _rows(database, ["dead"], lane)
        done = _each_batch(database, found, service.retry, moment)
    print(_counted(done, "is sent again", "are sent again") if done else f"No message is dead{_of(lane)}.")


@outbox_app.command("drop")
def outbox_drop(
    ids: Annotated[list[str], typer.Argument(help="Beginnings of ids, as `list` shows them.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Take messages out without sending them. They stay in the list as superseded, “dropped by operator”."""
    with _delivery() as (database, moment):
        may = {"waiting", "retry", "unknown", "dead"}
        found = _named(database, ids, may, "was sent or is under way, so it cannot be dropped")
        terminal.show(_HEAD, [_cells(row) for _, row in found])
        if not yes and not _agreed(len(found)):
            return
        done = _each_batch(database, found, service.drop, moment)
    print(_counted(done, "was dropped", "were dropped"))


def _agreed(count: int) -> bool:
    try:
        agreed = typer.confirm(f"Drop {'this message' if count == 1 else f'these {count} messages'} for good?")
    except typer.Abort:
        raise terminal.mistake("Nothing was dropped: nobody is here to answer. Say --yes.") from None
    if not agreed:
        print("Nothing was dropped.")
    return agreed


Found = list[tuple[str, OutboxRow]]
"""Workspaces and messages of theirs."""


@contextmanager
def _delivery() -> Iterator[tuple[Database, datetime]]:
    """Open the database for a command that needs no Slack; tell mistakes plainly."""
    with terminal.plainly():
        settings = config.load_database()
        logs.set_up(settings.log_format, logging.WARNING)
        database = terminal.existing(settings.database_url)
        clock = now.practice(settings.needline_clock_url) if settings.needline_clock_url else now.system
        try:
            yield database, clock()
        finally:
            database.close()


def _teams(database: Database) -> list[str]:
    with database.read() as session:
        return workspaces.known(session)


def _rows(database: Database, states: Collection[str], lane: str | None, limit: int | None = None) -> Found:
    found: Found = []
    for team_id in _teams(database):
        with database.read() as session:
            rows = outbox_care.rows(session, team_id, states, lane=lane, limit=limit)
        found += [(team_id, row) for row in rows]
    return found


def _named(database: Database, prefixes: Sequence[str], states: Collection[str], otherwise: str) -> Found:
    """Return the messages with these beginnings of ids. Nothing is done when one of them is not as it must be."""
    found = [_one(database, prefix) for prefix in dict.fromkeys(prefixes)]
    for _, row in found:
        if row.state not in states:
            raise terminal.mistake(f"{row.id[:SHORT]} is {row.state}: it {otherwise}.")
    return list({row.id: (team_id, row) for team_id, row in found}.values())


def _one(database: Database, prefix: str) -> tuple[str, OutboxRow]:
    found: Found = []
    for team_id in _teams(database):
        with database.read() as session:
            found += [(team_id, row) for row in outbox_care.beginning(session, team_id, prefix)]
    if not found or not prefix:
        raise terminal.mistake(f"No message has an id that begins with {prefix!r}.")
    if len(found) > 1:
        raise terminal.mistake(f"Several messages have ids that begin with {prefix!r}: write more of it.")
    return found[0]


def _each_batch(database: Database, found: Found, do: Callable[..., list[OutboxRow]], moment: datetime) -> int:
    """Do it in small transactions, so that a running bot hardly waits; return to how many messages it was done."""
    done = 0
    for team_id in sorted({team for team, _ in found}):
        ids = [row.id for team, row in found if team == team_id]
        for start in range(0, len(ids), BATCH):
            with database.begin() as session:
                done += len(do(session, team_id, ids[start : start + BATCH], moment))
    return done


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} message {one}." if count == 1 else f"{count} messages {many}."


def _of(lane: str | None) -> str:
    return f" in {lane}" if lane else ""


_HEAD = ("id", "state", "lane", "kind", "about", "due", "tries", "detail")


def _cells(row: OutboxRow) -> list[str]:
    due = f"{row.due_at:%Y-%m-%d %H:%M:%S} UTC"
    return [row.id[:SHORT], row.state, row.lane, row.kind, row.about, due, str(row.claim), row.detail or ""]


def _facts(row: OutboxRow) -> dict[str, Any]:
    moments = {name: getattr(row, name) for name in ("created_at", "due_at", "settled_at")}
    plain = {name: getattr(row, name) for name in ("id", "team_id", "state", "lane", "kind", "about", "detail")}
    return {**plain, "tries": row.claim, **{name: at.isoformat() if at else None for name, at in moments.items()}}


def _print_json(found: object) -> None:
    print(json.dumps(found, indent=2, ensure_ascii=False))
