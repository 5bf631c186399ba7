"""The activity chart: commands and transactions, with the period before."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from dashboard import frames, queries
from dashboard.spans import ACTIVITY, Span

COMMAND_KINDS = ("bot.command_completed", "bot.command_refused", "bot.command_failed")

Point = dict[str, Any]

_series: dict[str, tuple[str, ...]] = {"commands": COMMAND_KINDS, "transactions": ()}


def register_series(name: Literal["commands", "transactions"], *, kinds: Iterable[str]) -> None:
    """Count events of `kinds` in the series `name` of the activity chart."""
    _series[name] = tuple(dict.fromkeys((*_series[name], *kinds)))


def collect(now: datetime, span: Span) -> dict[str, Any]:
    """Return what `/api/stats/activity` answers: the points of `span`, and those just before."""
    starts = span.starts(now)
    before = [start - span.length for start in starts]
    points = _points([*before, *starts], span.step)
    return {
        "range": span.name,
        "stepSeconds": int(span.step.total_seconds()),
        "activityOverview": points[len(starts) :],
        "previous": points[: len(starts)],
    }


def hourly(now: datetime) -> list[Point]:
    """Return the 24 hours up to the one that runs at `now`, oldest first, zeros included."""
    span = ACTIVITY["24h"]
    return _points(span.starts(now), span.step)


def _points(starts: Sequence[datetime], step: timedelta) -> list[Point]:
    kinds = {kind for kinds in _series.values() for kind in kinds}
    found = queries.count_kinds_by_hour(starts[0], sorted(kinds))
    points: list[Point] = [
        {"hour": frames.timestamp(start)} | dict.fromkeys(_series, 0) for start in starts
    ]
    for hour, kind, count in found:
        at = (hour - starts[0]) // step
        if at < len(points):  # a clock that was ahead has counted hours that are not there yet
            for name, counted in _series.items():
                points[at][name] += count * (kind in counted)
    return points
