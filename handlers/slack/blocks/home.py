"""Home: what waits for the person who looks at it, and where their own feedback stands."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from math import ceil
from zoneinfo import ZoneInfo

from bot.domain.feedback import State, shorten
from bot.domain.home import Group, Show, is_shown
from bot.i18n import say, soon
from bot.policy import Policy
from bot.policy_words import value
from bot.services.digest import Item, Listed
from handlers.slack.blocks.lists import Waiting, bullets, named, status_of, waiting
from handlers.slack.blocks.settings import doors, voice
from handlers.slack.blocks.setup import Setup, first_steps
from handlers.slack.blocks.text import Block, Mrkdwn, actions, button, context, mrkdwn, option, quote, section
from storage.home import Asked
from storage.lines import Line
from storage.mine import Counts, News, Piece

FIRST = 5
"""How many rounds and questions Home shows; the rest is counted."""

PAGE = 10
"""How many of a person's own feedback Home shows at once."""

QUESTION = 300
"""How many characters of a question Home shows; the form in which it is answered has all of them."""

HELPERS = 5
"""How many admins are named as those to ask."""

SHOW, CUSTOMER, FORMER, NEXT = "home_show", "home_customer", "home_former", "home_next"
CHOICES = re.compile(f"^({SHOW}|{CUSTOMER}|{FORMER}|{NEXT})$")
"""The buttons and menus with which a person chooses what they see."""

ALL_CUSTOMERS = "all"


@dataclass(frozen=True)
class Mine:
    """What a person filed: how much, and the page of it that they chose to see.

    `customers`, id to name, are those they can choose from, `customer` the one they did. News are since `since`, the
    last time they looked.
    """

    counts: Counts
    show: Show
    customers: Mapping[int, str]
    customer: int | None
    since: datetime | None
    wanted_page: int = 1
    pieces: Sequence[Piece] = ()

    def with_pieces(self, pieces: Sequence[Piece]) -> "Mine":
        """Return it with what stands on its page."""
        return replace(self, pieces=pieces)

    def number(self, show: Show) -> int:
        """Return how many pieces one choice would show."""
        return sum(number for (group, changed), number in self.counts.items() if is_shown(show, group, changed=changed))

    def in_group(self, group: Group) -> int:
        """Return how many pieces of a group are among those chosen."""
        both = (self.counts.get((group, changed), 0) for changed in (False, True) if self._shows(group, changed))
        return sum(both)

    def _shows(self, group: Group, changed: bool) -> bool:  # noqa: FBT001 - a count's key
        return is_shown(self.show, group, changed=changed)

    @property
    def pages(self) -> int:
        """How many pages the choice fills, at least one."""
        return max(ceil(self.number(self.show) / PAGE), 1)

    @property
    def page(self) -> int:
        """The page to show: the wanted one, or the last there is."""
        return min(max(self.wanted_page, 1), self.pages)


@dataclass(frozen=True)
class Home:
    """What there is to show to a viewer, in their zone.

    `voting` are the first of `to_vote` rounds that wait for their vote, None for who does not vote. `deciding` are the
    first of `to_decide` requirements that wait for a manager, None for who is none. `asked` are the first of
    `questions` questions to them.
    """

    viewer: str
    policy: Policy
    zone: ZoneInfo
    now: datetime
    voting: Sequence[Waiting] | None
    to_vote: int
    deciding: Sequence[Listed] | None
    to_decide: int
    asked: Sequence[Asked]
    questions: int
    mine: Mine
    setup: Setup | None = None


def home(facts: Home, locale: str) -> Block:
    """Return the view. However much there is, it has less than half of the hundred blocks that Slack takes."""
    parts = [
        first_steps(facts.setup, locale) if facts.setup else [],
        _questions(facts, locale),
        _voting(facts, locale),
        _deciding(facts, locale),
        _mine(facts, locale),
        [doors(locale, admin=facts.policy.is_admin(facts.viewer)), _help(facts.policy, locale)],
    ]
    blocks = [block for part in parts if part for block in ({"type": "divider"}, *part)]
    return _view(blocks[1:])


def greeting(locale: str) -> Block:
    """Return the Home of somebody who does not take part: kind words, and nothing of the team's."""
    return _view([section(mrkdwn(locale, "home.greeting"))])


def _view(blocks: list[Block]) -> Block:
    return {"type": "home", "callback_id": "home", "blocks": blocks}


def _help(policy: Policy, locale: str) -> Block:
    admins = policy.people.admins[:HELPERS]
    if not admins:
        return context(mrkdwn(locale, "home.help"))
    return context(mrkdwn(locale, "home.help_by", who=Mrkdwn(value(voice(locale), "people", admins))))


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


def _more(locale: str, count: int) -> list[Block]:
    return [context(mrkdwn(locale, "list.more", n=count))] if count > 0 else []


def _voting(facts: Home, locale: str) -> list[Block]:
    if facts.voting is None:
        return []
    if not facts.voting:
        return [context(mrkdwn(locale, "through.nothing"))]
    press = button(say(locale, "button.vote_through"), "vote_through", "home", style="primary")
    lines = [waiting(one, locale, facts.policy, facts.viewer, facts.zone, facts.now) for one in facts.voting]
    head = section(mrkdwn(locale, "home.voting", n=facts.to_vote), accessory=press)
    return [head, bullets((None, lines)), *_more(locale, facts.to_vote - len(lines))]


