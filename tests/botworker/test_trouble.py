"""Commands when something is wrong: with the database, with Discord, with us."""

import asyncio

import aiohttp
import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections

from botworker.database import (
    COMMAND_THREADS,
    close_connections,
    in_database,
    keep_connections,
)
from botworker.emulator import InteractionFailed, Limits
from botworker.emulator.interactions import State
from economy.models import Transaction
from economy.queries import balance
from tests.botworker.running import (
    database_away,
    event,
    events,
    missing,
    slow_database,
)


def terminate_all():
    """End every process of PostgreSQL that serves this database, but our own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    connection.close()


async def put_commands(emulated, commands):
    """Do what another version of the bot did: tell Discord other commands."""
    url = f"{emulated.api_url}/applications/{emulated.world.bot.id}/commands"
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bot {emulated.token}"}) as session,
        session.put(url, json=commands) as response,
    ):
        response.raise_for_status()


class TestOurFaults:
    async def test_the_member_reads_a_sentence_and_not_the_error(self, bot, emulated, guild, ada):
        async with missing("economy_account"):
            call = await emulated.run_command("daily", member=ada, guild=guild)
            reply = await call.reply()

        assert reply.ephemeral
        assert "went wrong" in reply.text
        assert "economy_account" not in reply.text

    async def test_the_failure_is_an_event_with_a_fingerprint(self, bot, emulated, guild, ada):
        async with missing("economy_account"):
            for _ in range(2):
                call = await emulated.run_command("balance", member=ada, guild=guild)
                await call.reply()

        await event("bot.command_failed", number=2)
        first, second = await events("bot.command_failed")
        assert first.level == "error"
        assert first.data["fingerprint"] == second.data["fingerprint"]
        assert first.data["error"] in {"OperationalError", "ProgrammingError"}
        assert "economy_account" not in f"{first.message} {first.data}"
        assert first.message.startswith(f"/balance for {ada.display_name} failed")

    async def test_the_next_command_works_again(self, bot, emulated, guild, ada):
        async with missing("economy_account"):
            await (await emulated.run_command("daily", member=ada, guild=guild)).reply()

        reply = await (await emulated.run_command("daily", member=ada, guild=guild)).reply()

        assert "110 coins" in reply.text

    async def test_what_cannot_be_recorded_is_kept_and_members_are_answered(
        self, bot, emulated, guild, ada
    ):
        await event("gateway.connected")
        with database_away():
            for _ in range(3):
                call = await emulated.run_command("ping", member=ada, guild=guild)
                assert "Pong" in (await call.reply()).text

        await event("bot.command_completed", number=3)

    async def test_a_database_that_was_away_heals(self, bot, emulated, guild, ada):
        with database_away():
            call = await emulated.run_command("daily", member=ada, guild=guild)
            away = await call.reply()

        back = await (await emulated.run_command("daily", member=ada, guild=guild)).reply()

        assert "went wrong" in away.text
        assert "110 coins" in back.text
        await event("bot.command_failed")

    @pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no server to restart")
    async def test_a_restarted_postgresql_is_not_noticed(self, bot, emulated, guild, ada):
        keep_connections()
        try:
            await (await emulated.run_command("balance", member=ada, guild=guild)).reply()
            await asyncio.to_thread(terminate_all)

            reply = await (await emulated.run_command("daily", member=ada, guild=guild)).reply()
        finally:
            connections.settings["default"]["CONN_MAX_AGE"] = 0
            await close_connections()
            await sync_to_async(connections.close_all)()  # which died with the others

        assert "110 coins" in reply.text

    async def test_a_command_that_is_no_longer_ours_is_answered(self, bot, emulated, guild, ada):
        stale = [{"name": "roulette", "description": "Of a version before.", "type": 1}]
        await put_commands(emulated, stale)

        reply = await (await emulated.run_command("roulette", member=ada, guild=guild)).reply()

        assert reply.ephemeral
        failed = await event("bot.command_failed")
        assert failed.command == "roulette"
        assert failed.data["error"] == "CommandNotFound"

    async def test_nothing_is_suggested_for_a_command_that_is_no_longer_ours(
        self, bot, emulated, guild, ada
    ):
        stake = {"name": "stake", "description": "How much.", "type": 4, "autocomplete": True}
        stale = {"name": "roulette", "description": "Of a version before.", "options": [stake]}
        await put_commands(emulated, [stale])

        typed = await emulated.autocomplete("roulette", "stake", "1", member=ada, guild=guild)
        await typed.acknowledged()

        assert typed.choices == []


class TestASlowDatabase:
    async def test_an_answer_that_takes_long_is_deferred_in_time(self, bot, emulated, guild, ada):
        with slow_database() as let_go:
            call = await emulated.run_command("daily", member=ada, guild=guild)
            state = await call.acknowledged()
            let_go()
            reply = await call.reply()

        assert state is State.DEFERRED
        assert reply.deferred
        assert "110 coins" in reply.text
        assert not reply.ephemeral

    async def test_a_private_answer_stays_private(self, bot, emulated, guild, ada):
        with slow_database() as let_go:
            claims = [
                await emulated.run_command("daily", member=person, guild=guild)
                for person in guild.people[:COMMAND_THREADS]
            ]
            call = await emulated.run_command("balance", member=ada, guild=guild)
            await call.acknowledged()
            let_go()
            for claim in claims:
                await claim.reply()
            reply = await call.reply()

        assert reply.deferred
        assert reply.ephemeral

    async def test_no_command_waits_behind_a_report_or_another_command(
        self, bot, emulated, guild, ada, juno
    ):
        await event("gateway.connected")
        with slow_database():
            await (await emulated.run_command("ping", member=juno, guild=guild)).reply()
            claim = await emulated.run_command("daily", member=juno, guild=guild)
            assert await claim.acknowledged() is State.DEFERRED

            reply = await (await emulated.run_command("balance", member=ada, guild=guild)).reply()

            assert not reply.deferred

    async def test_a_running_command_finishes_before_the_bot_stops(self, bot, emulated, guild, ada):
        with slow_database() as let_go:
            call = await emulated.run_command("daily", member=ada, guild=guild)
            await call.acknowledged()
            bot.ask_to_stop()
            late = await emulated.run_command("ping", member=ada, guild=guild)
            late_reply = await late.reply()
            let_go()
            reply = await call.reply()
            await bot.end()

        assert "110 coins" in reply.text
        assert "restarting" in late_reply.text
        assert emulated.gateway.closed_by_clients == [1000]
        assert (await events("bot.*"))[-1].kind == "bot.stopped"
        assert len(await events("bot.command_completed")) == 1

    async def test_a_command_that_takes_too_long_ends_with_the_bot_and_the_log_says_so(
        self, start_bot, emulated, guild, ada
    ):
        bot = await start_bot(drain_seconds=0.2)
        with slow_database() as let_go:
            call = await emulated.run_command("daily", member=ada, guild=guild)
            await call.acknowledged()
            bot.ask_to_stop()
            await emulated.wait_until(lambda: emulated.gateway.closed_by_clients == [1000])
            let_go()
            await bot.end()

        (failed,) = await events("bot.command_failed")
        assert failed.data["error"] == "CancelledError"
        assert (await events("bot.*"))[-1].kind == "bot.stopped"


class TestRepeatedDelivery:
    async def test_ten_deliveries_are_one_payment_and_one_outcome(self, bot, emulated, guild, ada):
        await emulated.faults.duplicate(9)

        call = await emulated.run_command("daily", member=ada, guild=guild)
        reply = await call.reply()
        await emulated.faults.duplicate(0)
        await (await emulated.run_command("ping", member=ada, guild=guild)).reply()

        assert "110 coins" in reply.text
        assert reply.followups == []
        assert await in_database(balance, ada.id) == 110
        await event("bot.command_completed", number=2)
        outcomes = await events("bot.command_*")
        assert [outcome.command for outcome in outcomes] == ["daily", "ping"]

    async def test_a_delivery_after_a_restart_pays_nothing_more(
        self, start_bot, emulated, guild, ada
    ):
        first = await start_bot()
        call = await emulated.run_command("daily", member=ada, guild=guild)
        reply = await call.reply()
        await first.stop()
        await start_bot()

        emulated.deliver(call)
        await (await emulated.run_command("ping", member=ada, guild=guild)).reply()

        assert call.seen().text == reply.text
        assert await in_database(Transaction.objects.count) == 1
        await event("bot.command_completed", number=2)
        outcomes = await events("bot.command_*")
        assert [outcome.command for outcome in outcomes] == ["daily", "ping"]


class TestTroubleWithDiscord:
    async def test_a_rate_limited_answer_arrives_later(self, bot, emulated, guild, ada):
        await emulated.faults.rate_limit(times=1, retry_after=0.4, route="callback")

        reply = await (await emulated.run_command("ping", member=ada, guild=guild)).reply()

        assert "Pong" in reply.text

    async def test_an_answer_that_met_a_server_error_is_given_again(
        self, bot, emulated, guild, ada
    ):
        await emulated.faults.fail(times=1, route="callback")

        reply = await (await emulated.run_command("ping", member=ada, guild=guild)).reply()

        assert "Pong" in reply.text


class TestAnAnswerThatComesTooLate:
    @pytest.fixture
    def limits(self):
        return Limits(heartbeat_seconds=0.4, response_seconds=0.3)

    async def test_the_log_says_that_it_ran_and_was_not_answered(self, bot, emulated, guild, ada):
        await emulated.faults.slow_rest(0.6, route="callback")

        call = await emulated.run_command("daily", member=ada, guild=guild)
        with pytest.raises(InteractionFailed):
            await call.reply()

        failed = await event("bot.command_failed")
        assert "ran, but Discord did not take its answer" in failed.message
        assert failed.data["error"] == "NotFound"
        assert await in_database(balance, ada.id) == 110
