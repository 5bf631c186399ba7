"""What a bot writes about itself."""

import math
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from dashboard.models import ActiveDay, BotProcess, Guild, MetricSample
from dashboard.services import (
    GUILDS_AT_ONCE,
    GuildState,
    guild_left,
    guilds_left_since,
    mark_stopped,
    record_guilds,
    record_heartbeat,
    record_sample,
)

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 8, 12, 0, 0, 400_000, tzinfo=UTC)
SHARD = {"id": 0, "state": "connected", "latencyMs": 61.2, "lastAckSeconds": 3.1, "guilds": 5}


def beat(**figures):
    defaults: dict[str, Any] = {"name": "bot", "started_at": NOON, "emulated": True}
    record_heartbeat(**(defaults | figures))


def test_a_second_heartbeat_replaces_the_first():
    beat(connected=True, latency_ms=10.0, guilds=1, members=2, shards=[SHARD])
    beat(connected=True, latency_ms=20.0, guilds=3, members=4, shards=[SHARD])

    process = BotProcess.objects.get()
    assert (process.latency_ms, process.guilds, process.members) == (20.0, 3, 4)
    assert process.shards == [SHARD]


def test_two_processes_keep_a_row_each():
    beat(name="bot 0-0/2", connected=True)
    beat(name="bot 1-1/2", connected=True)

    assert BotProcess.objects.count() == 2


def test_a_disconnected_process_tells_no_figures():
    beat(connected=False, latency_ms=10.0, guilds=1, members=2)

    process = BotProcess.objects.get()
    assert (process.latency_ms, process.guilds, process.members) == (None, None, None)


@pytest.mark.parametrize("figure", [math.nan, math.inf, -math.inf])
def test_a_figure_that_is_not_finite_is_null(figure):
    beat(connected=True, latency_ms=figure, shards=[SHARD | {"latencyMs": figure}])
    record_sample(name="bot", latency_ms=figure)

    process = BotProcess.objects.get()
    assert process.latency_ms is None
    assert process.shards == [SHARD | {"latencyMs": None}]
    assert MetricSample.objects.get().latency_ms is None


def test_the_farewell_is_the_last_word_of_a_run_and_the_next_run_lives():
    beat(connected=True, latency_ms=10.0)
    mark_stopped("bot", started_at=NOON)
    beat(connected=True, latency_ms=10.0)  # was on its way
    stopped = BotProcess.objects.get()
    assert stopped.stopped_at is not None
    assert (stopped.connected, stopped.latency_ms) == (False, None)

    beat(connected=True, started_at=NOON + timedelta(seconds=9))

    assert BotProcess.objects.get().stopped_at is None


def test_the_farewell_of_a_run_leaves_the_one_that_took_its_place():
    beat(connected=True, started_at=NOON + timedelta(seconds=9))

    mark_stopped("bot", started_at=NOON)

    assert BotProcess.objects.get().stopped_at is None


def test_the_farewell_of_one_process_leaves_the_others():
    beat(name="one", connected=True)
    beat(name="other", connected=True)

    mark_stopped("one", started_at=NOON)

    assert BotProcess.objects.get(stopped_at=None).name == "other"


def test_a_heartbeat_carries_the_time_of_its_writing():
    with time_machine.travel(NOON, tick=False):
        beat(connected=True)

    assert BotProcess.objects.get().heartbeat_at == NOON


def test_two_samples_of_one_second_are_one():
    with time_machine.travel(NOON, tick=False):
        record_sample(name="bot", latency_ms=10.0)
        record_sample(name="bot", latency_ms=20.0)

    sample = MetricSample.objects.get()
    assert sample.at == NOON.replace(microsecond=0)
    assert sample.latency_ms == 20.0


def test_a_sample_counts_the_actors_of_thirty_days_and_no_more():
    today = timezone.now().astimezone(UTC).date()
    for age, actors in {0: 5, 29: 7, 30: 100}.items():
        ActiveDay.objects.create(day=today - timedelta(days=age), actors=actors)
    ActiveDay.objects.create(day=date(2020, 1, 1), actors=1000)

    record_sample(name="bot", guilds=3, members=9)

    sample = MetricSample.objects.get()
    assert sample.active_actors == 12
    assert (sample.guilds, sample.members) == (3, 9)


def test_guilds_are_written_as_the_bot_found_them_the_last_word_counting():
    record_guilds([GuildState(7, "Library", 40), GuildState(3, "Harbour", 9, True, NOON)], bot="a")
    record_guilds([GuildState(7, "Old name", 41), GuildState(7, "Library 2", 42)], bot="b")

    assert list(Guild.objects.order_by("id").values_list("id", "name", "members", "bot")) == [
        (3, "Harbour", 9, "a"), (7, "Library 2", 42, "b"),
    ]  # fmt: skip
    assert Guild.objects.get(id=3).joined_at == NOON


def test_an_unavailable_guild_keeps_what_was_known_of_it():
    record_guilds([GuildState(3, "Harbour", 9, True, NOON)], bot="a")
    record_guilds([GuildState(3, available=False), GuildState(4, available=False)], bot="a")

    known, unknown = Guild.objects.order_by("id")
    assert (known.name, known.members, known.joined_at) == ("Harbour", 9, NOON)
    assert (unknown.name, unknown.members, unknown.joined_at) == ("", None, None)
    assert not known.available
    assert not unknown.available


def test_a_guild_that_was_left_keeps_what_was_known_until_the_bot_is_back():
    record_guilds([GuildState(3, "Harbour", 9)], bot="a")
    guild_left(3)
    guild_left(12345)  # never heard of: nothing to write
    assert (left := Guild.objects.get()).left_at is not None
    guild_left(3)
    assert Guild.objects.get().left_at == left.left_at, "it left once"

    record_guilds([GuildState(3, "Harbour", 10)], bot="a")
    assert Guild.objects.get().left_at is None


def test_guilds_that_were_left_while_the_bot_was_away_are_found_when_it_is_back():
    with time_machine.travel(NOON, tick=False):
        record_guilds([GuildState(1), GuildState(2), GuildState(3)], bot="a")
        record_guilds([GuildState(4)], bot="b")
    back = NOON + timedelta(hours=1)
    with time_machine.travel(back, tick=False):
        record_guilds([GuildState(1)], bot="a")
        record_guilds([GuildState(2)], bot="b")  # another process has it now
        assert guilds_left_since(back, bot="a") == 1
    assert [guild.id for guild in Guild.objects.exclude(left_at=None)] == [3]


def test_more_guilds_than_one_statement_takes_are_all_written():
    record_guilds([GuildState(id) for id in range(GUILDS_AT_ONCE * 2 + 1, 0, -1)], bot="a")
    assert Guild.objects.count() == GUILDS_AT_ONCE * 2 + 1


def test_the_name_of_a_guild_is_cleaned_and_cut():
    record_guilds([GuildState(1, "a\0b\u202ec" + "x" * 6000)], bot="b" * 100)
    name = Guild.objects.get().name
    assert (name[:3], len(name), name[-1]) == ("abc", 100, "…")
