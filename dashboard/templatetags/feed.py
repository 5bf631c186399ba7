"""How events become the rows of the feed; `static/js/fold.js` and `sentence.js` do the same.

Both are held to `tests/js/fixtures/rows.json`, so that the page says the same before and after
JavaScript took over.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, TypedDict

from django import template

from dashboard.templatetags.figures import milliseconds
from dashboard.templatetags.moments import clock_time, day_name

register = template.Library()

MARKS = {"success": "✓", "info": "i", "warn": "▲", "error": "✕"}
WORDS = {"success": "success", "info": "info", "warn": "warning", "error": "error"}


class Part(TypedDict):
    """A piece of a sentence: plain text, somebody's `name`, or the `command` that was used."""

    role: str
    text: str


class Row(TypedDict):
    """One line of the feed, ready to be shown. `day` is set on the first row of each day.

    `filters` has, by their names, the parameter that asks for more of the member and of the guild.
    """

    seq: int
    type: str
    mark: str
    word: str
    timestamp: str
    time: str
    day: str
    parts: list[Part]
    context: list[str]
    filters: dict[str, str]
    duration: str


@register.simple_tag
def levels() -> list[tuple[str, str]]:
    """Return every level, and its word."""
    return list(WORDS.items())


@register.filter
def fold(events: Sequence[dict[str, Any]]) -> list[Row]:
    """Return the rows of `events` (newest first): one for each thing that happened.

    A completed command whose request already changed something gets no row of its own: how long it
    took is shown on the latest earlier change of that request.
    """
    changes: dict[str, int] = {}
    durations: dict[int, float | None] = {}
    folded = set()
    for event in reversed(events):
        request = event["request"]
        if not request:
            continue
        if not event["kind"].startswith("bot.command_"):
            changes[request] = event["seq"]
        elif event["kind"] == "bot.command_completed" and request in changes:
            durations[changes[request]] = event["durationMs"]
            folded.add(event["seq"])
    shown = [event for event in events if event["seq"] not in folded]
    return _with_days(row(event, durations.get(event["seq"])) for event in shown)


@register.filter
def unfolded(events: Sequence[dict[str, Any]]) -> list[Row]:
    """Return a row for each of `events`, whatever belongs together."""
    return [row(event) for event in events]


@register.filter
def row(event: dict[str, Any], duration_ms: float | None = None) -> Row:
    """Return the row of one event, with the duration of the command it belongs to."""
    if duration_ms is None:
        duration_ms = event["durationMs"]
    return {
        "seq": event["seq"],
        "type": event["type"],
        "mark": MARKS.get(event["type"], "i"),
        "word": WORDS.get(event["type"], "info"),
        "timestamp": event["timestamp"],
        "time": clock_time(event["timestamp"]),
        "day": day_name(event["timestamp"]),
        "parts": parts(event),
        "context": context(event),
        "filters": filters(event),
        "duration": "" if duration_ms is None else milliseconds(duration_ms),
    }


def parts(event: dict[str, Any]) -> list[Part]:
    """Return the sentence of `event`, split where a name or a command stands in it.

    A name is marked where it first stands as a whole word, so that it can be isolated: a name
    written from right to left must not turn its neighbours around.
    """
    message = event["message"]
    found: list[tuple[int, int, str]] = []
    for role, text in _marked(event):
        for match in re.finditer(rf"(?<!\w){re.escape(text)}(?!\w)", message):
            if all(match.end() <= start or end <= match.start() for start, end, _ in found):
                found.append((*match.span(), role))
                break
    pieces: list[Part] = []
    at = 0
    for start, end, role in sorted(found):
        pieces += [
            {"role": "", "text": message[at:start]},
            {"role": role, "text": message[start:end]},
        ]
        at = end
    pieces.append({"role": "", "text": message[at:]})
    return [piece for piece in pieces if piece["text"]]


def context(event: dict[str, Any]) -> list[str]:
    """Return who and where, as far as the sentence does not say it already."""
    said = {part["text"] for part in parts(event) if part["role"] == "name"}
    names = [event[key]["name"] for key in ("actor", "guild") if event[key]]
    if not event["guild"]:
        names.append(event["kind"].partition(".")[0])
    return [name for name in names if name and name not in said]


def filters(event: dict[str, Any]) -> dict[str, str]:
    """Return what asks for more of the guild and of the member, by their names."""
    return {
        event[key]["name"]: f"{key}={event[key]['id']}"
        for key in ("guild", "actor")
        if event[key] and event[key]["name"]
    }


@register.filter
def of(found: dict[str, str] | str, name: str) -> str:
    """Return what `found` has for `name`; empty if nothing."""
    return found.get(name, "") if isinstance(found, dict) else ""


def _marked(event: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what may be marked in the sentence, longest first: `(role, text)`."""
    names = [event[key]["name"] for key in ("actor", "guild") if event[key]]
    for key, value in event["data"].items():
        if isinstance(value, dict) and isinstance(value.get("name"), str):
            names.append(value["name"])
        elif isinstance(value, str) and key.lower().endswith("name"):
            names.append(value)
    marked = [("name", name) for name in names if name]
    if event["command"]:
        marked.append(("command", f"/{event['command']}"))
    return sorted(dict.fromkeys(marked), key=lambda item: -len(item[1]))


def _with_days(rows: Iterable[Row]) -> list[Row]:
    """Leave the day on the first row of each day only: that is where its heading goes."""
    shown, last = [], ""
    for each in rows:
        day, each["day"] = each["day"], "" if each["day"] == last else each["day"]
        last = day
        shown.append(each)
    return shown
