"""A newcomer with a fresh clone, the start page and Home, and nothing else: no policy file, nobody to ask."""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.i18n import say
from practice import gestures
from practice.handles import Message
from practice.people import Person
from practice.workspace import Workspace
from tests import bot

START = "docs/start.md"
SHIM = """#!{python}
import sys
sys.path.insert(0, {clone!r})
from bot.cli import main
main()
"""


@dataclass(frozen=True)
class Newcomer:
    """What somebody has who begins: a clone, a page to read, and a Slack workspace to try it in."""

    clone: Path
    ws: Workspace

    @property
    def page(self) -> str:
        return (self.clone / START).read_text(encoding="utf-8")

    def blocks(self) -> list[str]:
        """Return what the page has to be typed into a file or a terminal."""
        return re.findall(r"^```sh\n(.*?)^```", self.page, re.DOTALL | re.MULTILINE)

    def named(self, label: str) -> str:
        """Return a button or a field that the page names: nothing else is pressed or filled here."""
        assert re.search(rf"\*{re.escape(label)}\*", self.page), f"the page does not name {label}"
        return label

    def log(self) -> str:
        return (self.clone / "log").read_text(encoding="utf-8")


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    clone = tmp_path / "needline"
    _fresh_clone(clone)
    manifest = (clone / "manifest.json").read_text(encoding="utf-8")
    mine = clone / "my-manifest.json"
    mine.write_text(manifest.replace('"socket_mode_enabled": false', '"socket_mode_enabled": true'), encoding="utf-8")
    with Workspace(mine) as ws:
        yield Newcomer(clone, ws)
        assert ws.problems == []


