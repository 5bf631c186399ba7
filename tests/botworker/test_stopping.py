"""What a bot that stops still does for its members."""

import signal

import pytest

from botworker.database import COMMAND_THREADS, in_database
from economy.models import Transaction
from economy.services import claim_daily
from tests.botworker.running import event, events, manage, slow_database
from tests.botworker.test_pages import button, people, shown


@pytest.fixture
async def occupied(bot, emulated, guild):
    """All threads of commands wait for the database; what is yielded lets go of it."""
    with slow_database() as let_go:
        claims = [
            await emulated.run_command("daily", member=person, guild=guild)
            for person in guild.people[-COMMAND_THREADS:]
        ]
        for claim in claims:
            await claim.acknowledged()
        yield let_go
    for claim in claims:
        assert "110 coins" in (await claim.reply()).text


class TestWhatBegan:
    @pytest.fixture
    async def list_of_two_pages(self, bot, emulated, guild, ada):
        await in_database(people, 11)
        call = await emulated.run_command("leaderboard", member=ada, guild=guild)
        await call.reply()
        return call

    async def test_a_page_that_is_being_turned_is_shown_and_no_other_is(
        self, bot, emulated, list_of_two_pages
    ):
        call = list_of_two_pages
        await emulated.faults.slow_rest(0.7, route="@original")
        press = await emulated.press(call, button(call, "Next")[0])
        await press.acknowledged()

        bot.ask_to_stop()
        late = await emulated.press(call, button(call, "Next")[0])
        assert "restarting" in (await late.reply()).text
        assert shown(call)[0] == "member 00"
        await bot.end()

        assert shown(call) == ["member 10"]
        assert call.original.components == []
        assert emulated.gateway.closed_by_clients == [1000]

    @pytest.fixture
    async def coins(self, bot, ada):
        await in_database(claim_daily, request_id="1", member_id=ada.id, member_name="ada")

    async def test_amounts_that_are_being_looked_up_are_suggested_and_no_others(
        self, bot, emulated, guild, ada, coins, occupied
    ):
        typed = await emulated.autocomplete("transfer", "amount", "5", member=ada, guild=guild)
        await (await emulated.run_command("ping", member=ada, guild=guild)).reply()  # it came

        bot.ask_to_stop()
        late = await emulated.autocomplete("transfer", "amount", "5", member=ada, guild=guild)
        await late.acknowledged()
        assert late.choices == []
        assert not typed.choices
        await emulated.faults.slow_rest(0.7, route="callback")
        occupied()
        await bot.end()

        assert [choice["value"] for choice in typed.choices] == [5, 50, 55]
        assert emulated.gateway.closed_by_clients == [1000]


async def test_a_second_signal_ends_it_at_once_and_the_member_is_told(
    transactional_db, there, emulated, guild, ada, tmp_path
):
    async with manage("runbot", **there) as running:
        await emulated.wait_for_command("daily", within=30)
        await event("gateway.connected")
        with slow_database():
            call = await emulated.run_command("daily", member=ada, guild=guild)
            await call.acknowledged()
            running.send_signal(signal.SIGTERM)
            assert running.stderr is not None
            said = b""
            while b"stopping" not in said:
                said += await running.stderr.readline()
            running.send_signal(signal.SIGTERM)
            _, errors = await running.communicate()
            assert not await in_database(Transaction.objects.exists)  # nothing waited for that

    said += errors
    assert running.returncode == 0, said.decode()
    assert b"Traceback" not in said
    assert "Something went wrong" in call.seen().text
    assert emulated.gateway.closed_by_clients == [1000]
    assert '"bot.command_failed"' in (tmp_path / "spool" / "bot.jsonl").read_text()
    assert await events("bot.command_failed") == []
