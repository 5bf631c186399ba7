"""How long commands took and how they ended, counted as they end: by hour, day, minute and guild.

A duration falls into one of `BUCKETS` fixed buckets, four for each doubling, so a percentile is
known to within 9 % whatever its size, and costs the hours and commands looked at, never the log.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal, NamedTuple

from django.db import connection

from dashboard.events import Ref
from dashboard.statements import upsert
from dashboard.text import clean

Outcome = Literal["completed", "refused", "failed"]

BUCKETS = 65
PER_DOUBLING = 4


class Fault(NamedTuple):
    """What made a command fail: the same `fingerprint` for the same fault, and no text of it."""

    fingerprint: str
    error: str
    where: str = ""


class Run(NamedTuple):
    """One command that ended at `at`, in `guild` or in a direct message."""

    command: str
    outcome: Outcome
    duration_ms: float
    at: datetime
    fault: Fault | None = None
    guild: Ref | None = None


class LastHour(NamedTuple):
    """The commands of the last 60 minutes: their p95 in ms, that of the 60 before, how many."""

    p95_ms: float | None
    before_ms: float | None
    runs: int


def bucket_of(duration_ms: float) -> int:
    """Return the bucket of a duration: 0 for all up to 1 ms, the last for all beyond a minute."""
    if not duration_ms > 1:
        return 0
    return min(math.ceil(PER_DOUBLING * math.log2(min(duration_ms, 1e9))), BUCKETS - 1)


def percentile(buckets: Mapping[int, int], share: float) -> float | None:
    """Return what `share` of the counted durations did not pass, in ms; None without any."""
    rank = math.ceil(share * sum(buckets.values()))
    for bucket in sorted(buckets):
        rank -= buckets[bucket]
        if rank <= 0 and buckets[bucket]:
            return round(2 ** ((bucket - 0.5) / PER_DOUBLING), 1) if bucket else 1.0
    return None


def count_runs(runs: Sequence[Run]) -> None:
    """Count `runs` in the caller's transaction. Call it before the lock of the stream is taken."""
    runs = [run._replace(command=clean(run.command, 32)) for run in runs]
    # Table after table, each in the order of its keys: two processes never wait for each other.
    _count_hours(runs)
    _count_faults([run for run in runs if run.fault])
    _count_minutes(runs)
    _count_guilds(runs)


def _count_hours(runs: Sequence[Run]) -> None:
    at = connection.ops.adapt_datetimefield_value
    on = connection.ops.adapt_datefield_value
    hours: Counter[tuple[datetime, str, str, int]] = Counter()
    days: Counter[tuple[date, str, str, int]] = Counter()
    for run in runs:
        ended = run.at.astimezone(UTC)
        key = run.command, run.outcome, bucket_of(run.duration_ms)
        hours[(ended.replace(minute=0, second=0, microsecond=0), *key)] += 1
        days[(ended.date(), *key)] += 1
    upsert(
        "dashboard_commandcount (hour, command, outcome, bucket, runs)",
        "(hour, command, outcome, bucket) DO UPDATE SET"
        " runs = dashboard_commandcount.runs + excluded.runs",
        [[at(hour), *key, count] for (hour, *key), count in sorted(hours.items())],
    )
    upsert(
        "dashboard_commandday (day, command, outcome, bucket, runs)",
        "(day, command, outcome, bucket) DO UPDATE SET"
        " runs = dashboard_commandday.runs + excluded.runs",
        [[on(day), *key, count] for (day, *key), count in sorted(days.items())],
    )


def _count_minutes(runs: Sequence[Run]) -> None:
    counts = Counter(
        (run.at.astimezone(UTC).replace(second=0, microsecond=0), bucket_of(run.duration_ms))
        for run in runs
    )
    at = connection.ops.adapt_datetimefield_value
    upsert(
        "dashboard_durationminute (minute, bucket, runs)",
        "(minute, bucket) DO UPDATE SET runs = dashboard_durationminute.runs + excluded.runs",
        [[at(minute), bucket, count] for (minute, bucket), count in sorted(counts.items())],
    )


def _count_guilds(runs: Sequence[Run]) -> None:
    counts = Counter(
        (run.guild.id, run.at.astimezone(UTC).date(), run.command, run.outcome)
        for run in runs
        if run.guild
    )
    on = connection.ops.adapt_datefield_value
    upsert(
        "dashboard_guildcommandday (guild_id, day, command, outcome, runs)",
        "(guild_id, day, command, outcome) DO UPDATE SET"
        " runs = dashboard_guildcommandday.runs + excluded.runs",
        [[guild, on(day), *key, count] for (guild, day, *key), count in sorted(counts.items())],
    )


def _count_faults(runs: Sequence[Run]) -> None:
    groups: dict[str, list[Any]] = {}
    at = connection.ops.adapt_datetimefield_value
    for run in runs:
        assert run.fault is not None  # noqa: S101
        fingerprint, error, where = run.fault
        count = groups[fingerprint][4] if fingerprint in groups else 0
        first, last = groups[fingerprint][5:] if fingerprint in groups else (run.at, run.at)
        groups[fingerprint] = [
            fingerprint[:32], clean(error, 100), clean(where, 200), run.command, count + 1,
            min(first, run.at), max(last, run.at),
        ]  # fmt: skip
    upsert(
        "dashboard_errorgroup"
        " (fingerprint, error, place, command, count, first_seen_at, last_seen_at)",
        # What was kept while the database was away may be older than what is known.
        "(fingerprint) DO UPDATE SET count = dashboard_errorgroup.count + excluded.count,"
        " command = excluded.command,"
        " first_seen_at = CASE WHEN excluded.first_seen_at < dashboard_errorgroup.first_seen_at"
        " THEN excluded.first_seen_at ELSE dashboard_errorgroup.first_seen_at END,"
        " last_seen_at = CASE WHEN excluded.last_seen_at > dashboard_errorgroup.last_seen_at"
        " THEN excluded.last_seen_at ELSE dashboard_errorgroup.last_seen_at END",
        [[*group[:5], at(group[5]), at(group[6])] for _, group in sorted(groups.items())],
    )
