"""One bot in two processes, each with a range of the shards."""

from collections import Counter
from contextlib import AsyncExitStack

import pytest

from botworker.database import in_database
from botworker.emulator import EmulatedDiscord, Limits
from dashboard.models import BotProcess, Guild
from tests.botworker.running import event, events, eventually, manage, process

NAMES = ("bot 0-3/8", "bot 4-7/8")


@pytest.fixture
async def emulated():
    limits = Limits(heartbeat_seconds=0.4, max_concurrency=8)
    async with EmulatedDiscord(limits=limits, world_size=(40, 60)) as discord:
        discord.conditions.ack_base = 0.03
        yield discord


def shard_of(guild):
    return (guild.id >> 22) % 8


async def settled():
    """Return the heartbeats of both once all their shards answer and all guilds are known."""
    found = [await process(name) for name in NAMES]
    shards = [shard for one in found if one for shard in one.shards]
    known = all(one and one.connected and one.guilds is not None for one in found)
    return found if known and all(shard["latencyMs"] for shard in shards) else None


async def test_two_processes_share_eight_shards(transactional_db, there, emulated):
    guilds = list(emulated.world.guilds.values())
    homes = {shard_of(guild): guild for guild in guilds}
    assert set(homes) == set(range(8))
    async with AsyncExitStack() as stack:
        first, second = [
            await stack.enter_async_context(manage("runbot", "--shards", name[4:], **there))
            for name in NAMES
        ]
        await emulated.wait_for_command("ping", within=30)
        for found, ids in zip(await eventually(settled), ([0, 1, 2, 3], [4, 5, 6, 7]), strict=True):
            own = Counter(shard_of(guild) for guild in guilds if shard_of(guild) in ids)
            assert {shard["id"]: shard["guilds"] for shard in found.shards} == own
            assert found.guilds == sum(own.values())

        # Every shard answers its guilds, and the first one direct messages.
        calls = [
            await emulated.run_command("daily", member=guild.people[0], guild=guild)
            for guild in homes.values()
        ]
        calls.append(await emulated.run_command("ping", direct=True))
        for call in calls:
            await call.reply()
            assert call.delivered == 1

        await emulated.faults.reset(shard=6)
        assert (await event("gateway.resumed")).data["shard"] == 6
        left = await emulated.faults.guild_left(homes[5].id)
        renamed = await emulated.faults.guild_renamed("The New Name", homes[2].id)

        async def told():
            rows = await in_database(Guild.objects.in_bulk)
            return rows[left].left_at is not None and rows[renamed].name == "The New Name"

        await eventually(told)
        assert [lost.data["shard"] for lost in await events("gateway.disconnected")] == [6]

        for one in (first, second):
            one.terminate()
        said = [(await one.communicate())[1].decode() for one in (first, second)]

    for one, text in zip((first, second), said, strict=True):
        assert one.returncode == 0, text
        assert "Traceback" not in text
        assert "Error" not in text
    assert emulated.gateway.closed_by_clients == [1000] * 8
    assert await in_database(BotProcess.objects.count) == 2
