"""A filter on this side of the wire: the same meaning that the API gives it on the other side."""

from typing import Any

from django.http import QueryDict

from dashboard.parameters import BadParameter, EventFilter, read_event_filter

OPTIONS = {
    "level": "level",
    "kind": "kind",
    "guild": "guild",
    "actor": "actor",
    "command": "command",
    "text": "q",
}
"""The options of a command line, and the parameters of the API that they stand for."""


def read_wanted(options: dict[str, Any]) -> EventFilter:
    """Return the filter that `options` ask for, checked as the API does it.

    Raises `BadParameter`, which names the option.
    """
    query = QueryDict(mutable=True)
    wanted = EventFilter()
    for option, name in OPTIONS.items():
        query[name] = options[option] or ""
        try:
            wanted = read_event_filter(query)
        except BadParameter as error:
            raise BadParameter(f"--{option}: {error}") from None
    return wanted


def parameters(wanted: EventFilter) -> dict[str, str]:
    """Return the parameters with which the API filters like this."""
    found = {
        "level": ",".join(wanted.levels),
        "kind": wanted.kind,
        "guild": "" if wanted.guild is None else str(wanted.guild),
        "actor": "" if wanted.actor is None else str(wanted.actor),
        "command": wanted.command,
        "q": wanted.text,
    }
    return {name: value for name, value in found.items() if value}


def matches(event: dict[str, Any], wanted: EventFilter) -> bool:
    """Tell whether an event of the wire is wanted, as `queries.event_page` tells it of a row."""
    return (
        (not wanted.levels or event["type"] in wanted.levels)
        and _is_kind(event["kind"], wanted.kind)
        and _is(event["guild"], wanted.guild)
        and _is(event["actor"], wanted.actor)
        and (not wanted.command or event["command"] == wanted.command)
        and _has_text(event, wanted.text)
    )


def _is_kind(kind: str, wanted: str) -> bool:
    if wanted.endswith(".*"):
        return kind.startswith(wanted[:-1])
    return not wanted or kind == wanted


def _is(reference: dict[str, str] | None, wanted: int | None) -> bool:
    return wanted is None or (reference is not None and reference["id"] == str(wanted))


def _has_text(event: dict[str, Any], wanted: str) -> bool:
    names = (reference["name"] for reference in (event["actor"], event["guild"]) if reference)
    return any(wanted.upper() in text.upper() for text in (event["message"], *names))