def _fresh_clone(clone: Path) -> None:
    """Clone the working copy as committed, whoever owns its files; without git, as in an archive, copy it."""
    if not (bot.ROOT / ".git").exists():
        shutil.copytree(bot.ROOT, clone, ignore=shutil.ignore_patterns(".*", "*.db*", "__pycache__"))
        return
    config = clone.parent / "gitconfig"
    config.write_text("[safe]\n\tdirectory = *\n", encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": str(config)}
    words = ["git", "clone", "--quiet", bot.ROOT, clone]
    subprocess.run(words, env=environment, capture_output=True, check=True, timeout=60)


def _as_if_set_up(clone: Path) -> None:
    """Stand in for `make setup`, which every run of the tests begins with: the same packages, the clone's own code."""
    command = clone / ".venv" / "bin" / "needline"
    command.parent.mkdir(parents=True)
    command.write_text(SHIM.format(python=sys.executable, clone=str(clone)), encoding="utf-8")
    command.chmod(0o755)
    (clone / ".venv" / ".ready").touch()


def _write_secrets(newcomer: Newcomer, block: str) -> None:
    """Write `.env` as the page shows it, the dots filled in. Where Slack and a free port are is all that is added."""
    values = {"SLACK_BOT_TOKEN": newcomer.ws.bot_token, "SLACK_APP_TOKEN": newcomer.ws.app_token}
    names = re.findall(r"^([A-Z_]+)=", block, re.MULTILINE)
    assert sorted(names) == sorted(values)
    with socket.create_server(("127.0.0.1", 0)) as free:
        here = {"SLACK_API_URL": newcomer.ws.api_url, "PORT": str(free.getsockname()[1])}
    lines = [f"{name}={value}" for name, value in {**values, **here}.items()]
    (newcomer.clone / ".env").write_text("\n".join(lines), encoding="utf-8")


@contextmanager
def _typed(newcomer: Newcomer, command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Type a command in the clone's folder, with an environment that says nothing of Needline; end it in the end."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(newcomer.clone.parent)}
    with (newcomer.clone / "log").open("wb") as log:
        running = subprocess.Popen(
            shlex.split(command), cwd=newcomer.clone, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield running
    finally:
        os.killpg(running.pid, signal.SIGTERM)
        running.wait(timeout=20)


def _until_logged(newcomer: Newcomer, running: subprocess.Popen[bytes], *words: str) -> None:
    deadline = time.monotonic() + 30
    while not all(word in newcomer.log() for word in words):
        assert running.poll() is None, newcomer.log()
        assert time.monotonic() < deadline, newcomer.log()
        time.sleep(0.05)


def test_from_a_fresh_clone_to_a_closed_loop_with_the_page_and_home_alone(newcomer: Newcomer) -> None:
    secrets, run = newcomer.blocks()
    _as_if_set_up(newcomer.clone)
    _write_secrets(newcomer, secrets)
    with _typed(newcomer, run.strip()) as running:
        _until_logged(newcomer, running, "started", "socket.open")
        me, colleague = newcomer.ws.person("Me", is_admin=True), newcomer.ws.person("Colleague")
        assert me.sends("/feedback help").text.startswith("How to use /feedback")
        _set_up(newcomer, me, colleague)
        _without_waiting(newcomer, me)
        _close_the_loop(newcomer, me, colleague)
        _is_well(newcomer)


def _home_says(newcomer: Newcomer, person: Person, words: str) -> None:
    newcomer.ws.eventually(lambda: person.home and words in person.home.text(), what=words)


def _step(newcomer: Newcomer, person: Person, title: str) -> None:
    """Open the form of the next step by its button in Home."""
    assert person.home
    person.presses(newcomer.named("Choose"), on=person.home)
    assert person.modal
    assert person.modal.title == title
    assert f"**{title}.**" in newcomer.page


def _set_up(newcomer: Newcomer, me: Person, colleague: Person) -> None:
    triage = newcomer.ws.channel("client-triage", members=[me, colleague])
    assert me.opens_home()
    _home_says(newcomer, me, "Three steps")
    _step(newcomer, me, "Triage channel")
    me.picks("Triage channel", triage)
    assert me.submits().closed
    _home_says(newcomer, me, "I am not in #client-triage yet")
    assert "`/invite @Needline`" in newcomer.page
    newcomer.ws.invite_bot(triage)
    me.presses(newcomer.named("Check again"), on=me.home)
    _home_says(newcomer, me, "1. Triage channel: done")
    _step(newcomer, me, "People")
    me.picks(newcomer.named("Managers"), me)
    me.picks(newcomer.named("Product"), colleague)
    assert me.submits().closed
    _home_says(newcomer, me, "2. People: done")
    _step(newcomer, me, "Review meeting")
    assert me.submits().closed
    _home_says(newcomer, me, "Needline is set up.")


def _without_waiting(newcomer: Newcomer, me: Person) -> None:
    """Let news come at once, and at any hour, as one can in Home: this may be run at night."""
    me.presses(newcomer.named("Settings"), on=me.home)
    assert me.modal
    edits = [block for block in me.modal.blocks if (block.get("accessory") or {}).get("action_id") == "settings_edit"]
    assert edits[-1]["accessory"]["value"] == "delivery"
    gestures.act(me._backend, me.user, me.modal.row, edits[-1]["accessory"] | {"block_id": edits[-1]["block_id"]})
    me.fills(say("en", "setting.delivery.merge_s"), "0")
    assert me.submits().ok
    me.closes(everything=True)
    me.presses(newcomer.named("Your settings"), on=me.home)
    me.picks("Quiet hours", "My own, as below")
    for name in ("From", "Until"):
        me.picks_date(name, "00:00")
    me.unpicks("Days off")
    assert me.submits().closed


def _close_the_loop(newcomer: Newcomer, me: Person, colleague: Person) -> None:
    (command,) = re.findall(r"`(/feedback They [^`]+)`", newcomer.page)
    me.sends(command)
    me.picks("Customer", next(offer for offer in me.options_for("Customer", "Acme") if offer.startswith("Add")))
    me.presses(newcomer.named("File"))
    card = newcomer.ws.eventually(lambda: _posted(colleague, "R-1"), what="the card")
    told = newcomer.ws.find("client-triage", containing="this channel for Needline")
    assert told.text.startswith("Me chose")
    colleague.presses(newcomer.named("Approve"), on=card)
    newcomer.ws.eventually(lambda: newcomer.named("Accepted") in card.text, what="the vote decides")
    _hears(newcomer, me, "Accepted")
    for status in ("Shipped", "Solved"):
        me.chooses(newcomer.named("Change status"), on=card)
        me.picks("New status", newcomer.named(status))
        assert me.submits().closed
        newcomer.ws.eventually(lambda status=status: status in card.text, what=status)
        if status == "Shipped":
            assert "tell the customer" in newcomer.page
            _hears(newcomer, me, "tell the customer")


def _posted(reader: Person, words: str) -> Message | None:
    return next((message for message in reader.sees("client-triage") if words in message.text), None)


def _hears(newcomer: Newcomer, me: Person, words: str) -> None:
    def heard() -> bool:
        everything = [text for top in me.dm() for text in (top, *top.replies)]
        return any(words in message.text for message in everything)

    newcomer.ws.eventually(heard, within=15, what=f"a message that says {words}")


def _is_well(newcomer: Newcomer) -> None:
    """What the page says to do when something is odd finds nothing odd."""
    assert "`.venv/bin/needline doctor`" in newcomer.page
    environment = {"PATH": os.environ["PATH"], "HOME": str(newcomer.clone.parent)}
    done = subprocess.run(
        [".venv/bin/needline", "doctor"],
        cwd=newcomer.clone, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in done.stdout.splitlines() if not line.startswith("ok")] == []


@pytest.mark.parametrize(("locale", "page"), [("en", START), ("zh_Hans", "docs/start.zh.md")])
def test_each_page_names_what_home_shows_in_its_language(locale: str, page: str) -> None:
    text = (bot.ROOT / page).read_text(encoding="utf-8")
    buttons = ["button.setup_choose", "button.setup_check", "button.settings", "button.preferences"]
    steps = ["setup.triage", "setup.people", "setup.review", "setting.people.managers", "setting.departments.product"]
    loop = ["form.submit", "choice.approve", "menu.status", "status.accepted", "status.shipped"]
    for key in (*buttons, *steps, *loop, "status.solved"):
        assert say(locale, key) in text, key
