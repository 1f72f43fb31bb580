"""Home: what waits for the person who looks at it, and where their own feedback stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.domain.feedback import shorten
from bot.i18n import say
from bot.policy import Policy
from handlers.slack.blocks.lists import Waiting, bullets, named, status_of, waiting
from handlers.slack.blocks.settings import doors
from handlers.slack.blocks.setup import Setup, first_steps
from handlers.slack.blocks.text import Block, actions, button, context, mrkdwn, quote, section
from storage.feedback import Question
from storage.lines import Line

FIRST = 5
"""How many rounds and questions Home shows; the rest is counted."""

MINE = 10
"""How many of a person's own feedback Home shows, the newest."""

QUESTION = 300
"""How many characters of a question Home shows; the form in which it is answered has all of them."""


@dataclass(frozen=True)
class Asked:
    """A question that waits for the viewer's answer, who asked it, and about what."""

    question: Question
    line: Line
    asker: str


@dataclass(frozen=True)
class Home:
    """What there is to show to a viewer, in their zone.

    `voting` waits for their vote, None for who does not vote. `to_decide` counts what waits for a manager, None for
    others. `asked` are the first of `questions` questions to them, `mine` the newest they filed.
    """

    viewer: str
    policy: Policy
    zone: ZoneInfo
    now: datetime
    voting: Sequence[Waiting] | None
    to_vote: int
    to_decide: int | None
    asked: Sequence[Asked]
    questions: int
    mine: Sequence[Line]
    setup: Setup | None = None


def home(facts: Home, locale: str) -> Block:
    """Return the view. However much there is, it has less than half of the hundred blocks that Slack takes."""
    parts = [
        first_steps(facts.setup, locale) if facts.setup else [],
        _voting(facts, locale),
        _deciding(facts, locale),
        _questions(facts, locale),
        _mine(facts, locale),
        [doors(locale, admin=facts.policy.is_admin(facts.viewer))],
    ]
    blocks = [block for part in parts if part for block in ({"type": "divider"}, *part)]
    return {"type": "home", "callback_id": "home", "blocks": blocks[1:]}


def _voting(facts: Home, locale: str) -> list[Block]:
    if facts.voting is None:
        return []
    if not facts.voting:
        return [context(mrkdwn(locale, "through.nothing"))]
    press = button(say(locale, "button.vote_through"), "vote_through", "home", style="primary")
    lines = [waiting(one, locale, facts.policy, facts.viewer, facts.zone, facts.now) for one in facts.voting]
    head = section(mrkdwn(locale, "home.voting", n=facts.to_vote), accessory=press)
    return [head, bullets((None, lines)), *_more(locale, facts.to_vote - len(lines))]


def _more(locale: str, count: int) -> list[Block]:
    return [context(mrkdwn(locale, "list.more", n=count))] if count > 0 else []


def _deciding(facts: Home, locale: str) -> list[Block]:
    if facts.to_decide is None:
        return []
    if not facts.to_decide:
        return [context(mrkdwn(locale, "home.nothing_to_decide"))]
    press = button(say(locale, "button.decide_through"), "decide_through", "home")
    return [section(mrkdwn(locale, "home.deciding", n=facts.to_decide), accessory=press)]


def _questions(facts: Home, locale: str) -> list[Block]:
    if not facts.asked:
        return []
    asked = [block for one in facts.asked for block in _question(facts, one, locale)]
    head = section(mrkdwn(locale, "home.questions", n=facts.questions))
    return [head, *asked, *_more(locale, facts.questions - len(facts.asked))]


def _question(facts: Home, asked: Asked, locale: str) -> list[Block]:
    about = named(asked.line, locale, facts.policy, facts.viewer)
    reply = button(say(locale, "button.reply"), "answer_reply", str(asked.question.number))
    head = _said(say(locale, "home.asked", name=asked.asker, about=about), reply)
    return [head, quote(shorten(asked.question.question, QUESTION))]


def _mine(facts: Home, locale: str) -> list[Block]:
    label = say(locale, "button.file")
    if not facts.mine:
        file = actions(button(label, "feedback_open", "home", style="primary"))
        return [section(mrkdwn(locale, "home.welcome")), file]
    items = [_item(facts, line, locale) for line in facts.mine]
    return [section(mrkdwn(locale, "home.mine")), *items, actions(button(label, "feedback_open", "home"))]


def _item(facts: Home, line: Line, locale: str) -> Block:
    details = button(say(locale, "button.details"), "feedback_view", str(line.feedback))
    name = named(line, locale, facts.policy, facts.viewer)
    return _said(say(locale, "home.item", name=name, status=status_of(line, locale)), details)


def _said(text: str, press: Block) -> Block:
    """Return words with a button beside them. They hold a title, so they are plain: nothing in it is markup."""
    return {"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}, "accessory": press}
