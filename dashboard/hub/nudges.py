"""Being woken through the channel layer to look into the database."""

import asyncio
from collections.abc import Callable
from typing import Any, Self

from dashboard.hub.intake import Intake

CONTROL_GROUP = "control"
PAUSE_SECONDS = 0.2
"""How long at least lies between two calls, however many nudges come."""


class Nudges:
    """Calls `look` when there may be something new to find, in the event loop it was started in.

    A nudge says nothing, so a forged one costs a look and no more, five a second at most. `look`
    is also called once the layer is heard, and heard again: what was said before is lost.
    """

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look
        self._intake = Intake(CONTROL_GROUP, self._take, self._on_hearing)
        self._due: asyncio.TimerHandle | None = None
        self._looked_at = float("-inf")

    def start(self) -> None:
        """Begin to listen, in the background; the layer may be away."""
        self._intake.start()

    async def stop(self) -> None:
        """End; a layer that does not answer cannot hold this up."""
        if self._due is not None:
            self._due.cancel()
        await self._intake.stop()

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _take(self, messages: list[dict[str, Any]]) -> None:
        if any(message.get("type") == "dashboard.nudge" for message in messages):
            self._look_soon()

    def _on_hearing(self, hears: bool) -> None:
        if hears:
            self._look_soon()

    def _look_soon(self) -> None:
        if self._due is None:
            loop = asyncio.get_running_loop()
            at = max(loop.time(), self._looked_at + PAUSE_SECONDS)
            self._due = loop.call_at(at, self._look_now)

    def _look_now(self) -> None:
        self._due = None
        self._looked_at = asyncio.get_running_loop().time()
        self._look()
