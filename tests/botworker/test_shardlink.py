"""The state of one shard, from what discord.py reports of it."""

import math

import pytest

from botworker.shardlink import Pulse, ShardLink

INTERVAL = 40.0


@pytest.fixture
def link():
    """A shard that connected at 100 and had its second heartbeat answered at 142, in 60 ms."""
    link = ShardLink(0)
    link.identified(100.0)
    link.ready()
    link.observe(answered(142.0, 0.06), 143.0)
    return link


def answered(at, seconds, interval=INTERVAL):
    return Pulse(answered_at=at, seconds=seconds, interval=interval)


def test_the_latency_is_told_in_milliseconds_with_the_age_of_its_ack(link):
    shard = link.describe(guilds=5, now=145.0)

    assert shard == {
        "id": 0,
        "state": "connected",
        "latencyMs": 60.0,
        "lastAckSeconds": 3.0,
        "guilds": 5,
    }


def test_the_first_ack_after_identifying_is_no_measurement(link):
    link.identified(200.0)

    link.observe(answered(201.0, 5.004), 201.0)

    assert link.latency_ms is None
    assert link.describe(5, 202.0)["lastAckSeconds"] == 1.0


def test_a_heartbeat_is_asked_for_once_when_the_first_was_no_measurement(link):
    link.identified(200.0)
    pulse = answered(201.0, 5.004)
    link.observe(pulse, 201.0)

    assert [link.wants_measurement(pulse), link.wants_measurement(pulse)] == [True, False]


def test_no_heartbeat_is_asked_for_before_the_first_ack(link):
    link.identified(200.0)

    assert not link.wants_measurement(answered(200.0, math.inf))


def test_no_heartbeat_is_asked_for_when_the_latency_is_known(link):
    assert not link.wants_measurement(answered(142.0, 0.06))


def test_the_first_ack_after_resuming_is_one(link):
    link.lost(200.0)
    link.resumed(201.2)

    link.observe(answered(201.19, 0.07), 203.0)

    assert link.latency_ms == 70.0


def test_an_ack_measured_against_the_heartbeat_before_is_ignored(link):
    link.observe(answered(182.0, INTERVAL + 0.002), 183.0)

    assert link.latency_ms == 60.0


def test_no_ack_yet_is_null_and_not_infinite():
    link = ShardLink(0)
    link.identified(100.0)

    link.observe(answered(99.9, math.inf), 101.0)

    assert link.describe(1, 101.0)["latencyMs"] is None
    assert link.describe(1, 101.0)["lastAckSeconds"] is None


def test_an_outage_told_at_every_attempt_is_one_turn(link):
    first = link.lost(200.0)
    others = [link.lost(200.0 + second) for second in range(1, 4)]

    assert first.kind == "gateway.disconnected"
    assert first.level == "warn"
    assert others == [None, None, None]


def test_a_resume_tells_how_long_it_was_away(link):
    link.lost(200.0)

    turn = link.resumed(201.2)

    assert turn.kind == "gateway.resumed"
    assert turn.message == "Shard 0 resumed after 1.2 s"
    assert turn.data == {"shard": 0, "seconds": 1.2}


def test_a_shard_that_never_connected_loses_nothing():
    assert ShardLink(3).lost(1.0) is None


def test_while_disconnected_nothing_is_known(link):
    link.lost(200.0)
    link.observe(answered(142.0, 0.06), 201.0)

    shard = link.describe(5, 201.0)

    assert shard["state"] == "disconnected"
    assert (shard["latencyMs"], shard["lastAckSeconds"], shard["guilds"]) == (None, None, None)


def test_guilds_are_unknown_until_the_session_is_ready():
    link = ShardLink(0)
    link.identified(100.0)
    assert link.describe(5, 101.0)["guilds"] is None

    link.ready()

    assert link.describe(5, 101.0)["guilds"] == 5


def test_missed_acks_are_told_once_and_the_frozen_latency_is_forgotten(link):
    pulse = answered(142.0, 0.06)

    assert link.observe(pulse, 142.0 + INTERVAL + 1) is None
    turn = link.observe(pulse, 142.0 + 1.5 * INTERVAL + 2)
    again = link.observe(pulse, 142.0 + 1.5 * INTERVAL + 7)

    assert turn.kind == "gateway.heartbeat_missed"
    assert again is None
    assert not link.connected
    assert link.describe(5, 210.0)["latencyMs"] is None
    assert link.describe(5, 210.0)["lastAckSeconds"] == 68.0


def test_a_silent_shard_is_dead_after_two_intervals_and_not_before(link):
    pulse = answered(142.0, 0.06)
    link.observe(pulse, 142.0 + 1.5 * INTERVAL + 2)

    assert not link.is_dead(pulse, 142.0 + 2 * INTERVAL)
    assert link.is_dead(pulse, 142.0 + 2 * INTERVAL + 3)


def test_an_ack_after_silence_connects_again(link):
    link.observe(answered(142.0, 0.06), 210.0)

    turn = link.observe(answered(222.0, 0.08), 223.0)

    assert turn.kind == "gateway.heartbeat_answered"
    assert link.connected
    assert link.latency_ms == 80.0
