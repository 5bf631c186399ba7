"""What the page learns of the connection to Discord, through every way of losing it."""

import asyncio
from datetime import timedelta

import pytest
from channels.layers import get_channel_layer

from botworker.database import in_database
from botworker.emulator import Limits
from botworker.errors import StartRefused
from botworker.models import SyncedCommands
from botworker.options import ShardRange
from dashboard.models import BotProcess, MetricSample
from tests.botworker.running import event, events, eventually, process


async def heartbeat(condition):
    """Wait for a heartbeat of which `condition` holds and return it."""

    async def look():
        found = await process()
        return found if found is not None and condition(found) else None

    return await eventually(look)


async def kinds():
    return [found.kind for found in await events("gateway.*")]


async def test_a_heartbeat_tells_what_is_known(bot, emulated):
    found = await heartbeat(lambda p: p.latency_ms)

    guilds = emulated.world.guilds.values()
    assert found.connected
    assert found.emulated
    assert 25 < found.latency_ms < 400
    assert found.guilds == len(guilds)
    assert found.members == sum(len(guild.members) for guild in guilds)
    (shard,) = found.shards
    assert shard["state"] == "connected"
    assert shard["guilds"] == len(guilds)
    assert 0 <= shard["lastAckSeconds"] < 5


async def test_starting_is_two_events(bot, emulated):
    await event("gateway.connected")

    assert [found.kind for found in await events("bot.*")] == ["bot.started"]
    assert await kinds() == ["gateway.connected"]


async def test_every_page_is_told_of_a_turn_at_once_and_not_of_each_heartbeat(start_bot, emulated):
    said = []
    heard = asyncio.Event()
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add("dashboard", channel)

    async def listen():
        while True:
            if (message := await layer.receive(channel))["type"] == "dashboard.hasten":
                said.append(message)
                heard.set()

    listening = asyncio.create_task(listen())
    try:
        await start_bot()
        await heartbeat(lambda p: p.latency_ms)
        first = await heartbeat(lambda p: p.guilds)
        heard.clear()
        before = len(said)
        await heartbeat(lambda p: p.heartbeat_at > first.heartbeat_at + timedelta(seconds=1))
        assert len(said) <= before + 1  # the end of the start
        heard.clear()
        await emulated.faults.reset()
        await asyncio.wait_for(heard.wait(), 10)
    finally:
        listening.cancel()
        await layer.flush()


async def test_the_latency_follows_the_acks(bot, emulated):
    await heartbeat(lambda p: p.latency_ms and p.latency_ms < 150)

    await emulated.faults.ack_delay(0.25)

    await heartbeat(lambda p: p.latency_ms and 240 <= p.latency_ms < 400)


async def test_a_new_guild_is_counted_with_its_members(bot, emulated):
    before = await heartbeat(lambda p: p.guilds)

    await emulated.faults.guild_joined()

    after = await heartbeat(lambda p: p.guilds == before.guilds + 1)
    assert after.members > before.members


@pytest.mark.parametrize(
    "fault",
    [
        lambda faults: faults.reset(),
        lambda faults: faults.close(4000),
        lambda faults: faults.close(1000),
        lambda faults: faults.reconnect(),
        lambda faults: faults.invalid_session(resumable=True),
    ],
    ids=["reset", "close 4000", "close 1000", "op 7", "op 9 true"],
)
async def test_a_lost_connection_is_resumed_and_told_once(bot, emulated, fault):
    await event("gateway.connected")

    await fault(emulated.faults)

    resumed = await event("gateway.resumed")
    assert resumed.message.startswith("Shard 0 resumed after ")
    lost = await event("gateway.disconnected")
    assert lost.level == "warn"
    assert await kinds() == ["gateway.connected", "gateway.disconnected", "gateway.resumed"]
    assert emulated.gateway.identifies == 1


async def test_a_command_called_while_disconnected_is_answered(bot, emulated, guild, ada):
    await event("gateway.connected")
    await emulated.faults.reset()

    call = await emulated.run_command("ping", member=ada, guild=guild)

    assert "Pong" in (await call.reply()).text


async def test_an_outage_is_told_once_and_figures_are_null_meanwhile(bot, emulated):
    await heartbeat(lambda p: p.latency_ms)

    await emulated.faults.outage()

    found = await heartbeat(lambda p: not p.connected)
    assert (found.latency_ms, found.guilds, found.members) == (None, None, None)
    assert found.shards[0]["state"] == "disconnected"

    await emulated.faults.outage(on=False)

    await heartbeat(lambda p: p.connected and p.latency_ms)
    assert await kinds() == ["gateway.connected", "gateway.disconnected", "gateway.resumed"]


