"""Logging: readable lines by default, JSON for machines, and never a secret."""

import logging
import re
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

_SECRET = re.compile(
    r"xox[a-z]*[-.][\w.-]+"
    r"|xapp-[\w-]+"
    r"|\bticket=[^\s&\"']+"  # of Socket Mode's addresses
    r"|https?://[^\s\"']*/(?:commands|actions|response|workflows|services)/[^\s\"']+"  # response_urls and webhooks
    r"|postgres(?:ql)?(?:\+\w+)?://[^\s@]+@"
    r"|\b\d+\.\d+\.[0-9a-f]{16,}"  # trigger_ids
)
_SECRET_KEYS = frozenset({"token", "bot_token", "signing_secret", "response_url", "trigger_id", "authorization"})
HIDDEN = "[hidden]"


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Structlog processor: hide tokens, secrets, response_urls and trigger_ids, wherever they stand."""
    return {key: _clean(key, value) for key, value in event.items()}


def _clean(key: str, value: Any) -> Any:
    if key.lower() in _SECRET_KEYS:
        return HIDDEN
    if isinstance(value, dict):
        return {inner: _clean(str(inner), content) for inner, content in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(key, content) for content in value]
    return redact_text(value) if isinstance(value, str) else value


_known_secrets: set[str] = set()


def keep_secret(*secrets: str) -> None:
    """Hide these very strings from now on (the signing secret has no shape of its own)."""
    _known_secrets.update(secret for secret in secrets if secret)


def redact_text(text: str) -> str:
    """Return text with everything secret in it hidden."""
    text = _SECRET.sub(HIDDEN, text)
    for secret in _known_secrets:
        text = text.replace(secret, HIDDEN)
    return text


def _redact_final(_logger: WrappedLogger, _method: str, line: Any) -> Any:
    return redact_text(line) if isinstance(line, str) else line


def set_up(log_format: str, level: int = logging.INFO) -> None:
    """Send our logs and those of libraries through one formatter to stderr. `log_format`: console or json."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(_formatter(log_format, shared))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for chatty in ("uvicorn.access", "slack_sdk", "apscheduler", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _formatter(log_format: str, shared: list[Any]) -> logging.Formatter:
    last: list[Any]
    if log_format == "json":
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    else:
        last = [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last, _redact_final],
    )
