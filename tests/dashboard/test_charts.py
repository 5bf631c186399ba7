"""Activity and latency over time: what the charts are given."""

from datetime import UTC, date, datetime, timedelta
from importlib import import_module

import pytest
import time_machine
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client

from dashboard import runs, stats
from dashboard.events import record_event
from dashboard.models import BotProcess, CommandDay, MetricSample
from dashboard.runs import Run
from dashboard.spans import ACTIVITY, LATENCY

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, 6, 41, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ask(client: Client, viewer: User):
    client.force_login(viewer)

    def ask(path: str, status: int = 200):
        answer = client.get(path)
        assert answer.status_code == status
        return answer.json()

    return ask


def commands(*ages: timedelta) -> None:
    for age in ages:
        with time_machine.travel(NOW - age, tick=False):
            record_event(kind="bot.command_completed", message="/daily for ada")


def ended(duration_ms: float, ago: timedelta = timedelta(0)) -> None:
    runs.count_runs([Run("daily", "completed", duration_ms, NOW - ago)])


def sampled(latency_ms: float | None, ago: timedelta, bot: str = "bot") -> None:
    MetricSample.objects.create(at=NOW - ago, bot=bot, latency_ms=latency_ms, active_actors=0)


@pytest.mark.parametrize(
    ("name", "step", "points", "first", "last"),
    [
        ("24h", 3600, 24, "2026-02-28T13:00:00.000Z", "2026-03-01T12:00:00.000Z"),
        ("7d", 21600, 28, "2026-02-22T18:00:00.000Z", "2026-03-01T12:00:00.000Z"),
        ("30d", 86400, 30, "2026-01-31T00:00:00.000Z", "2026-03-01T00:00:00.000Z"),
    ],
)
def test_the_activity_of_a_range_has_all_its_points_and_as_many_before(
    ask, name: str, step: int, points: int, first: str, last: str
):
    told = ask(f"/api/stats/activity?range={name}")
    assert (told["range"], told["stepSeconds"]) == (name, step)
    assert (len(told["activityOverview"]), len(told["previous"])) == (points, points)
    assert told["activityOverview"][0] == {"hour": first, "commands": 0, "transactions": 0}
    assert told["activityOverview"][-1]["hour"] == last


def test_each_event_is_counted_in_its_step_and_what_is_older_in_the_period_before(ask):
    commands(timedelta(0), timedelta(hours=5), timedelta(days=3), timedelta(days=9))
    week = ask("/api/stats/activity?range=7d")
    counts = [point["commands"] for point in week["activityOverview"]]
    assert (counts[-1], counts[-2], sum(counts)) == (1, 1, 3)
    assert sum(point["commands"] for point in week["previous"]) == 1
    day = ask("/api/stats/activity")
    assert sum(point["commands"] for point in day["activityOverview"]) == 2


def test_the_last_24_hours_are_the_same_in_the_frame_and_at_the_endpoint(ask):
    commands(timedelta(0), timedelta(hours=5), timedelta(hours=30))
    assert ask("/api/stats/activity")["activityOverview"] == stats.collect()["activityOverview"]


def test_the_latency_of_an_hour_has_a_point_a_minute_and_gaps_where_nothing_is_known(ask):
    ended(50.0)
    ended(50.0, timedelta(minutes=2))
    ended(900.0, timedelta(minutes=2))
    sampled(60.0, timedelta(minutes=1))
    sampled(None, timedelta(minutes=3))
    told = ask("/api/stats/latency?range=1h")
    assert (told["range"], told["stepSeconds"], len(told["latency"])) == ("1h", 60, 60)
    *_, third, second, first, now = told["latency"]
    assert now["at"] == "2026-03-01T12:06:00.000Z"
    assert now["p50Ms"] == now["p99Ms"] == pytest.approx(50, rel=0.09)
    assert (now["gatewayMs"], first["gatewayMs"], first["p95Ms"]) == (None, 60.0, None)
    assert second["p95Ms"] == pytest.approx(900, rel=0.09)
    assert third == {
        "at": "2026-03-01T12:03:00.000Z", "runs": 0, "gatewayMs": None,
        "p50Ms": None, "p95Ms": None, "p99Ms": None,
    }  # fmt: skip