async def test_a_session_that_is_lost_is_begun_anew_and_the_ghost_latency_not_told(
    bot, emulated, guild, ada
):
    await heartbeat(lambda p: p.latency_ms)
    seen = []

    await emulated.faults.invalid_session(resumable=False)
    await heartbeat(lambda p: not p.connected)

    def measured(found):
        seen.append(found.latency_ms)
        return found.latency_ms

    await heartbeat(measured)
    assert max(figure or 0 for figure in seen) < 400
    again = await event("gateway.connected", number=2)
    assert again.message.startswith("Shard 0 connected after ")
    call = await emulated.run_command("ping", member=ada, guild=guild)
    assert "Pong" in (await call.reply()).text


async def test_acks_that_stop_are_noticed_and_the_bot_comes_back(bot, emulated):
    await heartbeat(lambda p: p.latency_ms)

    await emulated.faults.drop_acks()

    missed = await event("gateway.heartbeat_missed")
    assert missed.level == "warn"
    found = await heartbeat(lambda p: not p.connected)
    assert found.latency_ms is None

    await event("gateway.disconnected")
    await emulated.faults.drop_acks(False)
    await heartbeat(lambda p: p.connected and p.latency_ms)


async def test_a_revoked_token_ends_the_process_and_asks_for_no_restart(bot, emulated):
    await event("gateway.connected")

    await emulated.faults.close(4004)

    with pytest.raises(StartRefused) as refused:
        await bot.end()
    assert refused.value.exit_code == 78
    assert "DISCORD_TOKEN" in str(refused.value)
    assert emulated.gateway.identifies == 1
    stopped = await event("bot.stopped")
    assert stopped.level == "error"
    found = await process()
    assert found is not None
    assert found.stopped_at is not None


async def test_a_gateway_that_is_not_there_ends_the_start(start_bot):
    with pytest.raises(StartRefused) as refused:
        await start_bot(gateway_url="ws://127.0.0.1:1/")

    assert refused.value.exit_code == 69
    assert "ws://127.0.0.1:1/" in str(refused.value)


async def test_samples_keep_what_was_measured(start_bot, emulated):
    await start_bot(sample_seconds=0.3)
    await heartbeat(lambda p: p.latency_ms)

    async def measured():
        return await in_database(MetricSample.objects.filter(latency_ms__isnull=False).first)

    sample = await eventually(measured)
    assert sample.guilds == len(emulated.world.guilds)


async def test_the_commands_are_synced_and_their_digest_is_kept(bot, emulated):
    kept = await in_database(SyncedCommands.objects.get)

    assert kept.application_id == emulated.world.bot.id
    assert len(kept.digest) == 64


class TestDiscordsOwnHeartbeat:
    @pytest.fixture
    def limits(self):
        return Limits(heartbeat_seconds=41.25)

    async def test_the_latency_is_known_long_before_the_second_heartbeat(self, bot):
        found = await heartbeat(lambda p: p.latency_ms)

        assert 25 < found.latency_ms < 400


class TestShards:
    @pytest.fixture
    def limits(self):
        return Limits(heartbeat_seconds=0.4, identify_seconds=0.01, max_concurrency=2)

    async def test_two_shards_are_told_apart(self, start_bot, emulated):
        bot = await start_bot(shards=ShardRange(0, 1, 2), name="both")
        await emulated.wait_connected(shards=2, within=20)

        async def is_complete():
            found = await process("both")
            return found if found and found.connected and found.guilds else None

        found = await eventually(is_complete)
        assert [shard["id"] for shard in found.shards] == [0, 1]
        assert sum(shard["guilds"] for shard in found.shards) == len(emulated.world.guilds)

        await emulated.faults.reset(shard=1)

        resumed = await event("gateway.resumed")
        assert resumed.data["shard"] == 1
        lost = await events("gateway.disconnected")
        assert [found.data["shard"] for found in lost] == [1]

        await bot.stop()
        assert emulated.gateway.closed_by_clients[-2:] == [1000, 1000]

    async def test_a_process_with_the_second_shard_serves_its_guilds_alone(
        self, start_bot, emulated
    ):
        await start_bot()  # somebody has to sync the commands
        await start_bot(shards=ShardRange(1, 1, 2), name="second")

        async def is_complete():
            found = await process("second")
            return found if found and found.guilds is not None else None

        found = await eventually(is_complete)
        own = [guild for guild in emulated.world.guilds if (guild >> 22) % 2 == 1]
        assert found.guilds == len(own)
        assert await in_database(BotProcess.objects.count) == 2