def _deciding(facts: Home, locale: str) -> list[Block]:
    if facts.deciding is None:
        return []
    if not facts.deciding:
        return [context(mrkdwn(locale, "home.nothing_to_decide"))]
    press = button(say(locale, "button.decide_through"), "decide_through", "home")
    lines = [_undecided(facts, line, item, locale) for line, item in facts.deciding]
    head = section(mrkdwn(locale, "home.deciding", n=facts.to_decide), accessory=press)
    return [head, bullets((None, lines)), *_more(locale, facts.to_decide - len(lines))]


def _undecided(facts: Home, line: Line, item: Item, locale: str) -> str:
    name, why = named(line, locale, facts.policy, facts.viewer), say(locale, f"agenda.{item.why}")
    key = "home.to_decide" if item.days else "home.to_decide_today"
    return say(locale, key, line=name, why=why, n=item.days)


def _mine(facts: Home, locale: str) -> list[Block]:
    mine = facts.mine
    if not mine.number(Show.ALL):
        style = {} if facts.voting else {"style": "primary"}
        file = button(say(locale, "button.file"), "feedback_open", "home", **style)
        return [section(mrkdwn(locale, "home.welcome")), actions(file)]
    groups = groupby(mine.pieces, lambda piece: piece.group)
    listed = [block for group, pieces in groups for block in _group(facts, group, list(pieces), locale)]
    nothing = [context(mrkdwn(locale, "home.nothing_here"))]
    return [section(_head(facts, locale)), _choices(mine, locale), *(listed or nothing), *_paging(mine, locale)]


def _head(facts: Home, locale: str) -> Mrkdwn:
    """Say how much changed since the viewer last looked; the first time nothing can have."""
    since = facts.mine.since
    if since is None:
        return mrkdwn(locale, "home.mine")
    when, changed = soon(locale, since.astimezone(facts.zone)), facts.mine.number(Show.CHANGED)
    if not changed:
        return mrkdwn(locale, "home.mine_unchanged", when=when)
    return mrkdwn(locale, "home.mine_changed", n=changed, when=when)


def _choices(mine: Mine, locale: str) -> Block:
    file = button(say(locale, "button.file"), "feedback_open", "home")
    by_customer = [_customers(mine, locale)] if len(mine.customers) > 1 else []
    return actions(file, _shows(mine, locale), *by_customer)


def _shows(mine: Mine, locale: str) -> Block:
    options = {show: option(say(locale, f"home.show_{show}", n=mine.number(show)), show) for show in Show}
    return _menu(SHOW, list(options.values()), options[mine.show])


def _customers(mine: Mine, locale: str) -> Block:
    everyone = option(say(locale, "home.all_customers"), ALL_CUSTOMERS)
    options = {number: option(name, str(number)) for number, name in mine.customers.items()}
    return _menu(CUSTOMER, [everyone, *options.values()], options.get(mine.customer or 0, everyone))


def _menu(action_id: str, options: list[Block], chosen: Block) -> Block:
    return {"type": "static_select", "action_id": action_id, "options": options, "initial_option": chosen}


def _group(facts: Home, group: Group, pieces: Sequence[Piece], locale: str) -> list[Block]:
    head = section(mrkdwn(locale, f"home.group_{group}", n=facts.mine.in_group(group)))
    return [head, *(_item(facts, piece, locale) for piece in pieces)]


def _item(facts: Home, piece: Piece, locale: str) -> Block:
    details = button(say(locale, "button.details"), "feedback_view", str(piece.line.feedback))
    name = named(piece.line, locale, facts.policy, facts.viewer)
    return _said(say(locale, "home.item", name=name, status=_standing(piece, locale)), details)


def _standing(piece: Piece, locale: str) -> str:
    """Return where a piece stands, and in words what is new about it."""
    is_gone = piece.line.state == State.WITHDRAWN
    status = say(locale, "state.withdrawn") if is_gone else status_of(piece.line, locale)
    if piece.news is None:
        return status
    if piece.news is News.MOVED:
        return say(locale, "home.news_moved", status=status, before=say(locale, f"status.{piece.before}"))
    if piece.news is News.VOTED:
        return say(locale, "home.news_voted", status=status, result=say(locale, f"result.{piece.result}"))
    return say(locale, f"home.news_{piece.news}", status=status)


def _paging(mine: Mine, locale: str) -> list[Block]:
    if mine.pages == 1:
        return []
    former = button(say(locale, "button.former"), FORMER, str(mine.page - 1))
    following = button(say(locale, "button.next"), NEXT, str(mine.page + 1))
    turns = [*([former] if mine.page > 1 else []), *([following] if mine.page < mine.pages else [])]
    return [context(mrkdwn(locale, "home.page", page=mine.page, pages=mine.pages)), actions(*turns)]


def _said(text: str, press: Block) -> Block:
    """Return words with a button beside them. They hold a title, so they are plain: nothing in it is markup."""
    return {"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}, "accessory": press}
