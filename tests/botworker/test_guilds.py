"""What the page learns of the guilds, from Discord's events, by a database that comes and goes."""

import pytest
from django.utils import timezone

from botworker.database import in_database
from botworker.emulator import Limits
from botworker.options import ShardRange
from dashboard.models import Guild, GuildCommandDay
from dashboard.services import GuildState, record_guilds
from tests.botworker.running import database_away, event, eventually


async def rows(**wanted):
    return await in_database(lambda: list(Guild.objects.filter(**wanted).order_by("id")))


async def row(guild_id, **wanted):
    """Wait until the row of a guild is as wanted, and return it."""

    async def there():
        return await rows(id=guild_id, **wanted)

    return (await eventually(there))[0]


async def all_told(emulated):
    async def told():
        return len(await rows(left_at=None, available=True)) == len(emulated.world.guilds)

    await eventually(told)


async def test_every_guild_is_told_when_the_bot_is_ready(bot, emulated):
    await all_told(emulated)

    for found in await rows():
        guild = emulated.world.guilds[found.id]
        assert (found.name, found.members) == (guild.name, len(guild.members))
        assert (found.joined_at, found.bot) == (guild.joined_at, "bot")


async def test_a_guild_that_is_joined_renamed_away_back_and_left_is_told_each_time(bot, emulated):
    await all_told(emulated)
    faults = emulated.faults

    guild = await faults.guild_joined("Tin Roof")
    assert (await row(guild, name="Tin Roof")).members == 2
    await faults.guild_renamed("Copper Roof", guild)
    await row(guild, name="Copper Roof")
    await faults.guild_unavailable(guild)
    assert (await row(guild, available=False)).name == "Copper Roof"
    await faults.guild_available(guild)
    await row(guild, available=True)
    await faults.guild_left(guild)
    await row(guild, left_at__isnull=False)


async def test_what_was_left_while_the_bot_was_away_is_told_when_it_is_back(bot, emulated):
    await all_told(emulated)
    gone = next(iter(emulated.world.guilds))

    del emulated.world.guilds[gone]
    await emulated.faults.forget_sessions()
    await emulated.faults.close(4000)

    await row(gone, left_at__isnull=False)
    await all_told(emulated)


async def test_what_changes_while_the_database_is_away_is_told_afterwards(bot, emulated):
    await all_told(emulated)
    old, left = list(emulated.world.guilds)[:2]
    with database_away():
        await emulated.faults.guild_renamed("Under New Management", old)
        await emulated.faults.guild_left(left)
        new = await emulated.faults.guild_joined("Tin Roof")
        reply = await (await emulated.run_command("ping")).reply()
        assert "Pong" in reply.text

    await row(old, name="Under New Management")
    await row(left, left_at__isnull=False)
    await row(new, name="Tin Roof")


async def test_numbers_of_members_are_asked_for_now_and_then(start_bot, emulated):
    await start_bot(count_seconds=0.2)
    await all_told(emulated)
    guild = next(iter(emulated.world.guilds.values()))

    await emulated.faults.member_joined(guild.id)

    await row(guild.id, members=len(guild.members))


async def test_a_command_counts_for_its_guild(bot, emulated, guild, ada):
    await (await emulated.run_command("daily", member=ada, guild=guild)).reply()
    await event("bot.command_completed")

    (count,) = await in_database(lambda: list(GuildCommandDay.objects.all()))
    assert (count.guild_id, count.command, count.outcome) == (guild.id, "daily", "completed")


class TestTwoProcesses:
    @pytest.fixture
    def limits(self):
        return Limits(heartbeat_seconds=0.4, identify_seconds=0.01, max_concurrency=2)

    async def test_each_tells_its_own_guilds_and_calls_none_of_the_other_left(
        self, start_bot, emulated
    ):
        first = await start_bot(name="bot 0-0/2", shards=ShardRange(0, 0, 2))
        await start_bot(name="bot 1-1/2", shards=ShardRange(1, 1, 2))

        await all_told(emulated)
        await first.stop()

        for found in await rows():
            assert found.bot == f"bot {(found.id >> 22) % 2}-{(found.id >> 22) % 2}/2"
        assert await rows(left_at__isnull=False) == []


async def test_a_guild_of_an_earlier_run_that_is_no_more_is_told_as_left(start_bot, emulated):
    ghost = GuildState(42, "Long Gone", 7, joined_at=timezone.now())
    await in_database(record_guilds, [ghost], bot="bot")

    await start_bot()

    await row(42, left_at__isnull=False)
    await all_told(emulated)
