"""What a claim and a transfer cost, and what of it is the price of the event stream.

`make bench-economy` runs it on SQLite and PostgreSQL. Each cell is measured with the stream and
without it (`record_event` replaced by nothing, here only), by turns, so that whatever else the
machine does falls on both. The medians count: of rates, and of the ratios of neighbours. Workers
are processes: threads of one would share Python's lock, and measure that. PostgreSQL runs with
`fsync`, as in production.
"""

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any, NamedTuple
from unittest.mock import patch

ROOT = Path(__file__).resolve().parent.parent
DEEDS = ("claim_daily", "transfer")
MEMBERS_OF_A_WORKER = 20
FIRST_MEMBER = 400_000_000_000_000_000
SERVICES = ("economy.services.daily", "economy.services.transfers")


class Task(NamedTuple):
    """What a worker is to do for so many seconds."""

    deed: str
    stream: bool
    seconds: float


class Worker:
    """One process at the bank: it makes its own members, so that only shared rows are shared."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.done = 0
        context = get_context("fork")
        self._ours, theirs = context.Pipe()
        self._process: ForkProcess = context.Process(target=self._work, args=[theirs], daemon=True)
        self._process.start()

    def begin(self, task: Task) -> None:
        """Start `task` in the process."""
        self._ours.send(task)

    def result(self) -> float:
        """Wait for the task; return how many deeds a second the process did."""
        rate: float = self._ours.recv()
        return rate

    def end(self) -> None:
        """End the process."""
        self._ours.send(None)
        self._process.join()

    def _work(self, tasks: Connection) -> None:
        from dashboard.publisher import publisher

        deeds = {"claim_daily": self._claim, "transfer": self._transfer}
        for _ in range(MEMBERS_OF_A_WORKER):
            self._claim()
        while (task := tasks.recv()) is not None:
            deed = deeds[task.deed]
            if task.stream:
                tasks.send(_rate(deed, task.seconds))
                publisher.flush(30)
                continue
            with patch(f"{SERVICES[0]}.record_event"), patch(f"{SERVICES[1]}.record_event"):
                tasks.send(_rate(deed, task.seconds))

    def _claim(self) -> None:
        from economy.services import claim_daily

        member = FIRST_MEMBER + self.number * 10_000_000 + self.done
        claim_daily(request_id=self._request(), member_id=member, member_name="ada")

    def _transfer(self) -> None:
        from economy.services import transfer

        first = FIRST_MEMBER + self.number * 10_000_000
        turn = self.done % MEMBERS_OF_A_WORKER
        transfer(
            request_id=self._request(),
            sender_id=first + turn,
            receiver_id=first + (turn + 1) % MEMBERS_OF_A_WORKER,
            amount=1,
            sender_name="ada",
            receiver_name="noor",
        )

    def _request(self) -> str:
        self.done += 1
        return f"{self.number}-{self.done}"


def _rate(deed: Callable[[], None], seconds: float) -> float:
    """Return how often `deed` is done in a second."""
    start = monotonic()
    count = 0
    while (passed := monotonic() - start) < seconds:
        deed()
        count += 1
    return count / passed


def measure(options: argparse.Namespace) -> None:
    """Measure every cell on the database of the environment, and print a line for each."""
    import django
    from django.conf import settings
    from django.db import connection

    django.setup()
    settings.DATABASES["default"]["CONN_MAX_AGE"] = 600  # as `runbot` keeps it
    connection.close()  # the workers open their own
    everybody = [Worker(number) for number in range(max(options.workers))]
    for deed in DEEDS:
        for count in options.workers:
            told, untold = _by_turns(everybody[:count], deed, options)
            ratio = median(without / with_it for with_it, without in zip(told, untold, strict=True))
            print(
                f"{connection.vendor:<11} {deed:<12} {count:>7} {median(told):>8.0f}"
                f" {median(untold):>11.0f} {ratio:>6.2f}",
                flush=True,
            )
    for worker in everybody:
        worker.end()


def _by_turns(
    workers: list[Worker], deed: str, options: argparse.Namespace
) -> tuple[list[float], list[float]]:
    """Return the rates of all rounds with the stream, and without it."""
    told: list[float] = []
    untold: list[float] = []
    for number in range(-1, options.rounds):  # the first round only warms up
        for stream in (True, False) if number % 2 else (False, True):
            for worker in workers:
                worker.begin(Task(deed, stream, options.seconds))
            rate = sum(worker.result() for worker in workers)
            if number >= 0:
                (told if stream else untold).append(rate)
    return told, untold


def machine() -> str:
    """Return what the figures were measured on."""
    names = [line for line in Path("/proc/cpuinfo").read_text().split("\n") if "model name" in line]
    cpu = names[0].partition(": ")[2] if names else platform.machine()
    return f"{os.cpu_count()} x {cpu}, Python {platform.python_version()}, {platform.system()}"


def main(arguments: list[str]) -> int:
    """Run on private databases; return the exit status."""
    from tests.private import DATABASES, private_machine

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--seconds", type=float, default=0.5, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=9, help="measurements of each cell")
    parser.add_argument("--fsync", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.inside:
        measure(options)
        return 0
    print(f"deeds a second, median of {options.rounds} times {options.seconds:g} s; {machine()}")
    print("database    deed         workers  with it  without it  ratio   (it: the event stream)")
    command: list[Any] = [sys.executable, "-m", "benchmarks.economy", "--inside", *arguments]
    for database in DATABASES if options.database == "both" else [options.database]:
        with private_machine(database, fsync=options.fsync) as environment:
            subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
