"""The stretches of time that charts and tables show, cut into steps of UTC."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from django.http import QueryDict

from dashboard.parameters import BadParameter


class Span(NamedTuple):
    """So many points, each a `step` apart; the last one is the step that runs."""

    name: str
    step: timedelta
    points: int

    def starts(self, now: datetime) -> list[datetime]:
        """Return when each step up to that of `now` starts, oldest first."""
        last = floor(now, self.step)
        return [last - back * self.step for back in range(self.points - 1, -1, -1)]


ACTIVITY = {
    "24h": Span("24h", timedelta(hours=1), 24),
    "7d": Span("7d", timedelta(hours=6), 28),
    "30d": Span("30d", timedelta(days=1), 30),
}
LATENCY = {
    "1h": Span("1h", timedelta(minutes=1), 60),
    "24h": Span("24h", timedelta(minutes=10), 144),
    "7d": Span("7d", timedelta(hours=1), 168),
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
