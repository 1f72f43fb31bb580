"""Feedback: one thing one customer said. What a draft must look like, and how its title is made."""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from bot.domain.refusals import Refused

WORDS_MAX = 3000
TITLE_MAX = 80
CUSTOMER_MAX = 69  # with “Add …” around it, an option of Slack's 75 characters
SHORT_TEXT_MAX = 300
UNDO_WINDOW = timedelta(seconds=60)


class Kind(StrEnum):
    """What sort of thing the customer said."""

    NEED = "need"
    PROBLEM = "problem"
    COMPLAINT = "complaint"
    QUESTION = "question"
    PRAISE = "praise"


REVIEWED_KINDS = frozenset({Kind.NEED, Kind.PROBLEM})
"""Kinds that make a requirement and a vote when filed."""


class Urgency(StrEnum):
    """When the customer needs it, as far as they said."""

    UNSAID = "unsaid"
    NOW = "now"
    QUARTER = "quarter"
    SOMEDAY = "someday"


class Stake(StrEnum):
    """What hangs on it."""

    DEAL = "deal"
    RENEWAL = "renewal"
    EXPANSION = "expansion"


class State(StrEnum):
    """Where a piece of feedback stands, apart from its requirement."""

    OPEN = "open"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Draft:
    """A filled form. Either `customer_id` names a known customer or `customer_name` a new one."""

    words: str
    customer_id: int | None = None
    customer_name: str | None = None
    kind: Kind = Kind.NEED
    urgency: Urgency = Urgency.UNSAID
    title: str | None = None
    scenario: str | None = None
    stake: Stake | None = None
    said_by: str | None = None
    hide_customer: bool = False
    permalink: str | None = None
    private_source: bool = False

    def check(self) -> None:
        """Raise Refused for the first field that cannot be taken as it is."""
        if not self.words.strip():
            raise Refused("refused.words_empty", field="words")
        _check_length("words", self.words, WORDS_MAX)
        if self.customer_id is None and not (self.customer_name or "").strip():
            raise Refused("refused.customer_missing", field="customer")
        _check_length("customer", self.customer_name, CUSTOMER_MAX)
        _check_title(self.title)
        _check_length("scenario", self.scenario, SHORT_TEXT_MAX)
        _check_length("said_by", self.said_by, SHORT_TEXT_MAX)


def _check_length(field: str, text: str | None, longest: int) -> None:
    if text is not None and len(text) > longest:
        raise Refused("refused.too_long", field=field, longest=longest, length=len(text))


def _check_title(title: str | None) -> None:
    _check_length("title", title, TITLE_MAX)
    if title is not None and not any(character.isalnum() for character in title):
        raise Refused("refused.title_wordless", field="title")


_SENTENCE = re.compile(r".*?(?:[.!?](?=\s|$)|[。！？；]|\n|$)", re.DOTALL)


def title_from(words: str) -> str:
    """Make a title of at most TITLE_MAX characters from the first sentence of the words."""
    text = words.strip()
    first = _SENTENCE.match(text)
    sentence = first[0].rstrip(".。!！；\n") if first else ""
    return shorten(" ".join(sentence.split()) or " ".join(text.split()), TITLE_MAX)


def shorten(text: str, longest: int) -> str:
    """Cut text to `longest` characters, at a space where there is one near, with an ellipsis."""
    if len(text) <= longest:
        return text
    cut = text[: longest - 1]
    head, space, _ = cut.rpartition(" ")
    return (head if space and len(head) > longest // 2 else cut).rstrip() + "…"


def name_key(name: str) -> str:
    """Return the form of a customer's name under which it is unique in its workspace."""
    return " ".join(name.split()).casefold()
