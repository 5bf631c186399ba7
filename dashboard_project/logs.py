"""How the log reads: one event a line, without secrets, and nothing that a member typed acts there.

JSON in production, a readable line elsewhere (LOG_FORMAT). Whoever logs uses the standard
`logging`; what is bound with `structlog.contextvars`, such as a request's id, stands in every line.
"""

import logging
import re
from collections.abc import MutableMapping
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit

from dashboard_project.light import without

with without("rich"):  # only for tracebacks that are drawn
    import structlog
    from structlog.typing import Processor

HIDDEN = "[secret]"
TEXT_MAX_CHARACTERS = 20_000
_SECRET_MIN_CHARACTERS = 6  # a shorter one would blank half of the log, and hides nothing

# What `extra` may add to a line; others put whole objects there.
EXTRA = ("method", "path", "status", "ms", "bytes", "client", "code", "seconds")

_PATTERNS = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(?<=://)[^\s/@'\"]*:[^\s/'\"]*(?=@)", HIDDEN),  # user and password of a URL
        (r"(?i)((?:password|passwd|token|secret|sessionid|csrf\w*)\\?[\"']?\s*[=:]\s*\\?[\"']?)"
         r"[^\s&;,\"'\\\[]+", rf"\1{HIDDEN}"),
        (r"(?i)\b((?:authorization['\"]?\s*[:=]\s*['\"]?)?(?:bearer|bot|basic)\s+)[\w.~+/=-]{16,}",
         rf"\1{HIDDEN}"),
        (r"\b[\w-]{23,30}\.[\w-]{6,7}\.[\w-]{25,}", HIDDEN),  # the token of a bot
        (r"(?i)(/(?:webhooks|interactions)/\d+/)[\w%.~-]{16,}", rf"\1{HIDDEN}"),
        (r"\b[\w-]{100,}", HIDDEN),  # the token of an interaction
        (r"\b(?=[a-z0-9]*[g-z])(?=[a-z0-9]*\d)[a-z0-9]{32}\b", HIDDEN),  # the key of a session
    )
]  # fmt: skip


class WithoutTraceback(logging.Filter):
    """Keeps each reconnect of discord.py to one line: `gateway.disconnected` tells the rest."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, without its stack."""
        record.exc_info = record.exc_text = None
        return True


class AnsweredAsWarnings(logging.Filter):
    """Makes of what was refused with a 4xx one warning: anybody can send such a request.

    Django logs a foreign host as an error, and each refusal with the stack of its own code.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through."""
        status = getattr(record, "status_code", None)
        if isinstance(status, int) and 400 <= status < 500:
            record.exc_info = record.exc_text = None
            if record.levelno > logging.WARNING:
                record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


@cache
def _known_secrets() -> list[str]:
    """Return the secrets in our settings, in every form in which they may be printed."""
    from django.conf import settings

    redis = urlsplit(settings.REDIS_URL).password or ""
    found = {settings.DATABASES["default"].get("PASSWORD", ""), redis, quote(redis, safe="")}
    for name in ("SECRET_KEY", "DISCORD_TOKEN", "METRICS_TOKEN", "DEMO_ADMIN_PASSWORD"):
        found.add(getattr(settings, name))
    forms = {form for one in found if one for form in (one, repr(one)[1:-1], quote(one, safe=""))}
    return sorted((f for f in forms if len(f) >= _SECRET_MIN_CHARACTERS), key=len, reverse=True)


def scrub(text: str) -> str:
    """Return `text` without our secrets, and without what looks like somebody's."""
    for secret in _known_secrets():
        text = text.replace(secret, HIDDEN)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def escape(text: str) -> str:
    """Return `text` on one line, with whatever a terminal would obey or not show spelled out."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _clean(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else str(value)
    if len(text) > TEXT_MAX_CHARACTERS:
        text = text[:TEXT_MAX_CHARACTERS] + "..."
    return scrub(text)


def _scrubbed(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Clean every value of an event; the exception is text by now."""
    return {key: _clean(value) for key, value in event.items()}


def _readable(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    """Write an event as one line, and its traceback below it where no line can be mistaken."""
    rest = dict(event)
    parts = [rest.pop(name, "") for name in ("timestamp", "level", "logger", "event")]
    stacks = [str(rest.pop(name)) for name in ("exception", "stack_info") if rest.get(name)]
    at, level, logger, said = map(str, parts)
    line = f"{at} {level.upper()} {logger}: {escape(said)}"
    line += "".join(f" {name}={escape(str(value))}" for name, value in rest.items())
    below = [f"    | {escape(row)}" for stack in stacks for row in stack.splitlines()]
    return "\n".join([line, *below])


def formatter(form: str) -> logging.Formatter:
    """Return the formatter of LOGGING: `json` or `text`."""
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(allow=EXTRA),
        structlog.processors.TimeStamper(
            fmt="iso" if form == "json" else "%Y-%m-%d %H:%M:%S", utc=True
        ),
        structlog.processors.format_exc_info,
    ]
    after: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _scrubbed]
    after.append(structlog.processors.JSONRenderer() if form == "json" else _readable)
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=after)
