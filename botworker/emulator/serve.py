"""The emulated Discord as a process of its own, until it is told to stop."""

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass

from botworker.emulator.limits import Limits
from botworker.emulator.players import Players
from botworker.emulator.server import EmulatedDiscord


@dataclass(frozen=True, slots=True)
class Options:
    """What `rundiscord` was asked for."""

    port: int = 8790
    seed: int = 1
    pace: float = 2.5
    token: str | None = None
    heartbeat_seconds: float = 5.0


async def serve(options: Options, say: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT. Says one line once it listens; OSError when it cannot."""
    limits = Limits(heartbeat_seconds=options.heartbeat_seconds)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with EmulatedDiscord(
        port=options.port, seed=options.seed, token=options.token, limits=limits
    ) as discord:
        players = Players(discord, seed=options.seed, pace=options.pace)
        say(f"Emulated Discord listens on {discord.api_url} and {discord.gateway_url}")
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(players.play())
            await stop.wait()
            playing.cancel()