@pytest.mark.parametrize(("name", "minutes", "points"), [("24h", 10, 139), ("7d", 60, 163)])
def test_a_longer_range_tells_the_highest_minute_of_each_step(
    ask, name: str, minutes: int, points: int
):
    for back in (1, 2):
        sampled(60.0 * back, timedelta(hours=5, minutes=back))
        sampled(100.0 * back, timedelta(hours=5, minutes=back), bot="other")
    ended(50.0, timedelta(hours=5, minutes=1))
    told = ask(f"/api/stats/latency?range={name}")
    assert (told["stepSeconds"], len(told["latency"])) == (minutes * 60, points)
    known = [point for point in told["latency"] if point["gatewayMs"]]
    assert [point["gatewayMs"] for point in known] == [160.0], "the mean of both, at its highest"
    assert [point["p95Ms"] for point in known] == [pytest.approx(50, rel=0.09)]


def test_the_minute_that_runs_has_the_latency_of_now_until_it_is_sampled(ask):
    BotProcess.objects.create(
        name="bot", started_at=NOW, heartbeat_at=NOW, connected=True, latency_ms=61.0
    )
    assert ask("/api/stats/latency")["latency"][-1]["gatewayMs"] == 61.0
    sampled(70.0, timedelta(seconds=3))
    assert ask("/api/stats/latency")["latency"][-1]["gatewayMs"] == 70.0


def test_the_frame_brings_the_last_two_minutes_of_the_chart(ask):
    ended(50.0)
    ended(90.0, timedelta(minutes=1))
    sampled(60.0, timedelta(minutes=1))
    assert stats.collect()["latency"] == ask("/api/stats/latency")["latency"][-2:]


@pytest.mark.parametrize("chart", ["activity", "latency"])
def test_a_chart_is_whole_without_javascript_and_its_ranges_are_links(
    client: Client, viewer: User, chart: str
):
    client.force_login(viewer)
    commands(timedelta(0), timedelta(days=2))
    page = client.get("/?activity=7d&latency=7d").content.decode()
    assert page.count('data-hour="2026') == 28
    assert page.count('data-at="2026') == 163
    assert f"{chart}=24h" in page
    assert 'href="?activity=7d&amp;latency=24h"' in page, "the other chart keeps its range"


@pytest.mark.parametrize("query", ["activity=1y", "latency=%00", "latency=30d", "activity=1h"])
def test_a_page_asked_for_a_range_that_there_is_not_says_which_there_are(
    client: Client, viewer: User, query: str
):
    client.force_login(viewer)
    answer = client.get(f"/?{query}")
    assert answer.status_code == 400
    assert "is one of" in answer.content.decode()


@pytest.mark.parametrize("chart", ["activity", "latency"])
@pytest.mark.parametrize("name", ["1y", "24H", "0", "24h%00", "-1h", "9" * 4000])
def test_a_range_that_there_is_not_is_a_wrong_parameter(ask, chart: str, name: str):
    told = ask(f"/api/stats/{chart}?range={name}", status=400)
    assert "range is one of" in told["error"]["message"]


@pytest.mark.parametrize("name", ["24h", "7d"])
def test_both_charts_of_a_range_begin_at_the_same_moment_and_are_as_long(name: str):
    ours, theirs = ACTIVITY[name], LATENCY[name]
    assert ours.starts(NOW)[0] == theirs.starts(NOW)[0]
    assert ours.length == theirs.length
    assert theirs.starts(NOW)[-1] <= NOW < theirs.starts(NOW)[-1] + theirs.step


def test_the_days_of_commands_are_added_up_from_the_hours_counted_before():
    ended(50.0)
    ended(50.0, timedelta(hours=2))
    ended(50.0, timedelta(hours=12, minutes=7))  # 23:59 of the day before
    kept = list(CommandDay.objects.order_by("day").values_list("day", "command", "runs"))
    assert kept == [(date(2026, 2, 28), "daily", 1), (date(2026, 3, 1), "daily", 2)]
    CommandDay.objects.all().delete()
    import_module("dashboard.migrations.0006_command_days").add_up_days(apps, None)
    assert list(CommandDay.objects.order_by("day").values_list("day", "command", "runs")) == kept
