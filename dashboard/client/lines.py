"""What happened, as lines for a terminal: members chose much of the text, and none of it acts."""

import json
import unicodedata
from collections.abc import Callable
from typing import Any

from dashboard.client.news import (
    CameBack,
    Happened,
    Live,
    News,
    NoLongerKept,
    OtherLog,
    TooFarBehind,
    WentAway,
)
from dashboard.templatetags.feed import MARKS, WORDS
from dashboard.templatetags.figures import milliseconds
from dashboard.templatetags.moments import clock_time, day_name

_JOINERS = "\u200c\u200d"  # emoji and some scripts are written with them
_ACTING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_DIM = "2"
_COLOURS = {"success": "32", "info": "36", "warn": "33", "error": "31"}


def printable(text: str) -> str:
    r"""Return `text` with every character that could act on a terminal written out, as `\x1b`."""
    return _replaced(text, lambda character: character.encode("unicode_escape").decode())


def json_line(event: dict[str, Any]) -> str:
    """Return the wire's object of `event` in one line that acts on no terminal either."""
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    return _replaced(text, lambda character: json.dumps(character)[1:-1])


def _replaced(text: str, written: Callable[[str], str]) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        written(character)
        if unicodedata.category(character) in _ACTING and character not in _JOINERS
        else character
        for character in text
    )


class Lines:
    """Writes events as lines: `12:06:41  42  ✓ success  economy.daily_claimed  ada claimed …`.

    A line before the first event of each UTC day names it. `coloured` adds colour; the level is a
    word and a shape as well.
    """

    def __init__(self, *, coloured: bool) -> None:
        self._coloured = coloured
        self._day = ""

    def of(self, event: dict[str, Any]) -> list[str]:
        """Return the lines of the next event."""
        at, level = event["timestamp"], event["type"]
        colour = _COLOURS.get(level, _COLOURS["info"])
        cells = [
            self._paint(_DIM, clock_time(at)),
            self._paint(_DIM, f"{event['seq']:>6}"),
            self._paint(colour, f"{MARKS.get(level, 'i')} {WORDS.get(level, 'info'):<7}"),
            self._paint(_DIM, f"{printable(event['kind']):<24}"),
            printable(event["message"]),
        ]
        if beside := " · ".join(_beside(event)):
            cells.append(self._paint(_DIM, f"· {beside}"))
        day, self._day = self._day, at[:10]
        heading = [] if day == self._day else [self._paint(_DIM, f"— {day_name(at)} (UTC) —")]
        return [*heading, "  ".join(cells)]

    def _paint(self, colour: str, text: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._coloured else text


def _beside(event: dict[str, Any]) -> list[str]:
    """Return what belongs to the event and is not said by its sentence."""
    message = event["message"]
    names = [reference["name"] for reference in (event["actor"], event["guild"]) if reference]
    command = f"/{event['command']}" if event["command"] else ""
    said = [printable(text) for text in (command, *names) if text and text not in message]
    duration = event["durationMs"]
    return said if duration is None else [*said, milliseconds(duration)]


def sentence(news: News) -> str:
    """Return what the reader is told of the connection, empty for an event."""
    match news:
        case Happened():
            return ""
        case Live():
            return "live"
        case WentAway(why):
            return f"connection lost ({why}), trying again"
        case CameBack(events, seconds, whole, polling):
            how = "no socket, reading every few seconds" if polling else "live again"
            count = "1 event" if events == 1 else f"{events:,} events"
            missing = ", nothing missing" if whole else ""
            return f"{how}: {count} while away ({seconds:.0f} s){missing}"
        case TooFarBehind():
            return "too far behind for a replay, reading the log instead"
        case NoLongerKept(first, last):
            return f"events {first:,} to {last:,} are no longer kept"
        case OtherLog():
            return "the log is another one now (a restored database?): its newest events follow"
