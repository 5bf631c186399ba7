"""How long commands take and how they end, counted as they end."""

import math
import random
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dashboard import runs, stats, usage
from dashboard.events import Ref
from dashboard.models import CommandCount, CommandDay, DurationMinute, GuildCommandDay
from dashboard.runs import Fault, Run

NOW = datetime(2026, 3, 1, 12, 6, 41, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


def run(duration_ms=50.0, *, at=NOW, command="daily", outcome="completed", fault=None, guild=None):
    return Run(command, outcome, duration_ms, at, fault, guild)


def test_a_percentile_is_known_to_within_nine_percent_at_any_size():
    dice = random.Random(4)
    durations = sorted(math.exp(dice.uniform(math.log(1.5), math.log(40_000))) for _ in range(999))
    buckets: dict[int, int] = {}
    for duration in durations:
        buckets[runs.bucket_of(duration)] = buckets.get(runs.bucket_of(duration), 0) + 1
    for share in (0.5, 0.95, 0.99):
        exact = durations[math.ceil(share * len(durations)) - 1]
        assert runs.percentile(buckets, share) == pytest.approx(exact, rel=0.095)


@pytest.mark.parametrize("duration", [0, -5, 1, math.nan, math.inf, 1e300, 0.3])
def test_every_duration_has_a_bucket(duration: float):
    assert 0 <= runs.bucket_of(duration) < runs.BUCKETS


def test_no_run_has_no_percentile():
    assert runs.percentile({}, 0.95) is None


@pytest.mark.django_db
def test_a_row_for_each_command_of_today_the_most_used_first():
    runs.count_runs(
        [run(50.0)] * 19
        + [run(900.0, outcome="refused")]
        + [run(5.0, command="ping"), run(3000.0, command="ping", outcome="failed")]
        + [run(at=NOW - timedelta(days=1))]
    )
    daily, ping = stats.collect()["commandStats"]
    assert (daily["command"], daily["runs"], daily["refused"], daily["failed"]) == (
        "daily", 20, 1, 0,
    )  # fmt: skip
    assert daily["p50Ms"] == pytest.approx(50, rel=0.09)
    assert daily["p95Ms"] == pytest.approx(50, rel=0.09)
    assert daily["p99Ms"] == pytest.approx(900, rel=0.09)
    assert (ping["command"], ping["runs"], ping["failed"]) == ("ping", 2, 1)


@pytest.mark.django_db
def test_counting_again_adds_to_what_is_there():
    runs.count_runs([run(), run()])
    runs.count_runs([run()])
    assert [row.runs for row in CommandCount.objects.all()] == [3]


@pytest.mark.django_db
def test_the_durations_of_a_minute_are_counted_in_that_minute():
    runs.count_runs([run(50.0), run(50.0), run(50.0, at=NOW - timedelta(seconds=42))])
    runs.count_runs([run(50.0), run(9000.0)])
    fifty, long = runs.bucket_of(50.0), runs.bucket_of(9000.0)
    assert set(DurationMinute.objects.values_list("minute", "bucket", "runs")) == {
        (datetime(2026, 3, 1, 12, 6, tzinfo=UTC), fifty, 3),
        (datetime(2026, 3, 1, 12, 6, tzinfo=UTC), long, 1),
        (datetime(2026, 3, 1, 12, 5, tzinfo=UTC), fifty, 1),
    }


@pytest.mark.django_db
def test_what_a_guild_used_is_counted_by_utc_day_and_what_came_privately_in_no_guild():
    harbour, library = Ref(2**62, "Harbour"), Ref(7, "Library")
    late = datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC)
    runs.count_runs([run(guild=harbour), run(guild=library), run(guild=harbour), run()])
    runs.count_runs([run(guild=harbour), run(guild=harbour, outcome="failed"),
                     run(guild=harbour, at=late)])  # fmt: skip
    today = date(2026, 3, 1)
    assert set(
        GuildCommandDay.objects.values_list("day", "guild_id", "command", "outcome", "runs")
    ) == {
        (today, 2**62, "daily", "completed", 3),
        (today, 2**62, "daily", "failed", 1),
        (today, 7, "daily", "completed", 1),
        (date(2026, 2, 28), 2**62, "daily", "completed", 1),
    }


@pytest.mark.django_db
def test_the_card_tells_the_p95_of_this_hour_and_its_change():
    runs.count_runs([run(100.0), run(40.0, at=NOW - timedelta(hours=1))])
    (card,) = [card for card in stats.collect()["cards"] if card["id"] == "p95"]
    assert float(card["value"]) == pytest.approx(100, rel=0.09)
    assert card["change"].startswith("+")
    assert card["trend"][-3] is None


@pytest.mark.django_db
def test_the_card_without_a_command_is_a_dash():
    (card,) = [card for card in stats.collect()["cards"] if card["id"] == "p95"]
    assert (card["value"], card["unit"], card["change"]) == ("–", "", "")


@pytest.mark.django_db
def test_failures_are_grouped_by_fingerprint_with_a_count_and_when_it_was_last_seen():
    fault = Fault("abc", "OperationalError", "economy.ledger.lock")
    earlier = NOW - timedelta(hours=3)
    runs.count_runs([run(outcome="failed", fault=fault, at=earlier)])
    runs.count_runs(
        [run(outcome="failed", fault=fault, command="transfer")] * 2
        + [run(outcome="failed", fault=Fault("old", "KeyError"), at=NOW - timedelta(days=2))]
    )
    assert stats.collect()["errorGroups"] == [
        {"fingerprint": "abc", "error": "OperationalError", "where": "economy.ledger.lock",
         "command": "transfer", "count": 3, "firstSeenAt": "2026-03-01T09:06:41.000Z",
         "lastSeenAt": "2026-03-01T12:06:41.000Z"},
    ]  # fmt: skip


@pytest.mark.django_db
def test_the_cost_of_reading_and_counting_does_not_follow_history():
    def cost(work) -> tuple[int, int]:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            rows = work()
        return len(queries), len(rows or [])

    runs.count_runs([run()])
    short = cost(lambda: usage.of_day(NOW)), cost(lambda: runs.count_runs([run()]))
    for days in range(1, 40):
        runs.count_runs([run(float(ms), at=NOW - timedelta(days=days)) for ms in range(1, 90)])
    assert (cost(lambda: usage.of_day(NOW)), cost(lambda: runs.count_runs([run()]))) == short
    assert "SCAN" not in runs_plan()


def runs_plan() -> str:
    """How SQLite finds the rows of a day; elsewhere the planner may scan what is small."""
    if connection.vendor != "sqlite":
        return ""
    return CommandDay.objects.filter(day__gte=NOW).explain()
