"""Being uninstalled, and losing our token: nothing is sent any more until somebody installs us again."""

from typing import Any

import structlog
from slack_bolt import App, BoltContext

from handlers.slack.edge import edge_of
from storage import workspaces

log = structlog.get_logger(__name__)

Payload = dict[str, Any]


def lost(body: Payload, context: BoltContext) -> None:
    """Stop delivery at once. News of a former installation, come late, is told apart by our token still working."""
    event = body["event"]
    if event["type"] == "tokens_revoked" and not (event.get("tokens") or {}).get("bot"):
        return  # people's tokens, of which we have none
    edge = edge_of(context)
    if edge.token_works():
        log.info("workspace.still_installed", team=body["team_id"], reason=event["type"])
        return
    with edge.database.begin() as session:
        workspaces.stop(session, body["team_id"], event["type"], edge.now())
    edge.counts.stopped.set(1)
    log.error("workspace.stopped", team=body["team_id"], reason=event["type"])


def register(app: App) -> None:
    """Register the events."""
    app.event("app_uninstalled")(lost)
    app.event("tokens_revoked")(lost)
