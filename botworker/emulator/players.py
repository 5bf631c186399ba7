"""People who play: they call whatever commands the bot synced, at a human pace."""

import asyncio
import logging
import random
from typing import Any, Protocol

from botworker.emulator.commands import CommandRegistry, leaves
from botworker.emulator.interactions import Interaction
from botworker.emulator.invocations import NotCallable
from botworker.emulator.option_values import fill
from botworker.emulator.replies import InteractionFailed
from botworker.emulator.things import Guild, Member
from botworker.emulator.world import World

Json = dict[str, Any]

log = logging.getLogger(__name__)

_LIKED = {"daily": 3.0, "balance": 4.0, "transfer": 4.0, "leaderboard": 1.5, "ping": 0.7}


class Stage(Protocol):
    """Where players act."""

    world: World
    commands: CommandRegistry

    async def run_command(
        self, name: str, *, member: Member, guild: Guild, options: Json
    ) -> Interaction:
        """Call a command."""

    async def wait_until(self, condition: Any, within: float) -> None:
        """Wait for a condition."""


class Players:
    """Calls a command every `pace` seconds on average, somewhere; `pace` 0 pauses."""

    def __init__(self, stage: Stage, *, seed: int, pace: float) -> None:
        self._stage = stage
        self._dice = random.Random(seed)  # noqa: S311
        self._pace = pace
        self._paced = asyncio.Event()
        self._waiting: set[asyncio.Task[None]] = set()
        self._claimed: set[int] = set()
        self.called = 0
        """How many commands were called."""
        self.answered = 0
        self.unanswered = 0
        """How many members read "The application did not respond"."""

    @property
    def pace(self) -> float:
        """Seconds between two commands, on average."""
        return self._pace

    @pace.setter
    def pace(self, seconds: float) -> None:
        self._pace = seconds
        self._paced.set()

    async def play(self) -> None:
        """Play until cancelled; a bot that is away is waited for."""
        try:
            while True:
                await self._breathe()
                self.act()
        finally:
            for task in self._waiting:
                task.cancel()
            await asyncio.gather(*self._waiting, return_exceptions=True)

    def act(self) -> bool:
        """One member calls one command; tells whether there was one to call."""
        open_ones = [one for one in self._stage.world.guilds.values() if one.available]
        if not open_ones:
            return False
        guild = self._dice.choice(open_ones)
        choices = [
            (name, options)
            for scope in (None, guild.id)
            for command in self._stage.commands.all(scope)
            if command["type"] == 1
            for name, options in leaves(command)
        ]
        if not choices or not guild.people:
            return False
        member = self._someone(guild)
        name, options = self._like(choices, member)
        task = asyncio.create_task(self._call(name, options, member, guild))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)
        return True

    async def _breathe(self) -> None:
        """Wait for the next moment somebody acts; a changed pace counts at once."""
        while True:
            self._paced.clear()
            seconds = self._dice.uniform(0.4, 1.6) * self._pace if self._pace > 0 else None
            try:
                async with asyncio.timeout(seconds):
                    await self._paced.wait()
            except TimeoutError:
                return

    def _someone(self, guild: Guild) -> Member:
        """Few play much, many play little."""
        people = guild.people
        return people[min(int(self._dice.expovariate(3.0) * len(people)), len(people) - 1)]

    def _like(
        self, choices: list[tuple[str, list[Json]]], member: Member
    ) -> tuple[str, list[Json]]:
        if member.id not in self._claimed and self._dice.random() < 0.6:
            for choice in choices:
                if choice[0] == "daily":
                    self._claimed.add(member.id)
                    return choice
        weights = [_LIKED.get(name.split()[0], 1.0) for name, _ in choices]
        return self._dice.choices(choices, weights)[0]

    async def _call(self, name: str, options: list[Json], member: Member, guild: Guild) -> None:
        values = fill(options, self._dice, member, guild)
        try:
            interaction = await self._stage.run_command(
                name, member=member, guild=guild, options=values
            )
        except NotCallable as refusal:
            log.info("%s cannot call /%s: %s", member.user.username, name, refusal)
            return
        self.called += 1
        try:
            await interaction.reply(within=60)
        except (InteractionFailed, TimeoutError) as failure:
            self.unanswered += 1
            log.warning("%s got no answer to /%s: %r", member.user.username, name, failure)
        else:
            self.answered += 1
