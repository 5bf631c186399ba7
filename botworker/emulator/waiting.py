"""Waiting for something to become true."""

import asyncio
from collections.abc import Callable


class Changes:
    """Those who change something call `notify`; those who wait look again each time."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        """Wake everyone who waits."""
        self._event.set()
        self._event = asyncio.Event()

    async def until(self, condition: Callable[[], bool], within: float) -> None:
        """Return once `condition()` holds. Raises TimeoutError after `within` seconds."""
        async with asyncio.timeout(within):
            while not condition():
                await self._event.wait()
