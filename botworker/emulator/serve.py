"""The emulated Discord as a process of its own, until it is told to stop."""

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from botworker.emulator.director import Director
from botworker.emulator.limits import Limits
from botworker.emulator.players import Players
from botworker.emulator.rest import PREFIX
from botworker.emulator.scenario import parse
from botworker.emulator.server import EmulatedDiscord
from botworker.emulator.tls import Certificate

DEMO = Path(__file__).with_name("demo.scenario")
USUAL_PACE = 2.5


@dataclass(frozen=True, slots=True)
class Options:
    """What `rundiscord` was asked for."""

    port: int = 8790
    seed: int = 1
    pace: float = USUAL_PACE
    token: str | None = None
    scenario: Path | None = None
    guilds: int = 5
    members: int = 60
    limits: Limits = field(default_factory=Limits)
    tls: Path | None = None
    """A PEM file with certificate and key, made when absent."""


async def serve(options: Options, say: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT. Says one line once it listens.

    Raises OSError when the port is taken or a file cannot be read, ScenarioError when the scenario
    makes no sense, UnusableCertificate.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    discord = EmulatedDiscord(
        port=options.port,
        seed=options.seed,
        token=options.token,
        limits=options.limits,
        world_size=(options.guilds, options.members),
        tls=options.tls is not None and Certificate.kept_in(options.tls),
    )
    players = Players(discord, seed=options.seed, pace=options.pace)

    async def pace(seconds: float) -> None:
        players.pace = seconds

    discord.controls["pace"] = pace
    scenes = (
        parse(options.scenario.read_text("utf-8"), discord.controls) if options.scenario else []
    )
    async with discord, asyncio.TaskGroup() as group:
        s = "" if options.tls is None else "s"
        api, gateway = f"http{s}://{discord.address}{PREFIX}", f"ws{s}://{discord.address}/"
        say(f"Emulated Discord listens on {api} and {gateway}")
        running = [group.create_task(players.play())]
        if scenes:
            director = Director(scenes, discord.controls, discord.faults, players)
            running.append(group.create_task(director.direct()))
        await stop.wait()
        for task in running:
            task.cancel()
