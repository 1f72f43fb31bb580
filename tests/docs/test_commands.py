"""The page of commands names every command, argument and option there is, and no other; all of them have help."""

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
import typer
from typer.testing import CliRunner

from bot import cli, operate
from storage import outbox_care
from tests.bot import ROOT

PAGE = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
HEADING = r"^### `(needline(?: [a-z]+)+)((?: [A-Z[][^`]*)?)`\n"
SECTIONS = {name: text for name, _, text in re.findall(HEADING + r"(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)}
USAGE = dict(re.findall(HEADING, PAGE, re.MULTILINE))


def commands(group: Any, path: str = "needline") -> Iterator[tuple[str, Any]]:
    """Yield every command with its whole name."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = dict(commands(typer.main.get_command(cli.app)))


def words(command: Any) -> set[str]:
    """Return what one may write after a command: arguments in capitals, options with their dashes."""
    arguments = {each.name.upper() for each in command.params if each.param_type_name == "argument"}
    options = {word for each in command.params if each.param_type_name == "option" for word in each.opts}
    return arguments | options - {"--help"}


def test_every_command_has_its_section_and_no_other_has() -> None:
    assert sorted(SECTIONS) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_section_names_every_argument_and_option_and_no_other(name: str) -> None:
    rows = re.findall(r"^\| (`[^|]*) \|", SECTIONS[name], re.MULTILINE)
    named = {word for row in rows for word in re.findall(r"`([^`]+)`", row)} - set(outbox_care.STATES)
    assert named == words(COMMANDS[name])
    for argument in (word for word in named if word.isupper()):
        assert argument in USAGE[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_in_a_sentence_what_it_does_and_so_does_every_option(name: str) -> None:
    told = [COMMANDS[name].help, *(getattr(each, "help", "-.") or "" for each in COMMANDS[name].params)]
    assert all(sentence and sentence.rstrip().endswith(".") for sentence in told), told
    shown = CliRunner().invoke(cli.app, [*name.split()[1:], "--help"])
    assert (shown.exit_code, "Usage: " in shown.stdout) == (0, True)


def test_the_page_names_every_state_of_a_message_and_so_does_the_command() -> None:
    named = re.findall(r"^\| `(\w+)` \|", SECTIONS["needline outbox list"], re.MULTILINE)
    assert sorted(named) == sorted(outbox_care.STATES) == sorted(get_args(operate.State))


@pytest.mark.parametrize("arguments", [[], ["outbox"], ["policy"]])
def test_a_word_alone_shows_what_can_follow(arguments: list[str]) -> None:
    shown = CliRunner().invoke(cli.app, arguments)
    group = COMMANDS if not arguments else [name for name in COMMANDS if name.startswith(f"needline {arguments[0]} ")]
    assert all(name.split()[1 + len(arguments)] in shown.output for name in group)


@pytest.mark.parametrize(
    "arguments", [["fly"], ["outbox", "fly"], ["run", "--fast"], ["outbox", "list", "--state", "odd"]]
)
def test_what_is_no_command_or_option_exits_with_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(cli.app, arguments).exit_code == 2


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("needline ", {"run", "doctor", "outbox", "backup", "restore", "policy"}),
        ("needline outbox ", {"list", "retry", "drop"}),
        ("needline outbox list --st", {"--state"}),
        ("needline outbox list --state de", {"dead"}),
    ],
)
def test_shells_complete_commands_options_and_states(typed: str, offered: set[str]) -> None:
    asked = {"_NEEDLINE_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    shown = CliRunner().invoke(cli.app, [], env=asked, prog_name="needline")
    assert offered <= set(shown.stdout.split())


def test_the_page_says_how_to_let_a_shell_complete() -> None:
    for option in ("--install-completion", "--show-completion"):
        assert f"`needline {option}`" in PAGE
        assert option in CliRunner().invoke(cli.app, ["--help"]).stdout
