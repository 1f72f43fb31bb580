"""The `needline` command. Mistakes are told in a sentence and exit with 2; what is broken exits with 1."""

import gc
import json
import logging
import signal
import sys
import threading
from collections.abc import Collection, Mapping
from contextlib import closing
from pathlib import Path
from typing import Annotated, Literal

import typer

from bot import config, keep, logs, now, operate
from bot.config import StartError
from bot.policy import Policy, PolicyError, parse
from bot.policy_words import Voice, by_whom, changed
from bot.services import policy as policy_service
from bot.terminal import plainly, progress
from storage import migrations, people
from storage import policy as policy_store
from storage import policy_log as log_store
from storage.db import Database
from storage.policy_log import PolicyChange

app = typer.Typer(
    help="Needline collects what clients need and closes the loop on it.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # they hold secrets
)
policy_app = typer.Typer(help="Show or change a workspace's settings.", no_args_is_help=True)
app.add_typer(policy_app, name="policy")
app.add_typer(operate.outbox_app, name="outbox")


def main() -> None:
    """Run the command line."""
    app()


@app.command()
def run() -> None:
    """Run the bot until it is told to stop."""
    gc.disable()  # nothing of what a start makes is garbage
    import uvicorn  # noqa: PLC0415 - only this command serves

    from bot.app import Needline  # noqa: PLC0415 - likewise
    from bot.serving import PortTakenError, check_port  # noqa: PLC0415 - likewise

    with plainly():
        settings = config.load()
        logs.set_up(settings.log_format)
        logs.keep_secret(*settings.secrets())
        try:
            check_port(settings.host, settings.port)
        except PortTakenError as error:
            raise StartError(f"{error} Set PORT to another, or stop who listens there.") from None
        needline = Needline(settings)
        gc.freeze()  # nor later: looking through it took 80 ms, in which nobody was answered
        gc.enable()
        for end in (signal.SIGTERM, signal.SIGINT):
            signal.signal(end, lambda *_: None)  # uvicorn shuts down on them, and raises them again when it is done
        uvicorn.run(
            needline.web,
            host=settings.host,
            port=settings.port,
            ws="none",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=10,
        )


@app.command()
def demo(
    *,
    story: Annotated[bool, typer.Option("--story", help="Play the whole loop, print it and stop.")] = False,
    record: Annotated[Path | None, typer.Option(help="Write pictures into a folder and stop.")] = None,
    socket: Annotated[bool, typer.Option("--socket", help="Connect the bot over Socket Mode.")] = False,
    port: Annotated[int, typer.Option(help="Where the practice workspace listens, on 127.0.0.1.")] = 8800,
) -> None:
    """Try Needline in the practice workspace, without a Slack account."""
    logs.set_up("console", level=logging.WARNING)
    if story:
        _play_story(_transport(socket=socket))
    elif record is not None:
        _take_pictures(record)
    else:
        _open_demo(port, _transport(socket=socket))


def _transport(*, socket: bool) -> Literal["http", "socket"]:
    return "socket" if socket else "http"


def _play_story(transport: Literal["http", "socket"]) -> None:
    from bot import chapters, story  # noqa: PLC0415 - the practice workspace is for the demo only

    try:
        took = story.play(print, transport)
    except chapters.MissingError as error:
        print(f"\n{error}", file=sys.stderr)
        raise typer.Exit(1) from None
    print(f"\nThe loop is closed. ({took:.0f} s)")


def _take_pictures(folder: Path) -> None:
    try:
        from bot import record  # noqa: PLC0415 - Playwright is there for developers only
    except ModuleNotFoundError:
        print("Pictures need the developers' packages: run `make setup`.", file=sys.stderr)
        raise typer.Exit(2) from None
    for path in record.record(folder):
        print(path)


