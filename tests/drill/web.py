"""A web process of the drill."""

import asyncio
import json
import signal
from typing import Any, NamedTuple

from tests.drill.inside import MARK
from tests.drill.processes import Process, descriptors, python, resident_bytes
from tests.web import free_port

ANSWER_SECONDS = 10.0


class Holding(NamedTuple):
    """What a process holds at one moment, and what it counted so far.

    `objects` is 0 where its garbage was not collected before.
    """

    tasks: int
    sockets: int
    objects: int
    counts: dict[str, int]
    descriptors: int
    resident_bytes: int


class Web(Process):
    """`manage.py runweb` on a free port, which it keeps when it is started again."""

    def __init__(self, variables: dict[str, str]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._told: asyncio.Future[dict[str, Any]] | None = None
        super().__init__(
            python("tests.drill.inside", "runweb"),
            {"PORT": str(self.port), **variables},
            ready="Listening on",
        )

    def heard(self, line: str) -> None:
        """Take a line that it printed, or its answer to `holding`."""
        if not line.startswith(MARK):
            super().heard(line)
        elif self._told is not None and not self._told.done():
            self._told.set_result(json.loads(line.removeprefix(MARK)))

    async def counted(self, what: str) -> int:
        """Ask the process how often something happened: `repaired`, `closed 4008` and the like."""
        return (await self.holding()).counts.get(what, 0)

    async def holding(self, *, tidy: bool = False) -> Holding:
        """Ask the process what it holds, `tidy`: after collecting its garbage.

        Raises `TimeoutError` when it does not answer.
        """
        self._told = asyncio.get_running_loop().create_future()
        self.signal(signal.SIGUSR2 if tidy else signal.SIGUSR1)
        told = await asyncio.wait_for(self._told, ANSWER_SECONDS)
        return Holding(
            **told, descriptors=descriptors(self.pid), resident_bytes=resident_bytes(self.pid)
        )
