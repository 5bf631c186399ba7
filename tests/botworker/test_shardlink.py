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

    assert [link.asks(pulse, 201.0), link.asks(pulse, 201.5)] == [True, False]


def test_no_heartbeat_is_asked_for_before_the_first_ack(link):
    link.identified(200.0)

    assert not link.asks(answered(200.0, math.inf), 201.0)


def test_a_discord_that_is_asked_often_anyway_is_not_asked_when_the_latency_is_known(link):
    assert not link.asks(answered(142.0, 0.06, interval=3.0), 143.0)


def test_where_discord_is_asked_once_its_own_heartbeats_go_on_to_measure(link):
    link.identified(200.0)
    link.asks(answered(201.0, 0.3, interval=2.0), 201.0)

    link.observe(answered(203.05, 0.05, interval=2.0), 203.1)

    assert link.latency_ms == 50.0


def ask(link, pulse, at):
    """Look every quarter of a second from `at` until a heartbeat is due; tell when."""
    while not link.asks(pulse, at):
        link.observe(pulse, at)
        at += 0.25
    return at


def test_a_heartbeat_of_ours_is_due_every_two_seconds_and_measures(link):
    first = ask(link, answered(142.0, 0.06), 143.0)
    pulse = answered(first + 0.07, 0.07)
    second = ask(link, pulse, first + 0.25)

    assert (first, second) == (143.0, 145.0)
    assert link.latency_ms == 70.0


def test_one_that_is_not_answered_within_two_seconds_is_told(link):
    pulse = answered(142.0, 0.06)
    link.asks(pulse, 143.0)
    turns = [link.observe(pulse, 143.0 + step / 4) for step in range(1, 12)]

    (turn,) = filter(None, turns)
    assert turn.kind == "gateway.heartbeat_missed"
    assert turns.index(turn) == 8
    assert link.latency_ms is None


def test_who_was_held_up_does_not_blame_discord(link):
    pulse = answered(142.0, 0.06)
    link.asks(pulse, 143.0)
    link.observe(pulse, 143.25)

    assert link.observe(pulse, 150.0) is None


def test_an_ack_that_comes_late_again_and_again_is_one_silence(link):
    pulse = answered(142.0, 0.06)
    link.asks(pulse, 143.0)
    for step in range(10):
        link.observe(pulse, 143.25 + step / 4)
    assert not link.connected

    assert link.observe(answered(146.0, 3.0), 146.0) is None
    assert link.asks(answered(146.0, 3.0), 146.0)
    turn = link.observe(answered(146.1, 0.1), 146.25)

    assert turn.kind == "gateway.heartbeat_answered"
    assert link.latency_ms == 100.0


def test_the_ack_of_another_heartbeat_is_no_measurement(link):
    link.asks(answered(142.0, 0.06), 143.0)
    link.observe(answered(143.5, 0.01), 143.5)

    assert link.latency_ms == 60.0


@pytest.mark.parametrize("connected_at", [99.9, 94.9], ids=["first", "after the pause of 5 s"])
def test_a_session_without_a_first_ack_is_silent_after_five_seconds(connected_at):
    link = ShardLink(0)
    link.identified(100.0)

    assert link.observe(answered(connected_at, math.inf), 104.9) is None
    turn = link.observe(answered(connected_at, math.inf), 105.1)
    assert turn is not None
    assert turn.kind == "gateway.heartbeat_missed"


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


@pytest.mark.parametrize(("interval", "limit"), [(2.0, 6.0), (INTERVAL, 20.0)])
def test_a_silent_shard_is_dead_after_two_intervals_or_twenty_seconds(link, interval, limit):
    pulse = answered(142.0, 0.06, interval)
    link.observe(pulse, 142.0 + 1.5 * INTERVAL + 2)

    assert not link.is_dead(pulse, 142.0 + limit - 0.1)
    assert link.is_dead(pulse, 142.0 + limit + 0.1)


def test_an_ack_after_silence_connects_again(link):
    link.observe(answered(142.0, 0.06), 210.0)

    turn = link.observe(answered(222.0, 0.08), 223.0)

    assert turn.kind == "gateway.heartbeat_answered"
    assert link.connected
    assert link.latency_ms == 80.0