def _open_demo(port: int, transport: Literal["http", "socket"]) -> None:
    from bot import demo as practice_demo  # noqa: PLC0415 - see _play_story
    from bot.serving import PortTakenError, check_port  # noqa: PLC0415 - likewise

    try:
        check_port("127.0.0.1", port)
    except PortTakenError as error:
        print(f"{error} Choose another: needline demo --port {port + 1}", file=sys.stderr)
        raise typer.Exit(2) from None
    print("Starting the practice workspace and living through four months of feedback …", flush=True)
    with practice_demo.team(port=port, transport=transport, start=practice_demo.long_ago()) as team:
        with progress("Living") as drawn:
            count = practice_demo.live_through(team, drawn)
        practice_demo.set_delivery(team, merge_s=5.0)
        print(practice_demo.welcome(team, count), flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("\nThe practice workspace is gone, with everything in it.")


@app.command()
def migrate() -> None:
    """Bring the database to this version's form. SQLite does it by itself at start."""
    with plainly():
        settings = config.load_database()
        logs.set_up(settings.log_format)
        with closing(Database(settings.database_url)) as database:
            before = migrations.revision(database)
            with progress("Migrating") as drawn:
                migrations.upgrade(database, drawn)
        print(f"The database is at revision {migrations.HEAD} (was {before or 'empty'}).")


app.command()(operate.doctor)
app.command()(keep.backup)
app.command()(keep.restore)


@policy_app.command("show")
def policy_show() -> None:
    """Print the settings in force, as JSON."""
    with plainly():
        database, team_id = _workspace()
        with database.read() as session:
            policy = policy_store.load(session, team_id)
        print(json.dumps(policy.model_dump(mode="json"), indent=2, ensure_ascii=False))


@policy_app.command("apply")
def policy_apply(file: Annotated[Path, typer.Argument(help="A TOML file; only the tables it names change.")]) -> None:
    """Change the settings to what a file says. Nothing changes when anything in it is wrong.

    What Slack says of the channels and people in it is told afterwards.
    """
    with plainly():
        tables = parse(_read(file))
        database, team_id = _workspace()
        with database.begin() as session:
            policy_service.apply(session, team_id, tables, by=policy_service.COMMAND_LINE, now=now.system())
            policy = policy_store.load(session, team_id)
        print(f"Changed: {', '.join(tables) or 'nothing'}.")
        _tell_what_slack_says(policy, tables)


def _tell_what_slack_says(policy: Policy, tables: Collection[str]) -> None:
    """A file is written by hand, so an id in it may be nobody's. It stays as written, and is told."""
    from bot import doctor  # noqa: PLC0415 - imports Slack's packages

    for finding in doctor.named(config.load(), policy, tables):
        print(f"But: {finding.what} {finding.do}", file=sys.stderr)


@policy_app.command("log")
def policy_log(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Say who changed which settings and when, the newest first."""
    with plainly():
        database, team_id = _workspace()
        with database.read() as session:
            changes = log_store.last(session, team_id)
            names = people.names(session, team_id, log_store.people_in(changes))
    if as_json:
        facts = [{name: getattr(change, name) for name in log_store.FACTS} for change in changes]
        print(json.dumps(facts, indent=2, ensure_ascii=False, default=str))
    else:
        print("\n".join(_told(change, names) for change in changes) or "Nothing was changed yet.")


def _told(change: PolicyChange, names: Mapping[str, str]) -> str:
    voice = Voice("en", lambda user_id: names.get(user_id, user_id), str)
    head = f"{change.at:%Y-%m-%d %H:%M} UTC  {by_whom(voice, change.by)}"
    return "\n".join([head, *(f"  {line}" for line in changed(voice, change.name, change.before, change.after))])


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise PolicyError(f"{file} cannot be read: {reason}.") from None


def _workspace() -> tuple[Database, str]:
    """Return the database and the workspace the token belongs to."""
    from bot.app import ready_database, who_are_we  # noqa: PLC0415 - imports Slack's packages

    settings = config.load()
    return ready_database(settings.database_url), who_are_we(settings).team_id


if __name__ == "__main__":
    main()
