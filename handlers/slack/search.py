"""Finding feedback with the slash command: `/feedback find words…`."""

from typing import Any

from slack_bolt import BoltContext

from bot.domain.refusals import Refused
from handlers.slack.blocks.search import results
from handlers.slack.edge import actor_of, edge_of
from storage import policy, search
from storage.feedback import Feedback

SHOWN = 10
"""How many of what was found are shown."""

MOST_WORDS = 20
"""How many words can be searched for at once; each is a condition to the database."""


def find(ack: Any, context: BoltContext, text: str) -> None:
    """Answer with the newest feedback that has all the words, to the person alone."""
    edge, actor = edge_of(context), actor_of(context)
    words = list(dict.fromkeys(text.split()))
    if len(words) > MOST_WORDS:
        raise Refused("refused.find_many", most=MOST_WORDS)
    with edge.database.read() as session:
        sees_hidden = policy.load(session, actor.team_id).is_manager(actor.user_id)
        found, count = search.find(session, actor.team_id, words, actor.user_id, SHOWN, sees_hidden=sees_hidden)

    def may_see_customer(item: Feedback) -> bool:
        return sees_hidden or not item.hide_customer or item.filed_by == actor.user_id

    ack(**results(actor.locale, found, count, " ".join(words), may_see_customer))
