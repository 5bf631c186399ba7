"""Plays a scenario: one scene after the other, for ever."""

import asyncio
import logging

from botworker.emulator.control import Control
from botworker.emulator.faults import Faults
from botworker.emulator.players import Players
from botworker.emulator.scenario import Scene, Step

log = logging.getLogger(__name__)


class Director:
    """Carries out scenes with the controls they name."""

    def __init__(
        self, scenes: list[Scene], controls: dict[str, Control], faults: Faults, players: Players
    ) -> None:
        self._scenes = scenes
        self._controls = controls
        self._faults = faults
        self._players = players
        self._usual_pace = players.pace
        self.scene: Scene | None = None
        """The one being played."""

    async def direct(self) -> None:
        """Play until cancelled."""
        while True:
            for scene in self._scenes:
                await self.play(scene)

    async def play(self, scene: Scene) -> None:
        """Play one scene to its end."""
        log.info("scene: %s", scene.name)
        self.scene = scene
        await self._faults.clear()
        self._players.pace = self._usual_pace
        for step in scene.steps:
            if not step.after:
                await self._use(step)
        later = [asyncio.create_task(self._later(step)) for step in scene.steps if step.after]
        try:
            await asyncio.sleep(scene.seconds)
        finally:
            for task in later:
                task.cancel()
            await asyncio.gather(*later, return_exceptions=True)

    async def _later(self, step: Step) -> None:
        await asyncio.sleep(step.after)
        await self._use(step)
        while step.every is not None:
            await asyncio.sleep(step.every)
            await self._use(step)

    async def _use(self, step: Step) -> None:
        try:
            await self._controls[step.control](**step.arguments)
        except LookupError as error:
            log.warning("scene %s: %s: %s", self.scene and self.scene.name, step.control, error)
