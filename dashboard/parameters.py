"""What an address may ask for, checked; what makes no sense is named, never an error of ours."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.http import QueryDict

from dashboard.filters import EventFilter
from dashboard.models import Level

LIMIT_DEFAULT = 50
LIMIT_MAX = 200
TEXT_MAX_CHARACTERS = 100
_NUMBER = re.compile(r"[0-9]{1,19}", re.ASCII)
_KIND = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*(\.\*)?", re.ASCII)
_FINGERPRINT = re.compile(r"[0-9A-Za-z_-]{1,32}", re.ASCII)
_COMMAND = re.compile(r"[-\w ]{1,32}")


class BadParameter(Exception):
    """A parameter has an impossible value; the text says which, and what is possible."""


class EventPage(NamedTuple):
    """A page of the log: those after a seq, oldest first, or else before one, newest first."""

    wanted: EventFilter
    after: int | None
    before: int | None
    limit: int


def read_event_page(query: QueryDict) -> EventPage:
    """Return the page of events that `query` asks for; raise `BadParameter`."""
    limit = _number(query, "limit")
    if limit is not None and not 1 <= limit <= LIMIT_MAX:
        raise BadParameter(f"limit is a number from 1 to {LIMIT_MAX}.")
    return EventPage(
        wanted=read_event_filter(query),
        after=_number(query, "after"),
        before=_number(query, "before"),
        limit=limit or LIMIT_DEFAULT,
    )


def read_event_filter(query: QueryDict) -> EventFilter:
    """Return the filter that `query` asks for; raise `BadParameter`."""
    levels = tuple(level for level in ",".join(query.getlist("level")).split(",") if level)
    if unknown := set(levels) - set(Level.values):
        raise BadParameter(f"level {min(unknown)[:20]!r} is none of {', '.join(Level.values)}.")
    kind = query.get("kind", "")
    if kind and (len(kind) > 64 or not _KIND.fullmatch(kind)):
        raise BadParameter("kind is a name such as economy.daily_claimed, or economy.* for all.")
    command = query.get("command", "").removeprefix("/")
    if command and not _COMMAND.fullmatch(command):
        raise BadParameter("command is the name of a slash command.")
    text = query.get("q", "").strip()
    if len(text) > TEXT_MAX_CHARACTERS or "\0" in text:
        raise BadParameter(f"q is a text of at most {TEXT_MAX_CHARACTERS} characters.")
    fingerprint = query.get("fingerprint", "")
    if fingerprint and not _FINGERPRINT.fullmatch(fingerprint):
        raise BadParameter("fingerprint is that of an error, such as 6f1c09d2a7b34e58.")
    guild, actor = _number(query, "guild"), _number(query, "actor")
    return EventFilter(levels, kind, guild, actor, command, text, fingerprint)


def event_parameters(wanted: EventFilter) -> dict[str, str]:
    """Return the parameters that `read_event_filter` reads as `wanted`; none for what is not."""
    found = {
        "level": ",".join(wanted.levels),
        "kind": wanted.kind,
        "guild": "" if wanted.guild is None else str(wanted.guild),
        "actor": "" if wanted.actor is None else str(wanted.actor),
        "command": wanted.command,
        "q": wanted.text,
        "fingerprint": wanted.fingerprint,
    }
    return {name: value for name, value in found.items() if value}


def read_moment(query: QueryDict, name: str) -> datetime | None:
    """Return a moment such as `2026-01-08T12:04:00Z` (UTC if unsaid), None if it is not given.

    Raises `BadParameter`.
    """
    value = query.get(name, "")
    if not value:
        return None
    try:
        if "T" in value:
            value = value.replace(" ", "+")  # a plus in an address means a space
        at = datetime.fromisoformat(value)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadParameter(f"{name} is a moment such as 2026-01-08T12:04:00Z.") from None


def read_seconds(query: QueryDict, name: str) -> timedelta | None:
    """Return a stretch of time of at most a day, None if it is not given; raise `BadParameter`."""
    seconds = _number(query, name)
    if seconds is not None and not 1 <= seconds <= 86_400:
        raise BadParameter(f"{name} is a number of seconds from 1 to 86400.")
    return None if seconds is None else timedelta(seconds=seconds)


def _number(query: QueryDict, name: str) -> int | None:
    """Return a number that the database can hold, None if it is not given."""
    value = query.get(name, "")
    if not value:
        return None
    if not _NUMBER.fullmatch(value) or int(value) >= 2**63:
        raise BadParameter(f"{name} is a whole number from 0 to 2^63 - 1.")
    return int(value)
