"""What the dashboard says of a past that the test has made."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from dashboard import bots, cards, frames, headline, stats
from dashboard.events import Origin, Ref, record_event
from dashboard.models import BotProcess, Level, MetricSample

NOW = datetime(2026, 3, 1, 12, 6, 41, tzinfo=UTC)
ADA = Origin(actor=Ref(1, "ada"), guild=Ref(9, "Harbour"), command="daily", request_id="77")


@pytest.fixture(autouse=True)
def _at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


def command(at: datetime = NOW, kind: str = "bot.command_completed", **fields: Any) -> None:
    with time_machine.travel(at, tick=False):
        record_event(kind=kind, message="/daily for ada", origin=ADA, **fields)


def heartbeat(**fields: Any) -> BotProcess:
    values: dict[str, Any] = {
        "name": "bot", "started_at": NOW - timedelta(hours=3), "heartbeat_at": NOW,
        "connected": True, "latency_ms": 60.0, "guilds": 5, "members": 300,
        "shards": [{"id": 0, "state": "connected", "latencyMs": 60.0, "guilds": 5}], **fields,
    }  # fmt: skip
    return BotProcess.objects.create(**values)


def sample(at: datetime, **fields: Any) -> None:
    MetricSample.objects.create(at=at, bot="bot", **{"active_actors": 0, **fields})


@pytest.mark.django_db
def test_an_empty_log_gives_every_field_and_invents_no_figure():
    now = stats.collect()
    assert now["guilds"] == {"count": None, "changeFromLastMonth": None}
    assert now["users"] == {"active": 0, "changePercentFromLastMonth": None}
    assert now["commands"] == {"total": 0, "changePercentFromLastMonth": None}
    assert now["ping"] == {"avg": None, "changeFromLastHour": None}
    assert now["recentEvents"] == []
    assert now["bot"]["state"] == "never"
    assert [point["commands"] for point in now["activityOverview"]] == [0] * 24


@pytest.mark.django_db
def test_the_activity_has_24_hours_up_to_this_one_and_counts_each_event_in_its_own():
    for ago in (0, 0, 1, 23, 24):
        command(NOW - timedelta(hours=ago))
    points = stats.collect()["activityOverview"]
    assert points[0]["hour"] == "2026-02-28T13:00:00.000Z"
    assert points[-1]["hour"] == "2026-03-01T12:00:00.000Z"
    assert [p["commands"] for p in points] == [1] + [0] * 21 + [1, 2]


@pytest.mark.django_db
def test_commands_are_totalled_over_30_days_and_compared_with_the_30_before():
    for days in (1, 2, 3, 40, 41):
        command(NOW - timedelta(days=days))
    command(kind="bot.command_failed", level=Level.ERROR)
    assert stats.collect()["commands"] == {"total": 4, "changePercentFromLastMonth": 100.0}


@pytest.mark.django_db
def test_guilds_members_and_latency_are_compared_with_their_samples():
    heartbeat()
    command()
    sample(NOW - timedelta(days=30, minutes=6), guilds=9, active_actors=1)
    sample(NOW - timedelta(days=30, minutes=5), guilds=3, active_actors=2)
    sample(NOW - timedelta(minutes=40), latency_ms=50.0)
    sample(NOW - timedelta(minutes=20), latency_ms=40.0)
    sample(NOW - timedelta(minutes=10), latency_ms=None)
    now = stats.collect()
    assert now["guilds"] == {"count": 5, "changeFromLastMonth": 2}
    assert now["users"] == {"active": 1, "changePercentFromLastMonth": -50.0}
    assert now["ping"] == {"avg": 60.0, "changeFromLastHour": 15.0}
    latency = next(card for card in now["cards"] if card["id"] == "latency")
    assert list(latency["trend"]) == [50, 40, None, 60]


@pytest.mark.django_db
def test_the_guilds_of_several_processes_are_compared_with_those_of_all_of_them():
    for name in ("a", "b"):
        heartbeat(name=name, guilds=1000)
        then = NOW - timedelta(days=30, minutes=5)
        MetricSample.objects.create(at=then, bot=name, guilds=990, active_actors=7)
    assert stats.collect()["guilds"] == {"count": 2000, "changeFromLastMonth": 20}


@pytest.mark.django_db
def test_the_stats_encode_to_json_with_strings_for_snowflakes():
    command()
    assert '"actor":{"id":"1","name":"ada"}' in stats.encode(stats.collect())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, "online"),
        ({"connected": False}, "connecting"),
        ({"heartbeat_at": NOW - timedelta(seconds=11)}, "offline"),
        ({"stopped_at": NOW}, "stopped"),
    ],
)
def test_the_state_of_the_bot_follows_from_its_last_heartbeat(fields: dict[str, Any], state: str):
    assert bots.state_of(heartbeat(**fields), NOW) == state


@pytest.mark.django_db
def test_one_process_of_several_that_is_silent_makes_the_bot_offline():
    told = bots.describe(
        [heartbeat(), heartbeat(name="b", heartbeat_at=NOW - timedelta(minutes=1))], NOW
    )
    assert told["state"] == "offline"
    assert told["guilds"] == 5, "the silent process has nothing to say about now"
    assert [shard["state"] for shard in told["shards"]] == ["connected", "unknown"]


@pytest.mark.parametrize(
    ("now", "usual", "expected"),
    [(412.0, 60.0, 6.9), (412.0, 300.0, None), (150.0, 20.0, None), (None, 60.0, None),
     (412.0, None, None)],
)  # fmt: skip
def test_a_latency_is_worth_a_word_only_if_it_is_high_and_many_times_its_usual(
    now: float | None, usual: float | None, expected: float | None
):
    times = cards.times_usual(now, usual)
    assert (None if times is None else round(times, 1)) == expected


@pytest.mark.parametrize(
    ("value", "unit", "text"), [(12.4, "%", "+12 %"), (-3.6, "ms", "-4 ms"), (0.2, "", "±0")]
)
def test_a_change_is_written_with_its_sign(value: float, unit: str, text: str):
    assert cards.signed(value, unit) == text


@pytest.mark.django_db
def test_the_headline_is_calm_when_all_is_well_and_tells_the_last_command():
    heartbeat()
    command(NOW - timedelta(seconds=3))
    assert stats.collect()["headline"] == {
        "tone": "calm", "text": "All is well.", "detail": "Last command 3 s ago.", "at": "",
    }  # fmt: skip


@pytest.mark.django_db
def test_the_headline_names_what_failed_last_and_for_whom():
    heartbeat()
    command(NOW - timedelta(seconds=40), kind="bot.command_failed", level=Level.ERROR)
    told = stats.collect()["headline"]
    assert told["tone"] == "warn"
    assert told["detail"].startswith("Last: /daily for ada in Harbour, 40 s ago.")
    assert told["at"] == frames.timestamp(NOW - timedelta(seconds=40))


@pytest.mark.django_db
def test_the_headline_puts_a_silent_bot_before_everything_else():
    heartbeat(heartbeat_at=NOW - timedelta(minutes=1), latency_ms=900.0)
    command(kind="bot.command_failed", level=Level.ERROR)
    assert stats.collect()["headline"]["text"] == "The bot does not answer."


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"),
                          (200_000, "2 d"), (-5, "0 s")]
)  # fmt: skip
def test_an_age_is_told_in_its_largest_sensible_unit(seconds: float, text: str):
    assert headline.age(seconds) == text
