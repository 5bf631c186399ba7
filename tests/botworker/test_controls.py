"""What operators have the bot do: asked as the panel asks, seen as members and operators see it."""

import shutil
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from botworker.database import in_database
from botworker.emulator import Limits
from botworker.options import ShardRange
from dashboard import control
from dashboard.models import BotMode, BotProcess, CommandCount, ControlAction, ControlRequest
from economy.models import Transaction
from tests.botworker.running import database_away, event, events, eventually, manage
from tests.environment import ROOT

ON, OFF = ControlAction.MAINTENANCE_ON, ControlAction.MAINTENANCE_OFF
RELOAD, CACHE = ControlAction.RELOAD_COMMANDS, ControlAction.CLEAR_CACHE
POLITE = "I am under maintenance and do nothing for now. Please try again later."


async def ask(action):
    """Ask as an operator does."""
    user, _ = await in_database(User.objects.get_or_create, username="maria")
    return await in_database(
        control.request, action, reason="nightly work", user=user, request_id=uuid4(), address=None
    )


async def settled(asked):
    """Wait for what became of a request: its state and what the processes said."""

    async def finished():
        found = await in_database(ControlRequest.objects.get, pk=asked.pk)
        return None if found.state == "pending" else found

    found = await eventually(finished)
    return found.state, found.detail


async def online(*names):
    """Wait until the processes are known to live: only they have to answer."""

    async def there():
        return await in_database(
            lambda: BotProcess.objects.filter(name__in=names, connected=True).count()
        ) == len(names)

    await eventually(there)


@pytest.fixture
async def known(bot):
    """A bot that operators can ask."""
    await online("bot")
    return bot


async def asked(action):
    return await settled(await ask(action))


async def refused_runs():
    def count():
        found = CommandCount.objects.filter(outcome="refused").values_list("runs", flat=True)
        return sum(found)

    return await in_database(count)


class TestMaintenance:
    async def test_members_are_told_politely_and_nothing_runs(self, known, emulated, guild, ada):
        assert await asked(ON) == ("done", "done by bot")

        call = await emulated.run_command("daily", member=ada, guild=guild)
        reply = await call.reply()

        assert (reply.text, reply.ephemeral) == (POLITE, True)
        assert not await in_database(Transaction.objects.exists)
        refused = await event("bot.command_refused")
        assert refused.message == f"Refused: {ada.display_name} used /daily during maintenance"
        assert refused.data == {"refusal": "UnderMaintenance"}

    async def test_nothing_is_suggested(self, known, emulated, guild, ada):
        await (await emulated.run_command("daily", member=ada, guild=guild)).reply()
        await asked(ON)

        typed = await emulated.autocomplete("transfer", "amount", "1", member=ada, guild=guild)
        await typed.acknowledged()

        assert typed.choices == []

    async def test_many_refusals_are_one_line_and_a_sum_and_each_is_counted(self, known, emulated):
        await asked(ON)
        for _ in range(5):
            await (await emulated.run_command("ping")).reply()
        await asked(OFF)

        told = await event("bot.commands_refused")
        assert told.message == "Refused: 4 more commands during maintenance"
        assert told.data["count"] == 4
        assert len(await events("bot.command_refused")) == 1
        assert await refused_runs() == 5

    async def test_afterwards_everything_works_again(self, known, emulated, guild, ada):
        await asked(ON)
        assert await asked(OFF) == ("done", "done by bot")

        call = await emulated.run_command("daily", member=ada, guild=guild)

        assert "110 coins" in (await call.reply()).text

    async def test_it_outlives_the_process(self, start_bot, emulated):
        first = await start_bot()
        await online("bot")
        await asked(ON)
        await first.stop()

        await start_bot()

        assert (await (await emulated.run_command("ping")).reply()).text == POLITE

    async def test_the_mode_is_kept_to_whoever_set_it(self, known, emulated):
        await in_database(BotMode.objects.update_or_create, id=1, defaults={"maintenance": True})

        async def told():
            return (await (await emulated.run_command("ping")).reply()).text == POLITE

        await eventually(told)

    async def test_a_database_that_is_away_changes_no_mode(self, known, emulated):
        await asked(ON)
        with database_away():
            assert (await (await emulated.run_command("ping")).reply()).text == POLITE


