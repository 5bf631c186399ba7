"""Discord refuses the bot for good: one line, an exit that asks for no restart, no IDENTIFYs."""

import asyncio

import pytest

from botworker.emulator import Limits
from botworker.errors import StartRefused
from botworker.options import ShardRange
from tests.botworker.running import event

IDENTIFY, RESUME = 2, 6


@pytest.fixture
def limits():
    return Limits(heartbeat_seconds=0.4, max_concurrency=2)


async def refused(bot):
    """Wait for the end of a bot, and return the line of its refusal."""
    with pytest.raises(StartRefused) as caught:
        await bot.end()
    assert caught.value.exit_code == 78
    line = str(caught.value)
    assert "\n" not in line
    stopped = await event("bot.stopped")
    assert stopped.level == "error"
    assert stopped.message == f"Bot stopped: {line}"
    return line


@pytest.mark.parametrize(
    ("shards", "number"), [(None, 1), (ShardRange(0, 1, 2), 2)], ids=["one", "two shards"]
)
async def test_a_token_that_was_revoked_is_told_when_the_connection_is_lost(
    start_bot, emulated, shards, number
):
    bot = await start_bot(shards=shards)
    await event("gateway.connected", number=number)
    emulated.gateway.identification.token = "the next one"

    await emulated.faults.reset()

    assert "DISCORD_TOKEN" in await refused(bot)
    assert emulated.gateway.identifies == number
    assert set(emulated.gateway.refused) == {RESUME}
    assert len(emulated.gateway.refused) <= number


@pytest.mark.parametrize("shards", [None, ShardRange(0, 0, 1)], ids=["one", "sharded"])
async def test_a_token_that_was_revoked_is_told_when_a_request_is_refused(
    start_bot, emulated, shards
):
    bot = await start_bot(shards=shards, count_seconds=0.1)
    await event("gateway.connected")

    await emulated.faults.fail(status=401, route="guilds")

    assert "DISCORD_TOKEN" in await refused(bot)
    assert emulated.gateway.identifies == 1
    assert not emulated.gateway.refused
    assert emulated.gateway.closed_by_clients == [1000]


async def test_a_token_that_was_revoked_before_the_first_connection_identifies_never(
    start_bot, emulated
):
    await emulated.faults.fail(status=401, route="commands")

    with pytest.raises(StartRefused, match="DISCORD_TOKEN"):
        await start_bot()

    assert emulated.gateway.identifies == 0
    assert not emulated.gateway.refused


class TestTooFewShards:
    @pytest.fixture
    def limits(self):
        return Limits(max_guilds_a_shard=1, max_concurrency=1)

    @pytest.mark.parametrize("shards", [None, ShardRange(0, 3, 4)], ids=["one", "four shards"])
    async def test_the_first_refusal_ends_it(self, start_bot, emulated, shards):
        with pytest.raises(StartRefused, match="--shards") as caught:
            await asyncio.wait_for(start_bot(shards=shards), 60)

        assert caught.value.exit_code == 78
        assert list(emulated.gateway.refused) == [IDENTIFY]
