"""What the bot and the page must survive, as its operator and its members meet it.

Wrong tokens are in `test_runbot.py`, a revoked one in `test_connection.py`, a restarted PostgreSQL
in `test_trouble.py`.
"""

import signal
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from botworker.database import in_database
from botworker.emulator import Limits
from botworker.emulator.interactions import State
from dashboard import stats
from dashboard.lamp import lamp
from dashboard.models import MetricSample
from economy.queries import balance
from tests.botworker.running import event, events, eventually, manage, slow_database

SAID_WITHIN_SECONDS = 10.0


async def page():
    """Return what the page says of Discord, and the kinds of its newest events."""
    now = await in_database(stats.collect)
    (discord,) = [link for link in lamp(now) if link["id"] == "discord"]
    return discord["state"], [event["kind"] for event in now["recentEvents"]]


async def well():
    return (await page())[0] == "good"


async def unwell():
    return (await page())[0] in {"warn", "bad"}


class TestTheConnection:
    """At Discord's pace, and the bot's own: a heartbeat row every five seconds."""

    @pytest.fixture
    def limits(self):
        return Limits(heartbeat_seconds=41.25, identify_seconds=0.01)

    @pytest.fixture
    async def watched(self, start_bot, emulated):
        await start_bot(heartbeat_seconds=5.0)
        usual = {"bot": "bot", "latency_ms": 30.0, "active_actors": 0}
        at = timezone.now() - timedelta(minutes=5)
        await in_database(lambda: MetricSample.objects.create(at=at, **usual))
        await eventually(well)
        return emulated.faults

    @pytest.mark.parametrize(
        ("begin", "end"),
        [
            (lambda faults: faults.outage(), lambda faults: faults.outage(on=False)),
            (lambda faults: faults.outage(refuse=60), lambda faults: faults.outage(on=False)),
            (lambda faults: faults.drop_acks(), lambda faults: faults.drop_acks(False)),
            (lambda faults: faults.ack_delay(0.9), lambda faults: faults.ack_delay(0.03)),
        ],
        ids=["gateway down", "port closed", "ACKs stop", "latency 900 ms"],
    )
    async def test_the_page_says_what_is_wrong_within_ten_seconds_and_when_it_is_over(
        self, watched, begin, end
    ):
        began = time.monotonic()
        await begin(watched)
        await eventually(unwell)
        assert time.monotonic() - began < SAID_WITHIN_SECONDS

        await end(watched)
        await eventually(well)

    @pytest.mark.parametrize(
        ("fault", "kind"),
        [
            (lambda faults: faults.reset(), "gateway.resumed"),
            (lambda faults: faults.reconnect(), "gateway.resumed"),
            (lambda faults: faults.invalid_session(resumable=True), "gateway.resumed"),
            (lambda faults: faults.invalid_session(resumable=False), "gateway.connected"),
        ],
        ids=["dropped", "RECONNECT", "INVALID_SESSION, resumable", "INVALID_SESSION"],
    )
    async def test_what_is_over_at_once_is_in_the_feed_within_ten_seconds(
        self, watched, fault, kind
    ):
        began = time.monotonic()
        await fault(watched)

        async def told():
            _, kinds = await page()
            return kinds[:2] == [kind, "gateway.disconnected"]

        await eventually(told)
        assert time.monotonic() - began < SAID_WITHIN_SECONDS
        await eventually(well)


class TestTheApi:
    @pytest.mark.parametrize(
        "fault",
        [
            lambda faults: faults.rate_limit(times=2, retry_after=0.3, route="callback"),
            lambda faults: faults.rate_limit(times=1, retry_after=0.5, is_global=True),
            lambda faults: faults.fail(times=1, status=500, route="callback"),
            lambda faults: faults.fail(times=1, status=502, route="callback"),
            lambda faults: faults.fail(times=3, status=500, route="callback"),
            lambda faults: faults.slow_rest(1.5, route="callback"),
            lambda faults: faults.lose_responses(route="callback"),
            lambda faults: faults.lose_responses(times=2, status=502, route="callback"),
        ],
        ids=["429", "429 for all", "500", "502", "500 again", "slow", "reset", "502, taken"],
    )
    async def test_a_member_gets_one_answer_and_pays_once(self, bot, emulated, guild, ada, fault):
        await fault(emulated.faults)

        call = await emulated.run_command("daily", member=ada, guild=guild)
        reply = await call.reply()

        assert "110 coins" in reply.text
        assert reply.followups == []
        assert await in_database(balance, ada.id) == 110
        await event("bot.command_completed")

    @pytest.mark.parametrize(
        "fault",
        [
            lambda faults: faults.slow_rest(1.6, route="callback"),
            lambda faults: faults.fail(times=2, route="callback"),
            lambda faults: faults.lose_responses(route="callback"),
            lambda faults: faults.lose_responses(times=99, route="callback"),
            lambda faults: faults.lose_responses(times=99, status=502, route="callback"),
        ],
        ids=["slow", "500", "reset", "never heard", "502, never heard"],
    )
    async def test_with_a_slow_database_it_is_deferred_in_time_and_answered(
        self, bot, emulated, guild, ada, fault
    ):
        await fault(emulated.faults)
        with slow_database() as let_go:
            call = await emulated.run_command("daily", member=ada, guild=guild)
            state = await call.acknowledged()
            let_go()
            reply = await call.reply()

        assert state is State.DEFERRED
        assert reply.acknowledged_seconds < 3
        assert "110 coins" in reply.text
        assert reply.followups == []
        assert (await event("bot.command_completed")).command == "daily"

    async def test_a_discord_that_was_slow_is_given_its_time(self, bot, emulated, guild, ada, juno):
        await emulated.faults.slow_rest(2.4, route="callback")
        await (await emulated.run_command("ping", member=juno, guild=guild)).reply()

        with slow_database() as let_go:
            call = await emulated.run_command("daily", member=ada, guild=guild)
            state = await call.acknowledged()
            let_go()
            reply = await call.reply()

        assert state is State.DEFERRED
        assert "110 coins" in reply.text

    async def test_a_later_answer_survives_lost_connections(self, bot, emulated, guild, ada):
        with slow_database() as let_go:
            call = await emulated.run_command("daily", member=ada, guild=guild)
            await call.acknowledged()
            await emulated.faults.lose_responses(times=3, route="@original")
            let_go()
            reply = await call.reply()

        assert "110 coins" in reply.text
        await event("bot.command_completed")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_during_a_command_lets_it_finish_and_closes_with_1000(
    transactional_db, there, emulated, guild, ada, number
):
    async with manage("runbot", **there) as running:
        await emulated.wait_for_command("daily", within=30)
        await event("gateway.connected")
        with slow_database() as let_go:
            call = await emulated.run_command("daily", member=ada, guild=guild)
            await call.acknowledged()
            running.send_signal(number)
            let_go()
            reply = await call.reply()
        _, errors = await running.communicate()

    assert running.returncode == 0, errors.decode()
    assert "110 coins" in reply.text
    assert emulated.gateway.closed_by_clients == [1000]
    assert len(await events("bot.command_completed")) == 1
    assert (await events("bot.*"))[-1].kind == "bot.stopped"
