"""Keeps programs running: starts them, shows what they print, starts them again when they crash.

No program outlives the supervisor: it ends them in the reverse of the order in which they started,
and should it be killed itself, the kernel tells them (Linux).
"""

import asyncio
import ctypes
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

EXIT_CONFIGURATION = 78  # EX_CONFIG of sysexits.h: starting again with the same would not help
READY_SECONDS = 60.0
STOP_SECONDS = 20.0  # the bot finishes its commands for 10 s, and then records what is left
PAUSE_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)
LONG_RUN_SECONDS = 60.0  # after which a crash counts as the first one again
LINE_MAX_BYTES = 65536
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """Ask for SIGTERM when the parent ends. For the child, between fork and exec."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class ProgramEnded(Exception):
    """A program ended, or did not become ready, when it was started for the first time."""


class Interrupted(Exception):
    """Somebody asked to stop while programs were still starting."""


async def _at_once() -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run. `ready` tells whether others may rely on it."""

    name: str
    command: Sequence[str]
    variables: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], Awaitable[bool]] = _at_once


@dataclass(eq=False)
class _Kept:
    program: Program
    was_ready: bool = False
    process: asyncio.subprocess.Process | None = None
    task: "asyncio.Task[None] | None" = None


class Supervisor:
    """Runs programs until SIGINT, SIGTERM or SIGHUP. `say(name, line)` shows what they print.

    A program that crashes is started again after the first of `pauses` (seconds), after the next
    one if it crashes again soon, and so on.
    """

    def __init__(
        self, say: Callable[[str, str], None], *, pauses: Sequence[float] = PAUSE_SECONDS
    ) -> None:
        self._say = say
        self._pauses = pauses
        self._kept: list[_Kept] = []
        self._stop = asyncio.Event()
        self._error: BaseException | None = None

    async def start(self, program: Program) -> None:
        """Start `program` and return when it is ready. From then on a crash is repaired.

        Raises `ProgramEnded` if it never became ready, `Interrupted` if a signal came first.
        """
        kept = _Kept(program, was_ready=program.ready is _at_once)
        self._kept.append(kept)
        kept.task = asyncio.create_task(self._keep(kept))
        kept.task.add_done_callback(self._notice)
        deadline = time.monotonic() + READY_SECONDS
        while not (kept.process and await program.ready()):
            if self._stop.is_set():
                raise Interrupted
            if (kept.task.done() and not kept.was_ready) or time.monotonic() > deadline:
                raise ProgramEnded(program.name)
            await asyncio.sleep(0.05)
        kept.was_ready = True

    async def until_stopped(self) -> None:
        """Return when a signal asks to stop. Raises what broke the supervisor itself."""
        await self._stop.wait()
        if self._error is not None:
            raise self._error

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._on_signal)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        for kept in reversed(self._kept):
            await self._end(kept)
        for number in SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(number)

    def _on_signal(self) -> None:
        if self._stop.is_set():  # the second time: no more waiting
            for kept in self._kept:
                _send(kept, signal.SIGKILL)
        self._stop.set()

    def _notice(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and task.exception() is not None:
            self._error = task.exception()
            self._stop.set()

    async def _keep(self, kept: _Kept) -> None:
        """Run the program again and again, until it may not or need not run any more."""
        crashes = 0
        while not self._stop.is_set():
            since = time.monotonic()
            status = await self._run(kept)
            if self._stop.is_set() or not kept.was_ready:
                return
            if status == EXIT_CONFIGURATION:
                self._say(kept.program.name, "stays stopped until its configuration is changed")
                return
            crashes = 0 if time.monotonic() - since > LONG_RUN_SECONDS else crashes
            pause = self._pauses[min(crashes, len(self._pauses) - 1)]
            crashes += 1
            again = f"ended ({_cause(status)}); it is started again in {pause:g} s"
            self._say(kept.program.name, again)
            await self._stopping_within(pause)

    async def _stopping_within(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return

    async def _run(self, kept: _Kept) -> int:
        """Run the program once, show its output, return its exit status."""
        process = await asyncio.create_subprocess_exec(
            *kept.program.command,
            env={**os.environ, **kept.program.variables, "PYTHONUNBUFFERED": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C of the terminal reaches us alone; we end them in order
            preexec_fn=die_with_parent,
        )
        kept.process = process
        if process.stdout is not None:
            await self._relay(kept.program.name, process.stdout)
        return await process.wait()

    async def _relay(self, name: str, stream: asyncio.StreamReader) -> None:
        rest = b""
        while chunk := await stream.read(LINE_MAX_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > LINE_MAX_BYTES:
                lines, rest = [*lines, rest], b""
            for line in lines:
                self._say(name, line.decode(errors="replace"))
        if rest:
            self._say(name, rest.decode(errors="replace"))

    async def _end(self, kept: _Kept) -> None:
        """Ask the program to end, insist after `STOP_SECONDS`, and wait for it."""
        if kept.task is None:
            return
        _send(kept, signal.SIGTERM)
        done, _ = await asyncio.wait({kept.task}, timeout=STOP_SECONDS)
        if not done:
            _send(kept, signal.SIGKILL)
            await asyncio.wait({kept.task})


def _send(kept: _Kept, number: signal.Signals) -> None:
    if kept.process is not None and kept.process.returncode is None:
        kept.process.send_signal(number)


def _cause(status: int) -> str:
    return f"exit status {status}" if status >= 0 else signal.Signals(-status).name
