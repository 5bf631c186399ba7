"""The latency chart: Discord's gateway, and how long commands took, over time.

What is not known is null: a minute without a sample has no gateway latency, one without a command
no percentile. `static/js/spans.js` marks what is out of the ordinary as `unusual` does here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from dashboard import bots, queries
from dashboard.cards import RUNS_MIN, times_usual, usual
from dashboard.frames import timestamp
from dashboard.headline import Slow
from dashboard.runs import percentile
from dashboard.spans import HOUR, LATENCY, MINUTE, Span, floor

FIGURES = ("gatewayMs", "p95Ms")
"""The lines that are compared with their usual."""
Point = dict[str, Any]


def collect(now: datetime, span: Span) -> dict[str, Any]:
    """Return what `/api/stats/latency` answers.

    A point has the highest gateway latency of its minutes, and the percentiles of all its commands.
    """
    starts = span.starts(now)
    now_ms = bots.describe(queries.bot_processes(now), now)["latencyMs"]
    gateway = {floor(now, MINUTE): now_ms, **gateway_by_minute(starts[0])}
    if span.step >= HOUR:
        counted = queries.durations_by_hour(starts[0])
    else:
        counted = queries.durations_by_minute(starts[0])
    return {
        "range": span.name,
        "stepSeconds": int(span.step.total_seconds()),
        "latency": _points(starts, span.step, gateway, counted),
    }


def latest(
    now: datetime, now_ms: float | None, gateway: Mapping[datetime, float | None]
) -> list[Point]:
    """Return the last two minutes as points: what a `STATS_UPDATE` brings to the chart.

    `gateway` is what was sampled; until this minute is, its latency is `now_ms`.
    """
    starts = LATENCY["1h"].starts(now)[-2:]
    known = {floor(now, MINUTE): now_ms, **gateway}
    return _points(starts, MINUTE, known, queries.durations_by_minute(starts[0]))


def gateway_by_minute(since: datetime) -> dict[datetime, float | None]:
    """Return the mean gateway latency of each sampled minute since then, in ms, oldest first."""
    minutes: dict[datetime, list[float]] = {}
    for at, latency_ms in queries.sampled_latency(since):
        known = minutes.setdefault(at.replace(second=0, microsecond=0), [])
        if latency_ms is not None:
            known.append(latency_ms)
    return {at: sum(known) / len(known) if known else None for at, known in minutes.items()}


def slow_since(
    now: datetime, now_ms: float | None, gateway: Mapping[datetime, float | None]
) -> Slow | None:
    """Return how slow Discord's gateway is now, and since which minute; None while it is not.

    `gateway` are the minutes of the last hour; one without a sample ends nothing.
    """
    usually = usual(gateway.values())
    times = times_usual(now_ms, usually)
    if times is None:
        return None
    since = floor(now, MINUTE)
    for minute in sorted(gateway, reverse=True):
        if gateway[minute] is not None:
            if not times_usual(gateway[minute], usually):
                break
            since = minute
    return Slow(times, since)


def unusual(points: Sequence[Point]) -> list[tuple[int, int]]:
    """Return the first and last index of each stretch of `points` that is out of the ordinary."""
    usually = {name: usual(point[name] for point in points) for name in FIGURES}
    stretches: list[tuple[int, int]] = []
    for at, point in enumerate(points):
        enough = {"gatewayMs": True, "p95Ms": point["runs"] >= RUNS_MIN}
        if not any(enough[name] and times_usual(point[name], usually[name]) for name in FIGURES):
            continue
        if stretches and stretches[-1][1] == at - 1:
            stretches[-1] = (stretches[-1][0], at)
        else:
            stretches.append((at, at))
    return stretches


def _points(
    starts: Sequence[datetime],
    step: timedelta,
    gateway: Mapping[datetime, float | None],
    counted: Iterable[tuple[datetime, int, int]],
) -> list[Point]:
    highest: list[float | None] = [None] * len(starts)
    for minute, latency_ms in gateway.items():
        at = (minute - starts[0]) // step
        if latency_ms is not None and 0 <= at < len(starts):
            highest[at] = max(latency_ms, highest[at] or 0.0)
    buckets: list[Counter[int]] = [Counter() for _ in starts]
    for moment, bucket, runs in counted:
        if (at := (moment - starts[0]) // step) < len(starts):
            buckets[at][bucket] += runs
    return [
        {
            "at": timestamp(start),
            "runs": found.total(),
            "gatewayMs": None if high is None else round(high, 1),
            "p50Ms": percentile(found, 0.50),
            "p95Ms": percentile(found, 0.95),
            "p99Ms": percentile(found, 0.99),
        }
        for start, high, found in zip(starts, highest, buckets, strict=True)
    ]
