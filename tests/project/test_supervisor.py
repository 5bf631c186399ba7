"""Programs are kept running, shown, and never left behind."""

import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable

import pytest

from dashboard_project.supervisor import Program, ProgramEnded, Supervisor
from tests.environment import ROOT

LIVE = "import signal; print('up', flush=True); signal.pause()"


class Screen:
    """What the supervisor shows, and waiting for it."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self._news = asyncio.Event()

    def say(self, name: str, line: str) -> None:
        self.lines.append((name, line))
        self._news.set()

    async def shows(self, text: str, times: int = 1) -> None:
        async with asyncio.timeout(20):
            while sum(text in line for _, line in self.lines) < times:
                self._news.clear()
                await self._news.wait()

    def ready(self, text: str) -> Callable[[], Awaitable[bool]]:
        async def check() -> bool:
            return any(text in line for _, line in self.lines)

        return check


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


async def test_a_crash_is_shown_and_the_program_is_started_again() -> None:
    screen = Screen()
    async with Supervisor(screen.say, pauses=[0.0]) as supervisor:
        await supervisor.start(Program(name="bot", command=python("print('hello'); exit(3)")))
        await screen.shows("hello", times=3)
    assert ("bot", "ended (exit status 3); it is started again in 0 s") in screen.lines


async def test_a_program_killed_by_a_signal_names_the_signal() -> None:
    screen = Screen()
    code = "import os; os.kill(os.getpid(), 9)"
    async with Supervisor(screen.say, pauses=[30.0]) as supervisor:
        await supervisor.start(Program(name="bot", command=python(code)))
        await screen.shows("ended (SIGKILL); it is started again in 30 s")


async def test_a_wrong_configuration_is_not_tried_again() -> None:
    screen = Screen()
    async with Supervisor(screen.say, pauses=[0.0]) as supervisor:
        command = python("print('wrong token'); exit(78)")
        await supervisor.start(Program(name="bot", command=command))
        await screen.shows("stays stopped until its configuration is changed")
    assert [line for _, line in screen.lines].count("wrong token") == 1


async def test_a_program_that_ends_before_it_is_ready_ends_the_start() -> None:
    screen = Screen()
    async with Supervisor(screen.say) as supervisor:
        program = Program(
            name="web", command=python("print('no'); exit(1)"), ready=screen.ready("up")
        )
        with pytest.raises(ProgramEnded, match="web"):
            await supervisor.start(program)
    assert screen.lines == [("web", "no")]


async def test_programs_are_ended_in_the_reverse_of_their_order() -> None:
    screen = Screen()
    code = (
        "import signal, sys\n"
        "def bye(*_): print('bye', flush=True); sys.exit()\n"
        "signal.signal(signal.SIGTERM, bye); print('up', flush=True); signal.pause()"
    )
    async with Supervisor(screen.say) as supervisor:
        for name in ("broker", "web", "bot"):
            await supervisor.start(Program(name=name, command=python(code)))
        await screen.shows("up", times=3)
    goodbyes = [name for name, line in screen.lines if line == "bye"]
    assert goodbyes == ["bot", "web", "broker"]


async def test_a_very_long_line_is_shown_in_pieces_and_nothing_is_lost() -> None:
    screen = Screen()
    async with Supervisor(screen.say, pauses=[30.0]) as supervisor:
        await supervisor.start(Program(name="bot", command=python("print('#' * 300_000)")))
        await screen.shows("ended")
    assert sum(line.count("#") for _, line in screen.lines) == 300_000


SCRIPT = f"""
import asyncio, sys
from dashboard_project.supervisor import Program, Supervisor

async def main():
    async with Supervisor(lambda name, line: print(line, flush=True)) as supervisor:
        code = "import os; print(os.getpid());" + {LIVE!r}
        await supervisor.start(Program(name="bot", command=[sys.executable, "-c", code]))
        await supervisor.until_stopped()

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's word to orphans is Linux's")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_outlives_a_supervisor_that_ends(number: signal.Signals) -> None:
    with subprocess.Popen(python(SCRIPT), stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        child = os.pidfd_open(int(process.stdout.readline()))
        assert process.stdout.readline() == "up\n"
        process.send_signal(number)
        assert select.select([child], [], [], 20)[0], "the child still runs"
        os.close(child)
    assert process.returncode == (-9 if number == signal.SIGKILL else 0)
