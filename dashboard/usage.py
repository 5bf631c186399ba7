"""Which commands are used, how long they take and how they fail: read from what `runs` counts."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from django.db.models import Sum

from dashboard import cards, queries
from dashboard.frames import timestamp
from dashboard.headline import Slow
from dashboard.models import CommandCount, CommandDay, ErrorGroup
from dashboard.runs import LastHour, percentile
from dashboard.spans import ACTIVITY, COMMANDS, HOUR, MINUTE, floor, last_days

Row = dict[str, Any]

COMMANDS_SHOWN = 25
ERRORS_SHOWN = 10
ALL_SHOWN = 100  # commands that Discord takes from one bot
GROUPS_SHOWN = 50
ORDERS: dict[str, Callable[[Row], float]] = {
    "runs": lambda row: row["runs"],
    "refused": lambda row: row["refused"],
    "failed": lambda row: row["failed"],
    "p50": lambda row: row["p50Ms"],
    "p95": lambda row: row["p95Ms"],
    "p99": lambda row: row["p99Ms"],
}
"""What a table of commands may be ordered by, the largest first."""
_FIGURES = "command", "outcome", "bucket"


def of_day(now: datetime) -> list[Row]:
    """Return a row for each command of the UTC day of `now`, the most used first."""
    return of_range(now, "today")[:COMMANDS_SHOWN]


def of_range(now: datetime, name: str) -> list[Row]:
    """Return a row for each command of the range `name` of `COMMANDS`, the most used first.

    `today`, `7d` and `30d` are UTC days with that of `now`, `24h` is hours with that of `now`.
    """
    if name == "24h":
        first = ACTIVITY[name].starts(now)[0]
        hours = CommandCount.objects.filter(hour__gte=first, hour__lte=now)
        return _rows(hours.values_list(*_FIGURES).annotate(total=Sum("runs")))
    days = CommandDay.objects.filter(day__range=last_days(now, COMMANDS[name]))
    return _rows(days.values_list(*_FIGURES).annotate(total=Sum("runs")))


def _rows(counted: Iterable[tuple[str, str, int, int]]) -> list[Row]:
    buckets: dict[str, Counter[int]] = {}
    outcomes: dict[str, Counter[str]] = {}
    for command, outcome, bucket, runs in counted:
        buckets.setdefault(command, Counter())[bucket] += runs
        outcomes.setdefault(command, Counter())[outcome] += runs
    rows = [
        {
            "command": command,
            "runs": outcomes[command].total(),
            "p50Ms": percentile(found, 0.50),
            "p95Ms": percentile(found, 0.95),
            "p99Ms": percentile(found, 0.99),
            "refused": outcomes[command]["refused"],
            "failed": outcomes[command]["failed"],
        }
        for command, found in buckets.items()
    ]
    rows.sort(key=lambda row: (-int(str(row["runs"])), str(row["command"])))
    return rows[:ALL_SHOWN]


def describe(now: datetime, name: str, order: str) -> dict[str, Any]:
    """Return what `/api/commands` answers: the commands of a range, and the errors seen in it."""
    rows = of_range(now, name)
    return {
        "range": name,
        "sort": order,
        "cards": msgspec.to_builtins(_cards(rows)),
        "commands": sorted(rows, key=ORDERS[order], reverse=True),
        "errors": recent_errors(now, name, GROUPS_SHOWN),
    }


def _cards(rows: Sequence[Row]) -> list[cards.Card]:
    """Return what stands out: the command that is used most, is slowest, fails most."""
    runs = sum(row["runs"] for row in rows)
    failed = sum(row["failed"] for row in rows)
    used = max(rows, key=ORDERS["runs"], default=None)
    often = [row for row in rows if row["runs"] >= cards.RUNS_MIN]
    slow = max(often, key=ORDERS["p95"], default=None)
    failing = max((row for row in rows if row["failed"]), key=ORDERS["failed"], default=None)
    return [
        cards.Card(
            id="runs",
            label="Commands",
            value=f"{runs:,}",
            change=f"{failed:,}",
            tone="bad" if failed else "",
            period="failed",
        ),
        _named("used", "Most used", used, "runs", "runs"),
        _named("slowest", "Slowest", slow, "p95Ms", "ms p95"),
        _named("failing", "Most failing", failing, "failed", "failed"),
    ]


def _named(id: str, label: str, row: Row | None, figure: str, words: str) -> cards.Card:
    if row is None:
        return cards.Card(id=id, label=label, value="–")
    value, change = f"/{row['command']}", f"{row[figure]:,.0f}"
    return cards.Card(id=id, label=label, value=value, change=change, period=words)


def p95_by_hour(hours: Sequence[datetime]) -> list[float | None]:
    """Return the p95 of all commands in each of `hours`, which follow one another, in ms."""
    counted = CommandCount.objects.filter(hour__gte=hours[0], hour__lte=hours[-1])
    found: dict[datetime, Counter[int]] = {}
    for hour, bucket, runs in counted.values_list("hour", "bucket").annotate(total=Sum("runs")):
        found.setdefault(hour, Counter())[bucket] += runs
    return [percentile(found.get(hour, {}), 0.95) for hour in hours]


def last_hour(now: datetime) -> LastHour:
    """Return how long commands took in the last 60 minutes, this one included."""
    since = floor(now, MINUTE) - HOUR + MINUTE
    late: Counter[int] = Counter()
    before: Counter[int] = Counter()
    for bucket, runs, all_runs in queries.durations_of(since - HOUR, since):
        late[bucket], before[bucket] = runs, all_runs - runs
    return LastHour(percentile(late, 0.95), percentile(before, 0.95), late.total())


def slow(now: datetime, hour: LastHour, past_ms: Iterable[float | None]) -> Slow | None:
    """Return how slow commands are, and the slowest minute of the hour; None while they are not."""
    times = cards.slow_p95(hour, past_ms)
    if times is None:
        return None
    minutes: dict[datetime, Counter[int]] = {}
    for minute, bucket, runs in queries.durations_by_minute(floor(now, MINUTE) - HOUR + MINUTE):
        minutes.setdefault(minute, Counter())[bucket] += runs
    return Slow(times, max(minutes, key=lambda at: (percentile(minutes[at], 0.95) or 0, at)))


def recent_errors(now: datetime, name: str = "24h", limit: int = ERRORS_SHOWN) -> list[Row]:
    """Return the errors last seen in the range `name`, by fingerprint, the latest first."""
    first, _ = last_days(now, COMMANDS[name])
    midnight = datetime(first.year, first.month, first.day, tzinfo=UTC)
    since = now - timedelta(days=1) if name == "24h" else midnight
    groups = ErrorGroup.objects.filter(last_seen_at__gte=since)
    return [
        {
            "fingerprint": group.fingerprint,
            "error": group.error,
            "where": group.place,
            "command": group.command,
            "count": group.count,
            "firstSeenAt": timestamp(group.first_seen_at),
            "lastSeenAt": timestamp(group.last_seen_at),
        }
        for group in groups.order_by("-last_seen_at")[:limit]
    ]
