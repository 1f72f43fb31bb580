"""Home: the tab in which each person sees what waits for them. Drawn when they open it, and after what they do."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from slack_bolt import App, BoltContext
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from sqlalchemy.orm import Session

from bot.domain.home import Show
from bot.domain.refusals import Busy, Refused
from bot.i18n import FALLBACK
from bot.policy import Policy, PolicyUnreadableError
from bot.services import digest
from bot.services.digest import Listed
from bot.services.people import zone_of
from handlers.slack import first_run, forms, who
from handlers.slack.blocks import home as blocks
from handlers.slack.blocks.home import Home, Mine
from handlers.slack.blocks.lists import Waiting
from handlers.slack.blocks.setup import unreadable
from handlers.slack.edge import Edge, actor_of, edge_of, redraw_home
from handlers.slack.feedback import open_form
from storage import feedback, mine, people, policy, seen
from storage import home as store
from storage.home import HomeTab

log = structlog.get_logger(__name__)

Payload = dict[str, Any]

TRIES = 4
"""How often a Home is drawn that others draw at the same time; the last time without asking who was newer."""

CONFLICT_S = 0.05
"""How long we wait, each time longer, for the other drawing to be noted."""

CUSTOMERS = 50
"""How many of their customers a person can choose from; Slack takes 100 options."""


@dataclass(frozen=True)
class Drawing:
    """What a Home shows and in which language, and the hash of the drawing it is to replace."""

    facts: Home
    locale: str
    replaces: str | None

    @property
    def view(self) -> Payload:
        """The view as Slack takes it."""
        return blocks.home(self.facts, self.locale)


def opened(body: Payload, client: WebClient, context: BoltContext) -> None:
    """Publish the Home of whoever opened it. When that fails, Slack brings the event again."""
    event = body["event"]
    if event.get("tab") != "home":
        return
    edge, team_id, viewer = edge_of(context), str(body["team_id"]), str(event["user"])
    if _is_of_the_team(edge, client, team_id, viewer):
        _look(edge, team_id, viewer, str(body["event_id"]))
        show(edge, client, team_id, viewer)
        edge.redraws.opened(viewer)


def _is_of_the_team(edge: Edge, client: WebClient, team_id: str, viewer: str) -> bool:
    """Say whether somebody takes part here, and remember them. Others are greeted, and nothing of them is written."""
    with edge.database.read() as session:
        if people.get(session, team_id, viewer) is not None:
            return True
    user = who.ask(client, viewer)
    if user is None:
        return True
    if who.is_outsider(user, team_id) and not _is_named(edge, team_id, viewer):
        _greet(client, user)
        return False
    who.remember(edge.database, team_id, who.profile(user))
    return True


def _is_named(edge: Edge, team_id: str, user_id: str) -> bool:
    try:
        with edge.database.read() as session:
            return policy.load(session, team_id).names(user_id)
    except PolicyUnreadableError:
        return False


def _greet(client: WebClient, user: Payload) -> None:
    """Show kind words to somebody who does not take part. Slack need not take them: there is nobody to show them to."""
    try:
        client.views_publish(user_id=user["id"], view=blocks.greeting(who.profile(user).locale))
    except SlackApiError as error:
        log.info("home.not_greeted", error=error.response.get("error"))


def _look(edge: Edge, team_id: str, viewer: str, event_id: str) -> None:
    """Note that somebody looks, once for each time they do. Where we cannot, they are shown the same news again."""
    with suppress(Busy), edge.database.begin(quiet=True) as session:
        is_known = people.get(session, team_id, viewer) is not None
        if is_known and seen.first_time(session, team_id, f"home:{event_id}", edge.now()):
            store.look(session, team_id, viewer, edge.now())


def show(edge: Edge, client: WebClient, team_id: str, viewer: str) -> None:
    """Show a person their Home. Settings that this version cannot read are told there, to be put right."""
    try:
        found = settle(edge, client, team_id, viewer, partial(_draw, edge, client, team_id, viewer))
    except PolicyUnreadableError:
        client.views_publish(user_id=viewer, view=unreadable(_language(edge, team_id, viewer)))
        return
    first_run.note_done(edge, team_id, found.facts.setup)


def settle(edge: Edge, client: WebClient, team_id: str, viewer: str, draw: Callable[[], Drawing]) -> Drawing:
    """Publish a drawing, and draw again while another one came in between: so what was drawn last stands.

    A drawing replaces only the one that stood when its facts were read; Slack refuses it (`hash_conflict`) once there
    is another, which may be newer.
    """
    for attempt in range(1, TRIES):
        drawing = draw()
        if _publish(edge, client, team_id, viewer, drawing, drawing.replaces):
            return drawing
        time.sleep(CONFLICT_S * attempt)
    drawing = draw()
    _publish(edge, client, team_id, viewer, drawing, None)
    return drawing


def _publish(edge: Edge, client: WebClient, team_id: str, viewer: str, drawing: Drawing, replaces: str | None) -> bool:
    """Publish a drawing; False when another one came in between."""
    try:
        answer = client.views_publish(user_id=viewer, view=drawing.view, hash=replaces)
    except SlackApiError as error:
        if error.response.get("error") == "hash_conflict":
            return False
        raise
    with suppress(Busy), edge.database.begin(quiet=True) as session:
        return store.drawn(session, team_id, viewer, drawing.replaces, answer["view"]["hash"])
    return True


def _draw(edge: Edge, client: WebClient, team_id: str, viewer: str) -> Drawing:
    """Draw; until Needline is set up, Slack is asked first how far that is."""
    found = drawing(edge, team_id, viewer)
    if found.facts.setup is None and found.facts.policy.people.admins:
        return found
    is_member = first_run.look(edge, client, team_id, viewer)
    return drawing(edge, team_id, viewer, is_member=is_member)


def redraw(edge: Edge, client: WebClient, viewer: str) -> None:
    """Show somebody of our workspace their Home as it is now."""
    show(edge, client, edge.team_id, viewer)


def openers(edge: Edge) -> set[str]:
    """Return who ever opened their Home."""
    with edge.database.read() as session:
        return store.openers(session, edge.team_id)


def _language(edge: Edge, team_id: str, viewer: str) -> str:
    with edge.database.read() as session:
        return people.language(session, team_id, viewer)


def drawing(edge: Edge, team_id: str, viewer: str, *, is_member: bool | None = None) -> Drawing:
    """Return what there is to show, in a few queries however much that is. The hash is read before all else."""
    with edge.database.read() as session:
        person, tab = store.whose(session, team_id, viewer)
        rules = policy.load(session, team_id)
        voting, to_vote = _voting(session, team_id, viewer, rules)
        deciding, to_decide = _deciding(session, team_id, viewer, rules, edge.now())
        asked, questions = store.to_answer(session, team_id, viewer, blocks.FIRST)
        facts = Home(
            viewer=viewer,
            policy=rules,
            zone=zone_of(person.timezone if person else None, rules),
            now=edge.now(),
            voting=voting,
            to_vote=to_vote,
            deciding=deciding,
            to_decide=to_decide,
            asked=asked,
            questions=questions,
            mine=_mine(session, team_id, viewer, tab),
            setup=first_run.setup(session, team_id, viewer, rules, is_member=is_member),
        )
    return Drawing(facts, person.locale if person else FALLBACK, tab.hash if tab else None)


def _voting(session: Session, team_id: str, viewer: str, rules: Policy) -> tuple[list[Waiting] | None, int]:
    return store.voting(session, team_id, viewer, blocks.FIRST) if rules.is_reviewer(viewer) else (None, 0)


def _deciding(
    session: Session, team_id: str, viewer: str, rules: Policy, now: datetime
) -> tuple[list[Listed] | None, int]:
    return digest.first(session, team_id, rules, now, blocks.FIRST) if rules.is_manager(viewer) else (None, 0)


def _mine(session: Session, team_id: str, viewer: str, tab: HomeTab | None) -> Mine:
    """Return a page of what a person filed. What they chose to see is looked up: there may be less of it by now."""
    offered = {one.id: one.name for one in feedback.recent_customers(session, team_id, viewer, CUSTOMERS)}
    show = Show(tab.show) if tab and tab.show in set(Show) else Show.OPEN
    customer = tab.customer_id if tab and tab.customer_id in offered else None
    since = tab.news_since if tab else None
    counts = mine.count(session, team_id, viewer, since, customer)
    chosen = Mine(counts, show, offered, customer, since, wanted_page=tab.page if tab else 1)
    offset = (chosen.page - 1) * blocks.PAGE
    pieces = mine.page(session, team_id, viewer, since, customer, show, blocks.PAGE, offset)
    return chosen.with_pieces(pieces)


def choose(ack: Any, body: Payload, context: BoltContext) -> None:
    """Remember what a person wants to see of their feedback; Home is drawn by it."""
    edge, actor = edge_of(context), actor_of(context)
    choice = _choice(body["actions"][0])
    with edge.database.begin(quiet=True) as session:
        store.choose(session, actor.team_id, actor.user_id, **choice)
    redraw_home(context)
    ack()


def _choice(action: Payload) -> dict[str, object]:
    """Read what was chosen. Raises Refused for what nobody offered; a customer and a page are looked up when drawn."""
    value = (action.get("selected_option") or action).get("value")
    if action["action_id"] == blocks.SHOW:
        if value not in set(Show):
            raise Refused("stale.gesture")
        return {"show": value, "page": 1}
    if action["action_id"] == blocks.CUSTOMER:
        return {"customer_id": forms.number(value) or None, "page": 1}
    return {"page": forms.number(value) or 1}


def file(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Open the filing form from Home."""
    open_form(client, context, body["trigger_id"])
    ack()


def register(app: App) -> None:
    """Register what Home listens to."""
    app.event("app_home_opened")(opened)
    app.action("feedback_open")(file)
    app.action(blocks.CHOICES)(choose)
