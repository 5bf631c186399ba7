"""What an address may ask for, checked; what makes no sense is named, never an error of ours."""

import re
from typing import NamedTuple

from django.http import QueryDict

from dashboard.models import Level

LIMIT_DEFAULT = 50
LIMIT_MAX = 200
TEXT_MAX_CHARACTERS = 100
_NUMBER = re.compile(r"[0-9]{1,19}", re.ASCII)
_KIND = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*(\.\*)?", re.ASCII)
_COMMAND = re.compile(r"[-\w ]{1,32}")


class BadParameter(Exception):
    """A parameter has an impossible value; the text says which, and what is possible."""


class EventFilter(NamedTuple):
    """Which events are wanted; what is None or empty matches all."""

    levels: tuple[str, ...] = ()
    kind: str = ""
    guild: int | None = None
    actor: int | None = None
    command: str = ""
    text: str = ""


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
    levels = tuple(level for level in query.get("level", "").split(",") if level)
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
    return EventFilter(
        levels, kind, _number(query, "guild"), _number(query, "actor"), command, text
    )


def _number(query: QueryDict, name: str) -> int | None:
    """Return a number that the database can hold, None if it is not given."""
    value = query.get(name, "")
    if not value:
        return None
    if not _NUMBER.fullmatch(value) or int(value) >= 2**63:
        raise BadParameter(f"{name} is a whole number from 0 to 2^63 - 1.")
    return int(value)
