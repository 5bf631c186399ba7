"""What is wrong with this Discord at the moment, and how slow it is."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

MIN_ACK_SECONDS = 0.005
"""discord.py 2.7.1 misreads an ACK that overtakes its own clock; Discord never is that quick."""


@dataclass(slots=True)
class Refusal:
    """REST answers of one kind that are still to be given."""

    status: int
    times: int
    route: str = ""
    """Only for requests whose path contains this."""
    retry_after: float = 0.5
    is_global: bool = False


async def _no_port(seconds: float) -> None:
    raise LookupError(f"there is no port to close for {seconds:g} s")


class Conditions:
    """The weather: delays, refusals, silence. Read by the gateway and REST at every step."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)  # noqa: S311
        self._walk = 0.055
        self.ack_base: float | None = None
        """Seconds; None lets the delay wander between 30 and 90 ms."""
        self.ack_jitter = 0.0
        self.acks_dropped = False
        self.rest_delay = 0.0
        self.rest_jitter = 0.0
        self.rest_route = ""
        self.refusals: list[Refusal] = []
        self.losses: list[Refusal] = []
        """Of requests that take effect and whose response gets lost; without one by status 0."""
        self.duplicates = 0
        """How many extra times each new interaction is delivered."""
        self.cut: Callable[[], None] = lambda: None
        """Cuts every open HTTP connection."""
        self.close_port: Callable[[float], Awaitable[None]] = _no_port
        """Stops listening for so many seconds; 0 listens again."""
        self.down = False
        """Nobody is at home: connections are cut as they come."""

    def ack_seconds(self) -> float:
        """The delay of the next heartbeat's ACK, never under 5 ms."""
        if self.ack_base is not None:
            jitter = self._dice.uniform(-self.ack_jitter, self.ack_jitter)
            return max(MIN_ACK_SECONDS, self.ack_base + jitter)
        self._walk = min(0.09, max(0.03, self._walk + self._dice.gauss(0, 0.008)))
        spike = self._dice.uniform(0.15, 0.45) if self._dice.random() < 0.03 else 0.0
        return self._walk + spike

    async def pause(self, path: str) -> None:
        """Wait as long as REST is slow for this path."""
        if self.rest_delay and self.rest_route in path:
            jitter = self._dice.uniform(-self.rest_jitter, self.rest_jitter)
            await asyncio.sleep(max(0.0, self.rest_delay + jitter))

    def refusal(self, path: str) -> Refusal | None:
        """The refusal this request is to get, counted off."""
        return _next(self.refusals, path)

    def loss(self, path: str) -> Refusal | None:
        """What becomes of the response to this request, which took effect; counted off."""
        return _next(self.losses, path)

    def clear(self) -> None:
        """Fair weather."""
        self.ack_base = None
        self.ack_jitter = 0.0
        self.acks_dropped = False
        self.rest_delay = self.rest_jitter = 0.0
        self.rest_route = ""
        self.refusals.clear()
        self.losses.clear()
        self.duplicates = 0
        self.down = False


def _next(waiting: list[Refusal], path: str) -> Refusal | None:
    for refusal in waiting:
        if refusal.route in path:
            refusal.times -= 1
            if refusal.times <= 0:
                waiting.remove(refusal)
            return refusal
    return None
