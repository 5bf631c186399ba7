"""The fixtures of the emulated Discord's own tests."""

import asyncio
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable

with warnings.catch_warnings():  # discord.py imports audioop, which Python 3.13 drops
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord

import pytest
import yarl
from discord.gateway import DiscordWebSocket

from botworker.emulator import EmulatedDiscord, Limits
from tests.emulator.raw import RawClient
from tests.emulator.smallbot import SmallBot, SmallShardedBot
from tests.emulator.watch import formats, watch  # noqa: F401

GRANTED = 1 << 1 | 1 << 8


@pytest.fixture
def limits() -> Limits:
    """Override it for other deadlines. Identifying twice need not take five seconds here."""
    return Limits(identify_seconds=0, granted_intents=GRANTED)


@pytest.fixture
async def emulated(limits: Limits) -> AsyncIterator[EmulatedDiscord]:
    """A Discord of this test's own."""
    async with EmulatedDiscord(limits=limits) as discord_:
        yield discord_


@pytest.fixture
async def raw(emulated: EmulatedDiscord) -> AsyncIterator[RawClient]:
    """A client without a library."""
    async with RawClient(emulated) as client:
        yield client


Start = Callable[..., Awaitable[SmallBot]]


@pytest.fixture
async def start(emulated: EmulatedDiscord, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Start]:
    """Starts bots made with the real discord.py, and ends them."""
    monkeypatch.setattr(discord.http.Route, "BASE", emulated.api_url)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(emulated.gateway_url))
    started: list[tuple[SmallBot | SmallShardedBot, asyncio.Task[None]]] = []

    async def starter(kind: type[SmallBot] = SmallBot, **options: object) -> SmallBot:
        bot = kind(**options)
        task = asyncio.create_task(bot.start(emulated.token))
        started.append((bot, task))
        ready = asyncio.create_task(bot.wait_until_ready_())
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            ready.cancel()
            task.result()
        await ready
        return bot

    yield starter
    for bot, task in started:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await bot.close()
