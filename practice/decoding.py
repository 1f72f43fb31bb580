"""Reading a request of the app: arguments from form, JSON or query, and the token."""

import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

__all__ = ["decode_request"]


async def decode_request(request: Request) -> tuple[dict[str, Any], str | None]:
    """The arguments of a call and its token.

    A token in a JSON body is ignored, as Slack takes it from the header or from a form only. A body that is no JSON
    counts as empty, so the method refuses what is missing.
    """
    body = await request.body()
    args: dict[str, Any] = dict(request.query_params)
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("application/json"):
        args |= {key: value for key, value in _json_object(body).items() if key != "token"}
    else:
        args |= dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    token = bearer.strip() if scheme.lower() == "bearer" else args.get("token")
    args.pop("token", None)
    return args, token


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        decoded = json.loads(body or b"{}")
    except ValueError:
        return {}
    return decoded if isinstance(decoded, dict) else {}
