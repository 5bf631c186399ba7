"""Programs that the drill starts, breaks and always ends."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from dashboard_project.supervisor import die_with_parent
from tests.environment import ROOT

START_SECONDS = 60.0
STOP_SECONDS = 15.0
LINES_KEPT = 400

# It thaws what it froze also when we are gone: its input ends with us.
_FREEZER = 'kill -STOP "$0"; read _; kill -CONT "$0"'


class Process:
    """A program; `lines` are the last it printed. Used with `async with`: it always ends."""

    def __init__(
        self, command: Sequence[str | Path], variables: dict[str, str], *, ready: str
    ) -> None:
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)
        self.tracebacks = 0
        self._command = command
        self._variables = variables
        self._ready = ready
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._freezer: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Return when it says that it is ready. Raises `RuntimeError` with its output if not."""
        ready = asyncio.Event()
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            cwd=ROOT,
            env={**os.environ, **self._variables, "PYTHONUNBUFFERED": "1"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the drill alone, which ends them
            preexec_fn=die_with_parent,
        )
        self._reader = asyncio.create_task(self._read(ready))
        told = asyncio.create_task(ready.wait())
        await asyncio.wait(
            {told, self._reader}, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        if not told.done():
            told.cancel()
            await self.kill()
            raise RuntimeError(f"{self._command} did not start:\n" + "".join(self.lines))

    @property
    def pid(self) -> int:
        """Its process id; it must have been started."""
        if self._process is None:
            raise RuntimeError(f"{self._command} does not run")
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; nothing happens when it has ended."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    def tell(self, line: str) -> None:
        """Write a line to its input."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(f"{line}\n".encode())

    async def finish(self) -> None:
        """End its input and wait until it has ended by itself."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        await self._ended(STOP_SECONDS)

    async def gone(self) -> None:
        """Wait until it has ended by itself."""
        await self._ended(START_SECONDS)

    async def stop(self) -> None:
        """End it as an operator does (SIGTERM), and by force when it does not obey."""
        self.thaw()
        self.signal(signal.SIGTERM)
        try:
            await self._ended(STOP_SECONDS)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """End it as a crash does (SIGKILL)."""
        self.signal(signal.SIGKILL)
        await self._ended(STOP_SECONDS)
        self.thaw()

    def freeze(self) -> None:
        """Stop it in its tracks: its connections stay, and nothing answers."""
        self._freezer = subprocess.Popen(
            ["sh", "-c", _FREEZER, str(self.pid)], stdin=subprocess.PIPE, start_new_session=True
        )

    def thaw(self) -> None:
        """Let it go on."""
        if self._freezer is not None:
            self._freezer.communicate()
            self._freezer = None

    def heard(self, line: str) -> None:
        """Take a line that it printed."""
        self.tracebacks += line.startswith("Traceback ")
        self.lines.append(line)

    async def _ended(self, seconds: float) -> None:
        if self._process is not None:
            await asyncio.wait_for(self._process.wait(), seconds)
        if self._reader is not None:
            await self._reader

    async def _read(self, ready: asyncio.Event) -> None:
        stream = self._process.stdout if self._process is not None else None
        while stream is not None and (line := await stream.readline()):
            text = line.decode(errors="replace")
            self.heard(text)
            if self._ready in text:
                ready.set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of ours."""
    return [sys.executable, "-m", module, *arguments]


def resident_bytes(pid: int) -> int:
    """Return how much memory a process holds now."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def descriptors(pid: int) -> int:
    """Return how many files and sockets a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
