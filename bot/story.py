"""The story: a small team takes needs from a customer's words to a shipped feature, in the practice workspace.

It acts as people do, by typing, pressing and filling in, and checks what each of them gets to see.
"""

import time
from collections.abc import Callable

from bot.chapters import CHAPTERS, START, MissingError, Story
from bot.demo import Team, Transport, team

RULES = {
    "workspace": {"timezone": "Europe/Berlin"},
    "quiet": {},
}
"""The team's rules, where the story's differ from the demo's: it keeps quiet hours."""


def play(say: Callable[[str], None], transport: Transport = "http") -> float:
    """Play the story, print its transcript, return how long it took in seconds. Raises MissingError."""
    started = time.monotonic()
    with team(port=0, transport=transport, rules=RULES, start=START, merge_s=0.3) as found:
        story = Story(found)
        try:
            for chapter in CHAPTERS:
                chapter(story)
        finally:
            say(found.workspace.transcript())
        _check_nothing_left(found)
    return time.monotonic() - started


def _check_nothing_left(found: Team) -> None:
    found.wait_until_sent()
    if found.workspace.problems:
        raise MissingError(f"Slack would have complained: {found.workspace.problems}")
