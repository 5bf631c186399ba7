"""The fixtures of the bot's tests: an emulated Discord, and the real discord.py on it."""

import asyncio
import warnings

with warnings.catch_warnings():  # discord.py 2.7 imports a module that Python 3.13 will not have
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    import discord  # noqa: F401

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from botworker.emulator import EmulatedDiscord, Guild, Limits, Member
from tests.botworker.running import RunningBot, wait_for_threads
from tests.emulator.watch import formats, watch  # noqa: F401


@pytest.fixture
def limits() -> Limits:
    """What the emulated Discord holds the bot to: a heartbeat every 0.4 s."""
    return Limits(heartbeat_seconds=0.4, identify_seconds=0.01)


@pytest.fixture
async def emulated(limits: Limits) -> AsyncIterator[EmulatedDiscord]:
    """An emulated Discord; ACKs take 30 ms."""
    async with EmulatedDiscord(limits=limits) as discord:
        discord.conditions.ack_base = 0.03
        yield discord


@pytest.fixture
async def start_bot(
    transactional_db: None, emulated: EmulatedDiscord
) -> AsyncIterator[Callable[..., Awaitable[RunningBot]]]:
    """A function that starts a bot, given its options; each is stopped with the test."""
    async with AsyncExitStack() as stack:

        async def start(**options):
            bot = RunningBot(emulated, **options)
            stack.push_async_callback(bot.stop)
            await bot.start()
            return bot

        yield start
    await asyncio.to_thread(wait_for_threads)


@pytest.fixture
async def bot(start_bot: Callable[..., Awaitable[RunningBot]]) -> RunningBot:
    """A bot whose commands can be called."""
    return await start_bot()


@pytest.fixture
def guild(emulated: EmulatedDiscord) -> Guild:
    """Where the test's members are."""
    return next(iter(emulated.world.guilds.values()))


@pytest.fixture
def ada(guild: Guild) -> Member:
    """A member."""
    return guild.people[0]


@pytest.fixture
def juno(guild: Guild) -> Member:
    """Another member of the same guild."""
    return guild.people[1]


@pytest.fixture
def there(emulated: EmulatedDiscord, tmp_path: Path) -> dict[str, str]:
    """The variables that lead a bot to the emulated Discord."""
    return {
        "DATA_DIR": str(tmp_path),
        "DISCORD_TOKEN": emulated.token,
        "DISCORD_API_URL": emulated.api_url,
        "DISCORD_GATEWAY_URL": emulated.gateway_url,
        "BOT_HEARTBEAT_SECONDS": "0.2",
        "STARTUP_WAIT_SECONDS": "0.3",
    }