class TestClearCache:
    async def test_cooldowns_are_forgotten_and_the_answer_says_what_was(
        self, known, emulated, guild, ada
    ):
        for _ in range(5):
            await (await emulated.run_command("ping", member=ada, guild=guild)).reply()
        call = await emulated.run_command("ping", member=ada, guild=guild)
        assert "Slow down" in (await call.reply()).text

        state, detail = await asked(CACHE)

        assert state == "done"
        assert detail == "done by bot (cooldowns forgotten: 1, guilds told anew: 5)"
        call = await emulated.run_command("ping", member=ada, guild=guild)
        assert "Pong" in (await call.reply()).text


class TestReload:
    async def test_the_same_code_again_changes_nothing_for_members(
        self, known, emulated, guild, ada
    ):
        syncs = emulated.commands.syncs

        assert await asked(RELOAD) == (
            "done",
            "done by bot (commands reloaded: 6, for Discord they are the same)",
        )

        call = await emulated.run_command("daily", member=ada, guild=guild)
        assert "110 coins" in (await call.reply()).text
        assert emulated.commands.syncs == syncs

    async def test_new_code_is_served_and_faulty_code_is_not(
        self, transactional_db, there, emulated, guild, ada, tmp_path
    ):
        place = copy_of_the_bot(tmp_path)
        code = place / "botworker/cogs/economy.py"
        async with manage("runbot", cwd=place, **there):
            await emulated.wait_for_command("daily", within=30)
            await online("bot")

            code.write_text(code.read_text().replace("Claim your coins", "Collect your coins"))
            state, detail = await asked(RELOAD)
            assert (state, "Discord was told" in detail) == ("done", True), detail
            assert emulated.commands.find("daily", None)["description"] == (
                "Collect your coins of the day."
            )

            good = code.read_text()
            for faulty, said in (
                (f"{good}\n\ndef (\n", "SyntaxError in economy.py, line "),
                (f"{good}\n\nraise KeyError(1)\n", "KeyError in economy.py, line "),
                (good.replace("from discord import app_commands\n", ""), "NameError in economy.py"),
            ):
                code.write_text(faulty)
                state, detail = await asked(RELOAD)
                assert state == "failed", detail
                assert said in detail
                assert "the old commands stay" in detail
            call = await emulated.run_command("daily", member=ada, guild=guild)
            assert "110 coins" in (await call.reply()).text

            # Discord's own refusal: a description it does not take.
            code.write_text(good.replace("Collect your coins", "Collect " + "x" * 100))
            state, detail = await asked(RELOAD)
            assert state == "failed", detail
            assert "the old" in detail
            call = await emulated.run_command("balance", member=ada, guild=guild)
            assert "110 coins" in (await call.reply()).text

            code.write_text(good)
            assert (await asked(RELOAD))[0] == "done"


def copy_of_the_bot(tmp_path):
    """Return a folder whose bot can be changed; all else is that of the repository."""
    place = tmp_path / "place"
    place.mkdir()
    shutil.copy(ROOT / "manage.py", place)
    shutil.copytree(ROOT / "botworker", place / "botworker")
    for name in ("dashboard", "dashboard_project", "economy", "static", "templates", "tests"):
        if (ROOT / name).exists():
            (place / name).symlink_to(ROOT / name)
    return place


class TestTwoProcesses:
    @pytest.fixture
    def limits(self):
        return Limits(heartbeat_seconds=0.4, identify_seconds=0.01, max_concurrency=2)

    async def test_every_one_answers_and_keeps_to_it(self, start_bot, emulated):
        await start_bot(name="bot 0-0/2", shards=ShardRange(0, 0, 2))
        await start_bot(name="bot 1-1/2", shards=ShardRange(1, 1, 2))
        await online("bot 0-0/2", "bot 1-1/2")

        assert await asked(ON) == ("done", "done by bot 0-0/2, bot 1-1/2")

        for guild in emulated.world.guilds.values():
            call = await emulated.run_command("ping", guild=guild)
            assert (await call.reply()).text == POLITE
