"""The stretches of time that charts and tables show, cut into steps of UTC."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from django.http import QueryDict

from dashboard.parameters import BadParameter


class Span(NamedTuple):
    """A stretch of time: `pieces` pieces of `piece` each, the last one running, cut into steps.

    Charts whose pieces agree begin at the same moment, whatever their steps.
    """

    name: str
    words: str
    pieces: int
    piece: timedelta
    step: timedelta

    @property
    def length(self) -> timedelta:
        """How long the whole is, with what is still to come of the last piece."""
        return self.pieces * self.piece

    def starts(self, now: datetime) -> list[datetime]:
        """Return when each step up to that of `now` starts, oldest first."""
        first = floor(now, self.piece) - (self.pieces - 1) * self.piece
        steps = (now - first) // self.step + 1
        return [first + number * self.step for number in range(steps)]


MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ACTIVITY = {
    "24h": Span("24h", "24 hours", 24, HOUR, HOUR),
    "7d": Span("7d", "7 days", 28, 6 * HOUR, 6 * HOUR),
    "30d": Span("30d", "30 days", 30, DAY, DAY),
}
LATENCY = {
    "1h": Span("1h", "hour", 60, MINUTE, MINUTE),
    "24h": Span("24h", "24 hours", 24, HOUR, 10 * MINUTE),
    "7d": Span("7d", "7 days", 28, 6 * HOUR, HOUR),
}
COMMANDS = {"today": 1, "24h": 1, "7d": 7, "30d": 30}
"""The days that the table of commands can be asked for; `24h` is counted by hours."""


def floor(at: datetime, step: timedelta) -> datetime:
    """Return the start of the step that `at` is in; steps of a day start at midnight UTC."""
    seconds = int(step.total_seconds())
    return datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, UTC)


def last_days(now: datetime, days: int) -> tuple[date, date]:
    """Return the first and the last of the last `days` UTC days, today included."""
    today = now.astimezone(UTC).date()
    return today - timedelta(days=days - 1), today


def read_range(
    query: QueryDict, known: Mapping[str, object], name: str = "range", default: str = "24h"
) -> str:
    """Return the name of a range that `query` asks for; raise `BadParameter`."""
    value = query.get(name) or default
    if value not in known:
        raise BadParameter(f"{name} is one of {', '.join(known)}.")
    return value
