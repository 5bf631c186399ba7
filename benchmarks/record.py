"""How many events a second get into the log, one by one and many at once, and what keeps them out.

`make bench-record` runs it on SQLite and PostgreSQL (with `fsync`). Writers are processes. Four
ways are measured by turns: `one` event in a transaction of its own, `100` in one; a counter and a
commit (`commit`: what the disk and a lock allow); and `encoded` frames without a database. Each
event has an actor, and is published. Exit status 1 when the log has a gap then.
"""

import argparse
import subprocess
import sys
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path
from statistics import median
from time import monotonic, process_time
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WAYS = ("one", "100", "commit", "encoded")
FIRST_MEMBER = 400_000_000_000_000_000
MEMBERS = 1000


class Writer:
    """A process that writes one way for a while, when told, and says how many and at what cost."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._done = 0
        context = get_context("fork")
        self.pipe, theirs = context.Pipe()
        self._process: ForkProcess = context.Process(target=self._work, args=[theirs], daemon=True)
        self._process.start()

    def end(self) -> None:
        """End the process."""
        self.pipe.send(None)
        self._process.join()

    def _work(self, pipe: Connection) -> None:
        from dashboard.publisher import publisher

        ways = {
            "one": self._one,
            "100": self._many,
            "commit": self._commit,
            "encoded": self._encode,
        }
        while (task := pipe.recv()) is not None:
            way, seconds = task
            ways[way]()  # connections are made by the first one
            count, start, cpu = 0, monotonic(), process_time()
            while (passed := monotonic() - start) < seconds:
                count += ways[way]()
            publisher.flush(30)
            pipe.send((count / passed, (process_time() - cpu) / count))

    def _fact(self) -> Any:
        from dashboard.events import Fact, Origin, Ref
        from dashboard.models import Level

        self._done += 1
        return Fact(
            kind="economy.daily_claimed",
            message="ada claimed 150 coins, a streak of 3 days.",
            level=Level.SUCCESS,
            origin=Origin(
                guild=Ref(FIRST_MEMBER, "The Lighthouse"),
                actor=Ref(FIRST_MEMBER + self._done % MEMBERS, "ada"),
                command="daily",
                request_id=f"{self._number}-{self._done}",
            ),
            duration_ms=12.5,
            data={"amount": "150", "streak": 3, "balance": "1250"},
        )

    def _one(self) -> int:
        from dashboard.events import record_events

        record_events([self._fact()])
        return 1

    def _many(self) -> int:
        from dashboard.events import record_events

        record_events([self._fact() for _ in range(100)])
        return 100

    def _commit(self) -> int:
        from contextlib import nullcontext

        from django.db import connection, transaction
        from django.db.models import F

        from dashboard.models import HourlyCount

        # As events do it: SQLite has its lock before it reads, PostgreSQL one round trip.
        with transaction.atomic() if connection.vendor == "sqlite" else nullcontext():
            HourlyCount.objects.filter(kind="benchmark").update(count=F("count") + 1)
        return 1

    def _encode(self) -> int:
        from django.utils import timezone

        from dashboard import frames
        from dashboard.events import _event

        frames.new_event(_event(self._fact(), timezone.now()))
        return 1


def measure(options: argparse.Namespace) -> int:
    """Measure on the database of the environment, print a line for each cell; return the status."""
    import django
    from django.conf import settings
    from django.db import connection
    from django.utils import timezone

    django.setup()
    from dashboard.models import Event, HourlyCount, Stream

    settings.DATABASES["default"]["CONN_MAX_AGE"] = 600  # as `runbot` keeps it
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    HourlyCount.objects.create(hour=hour, kind="benchmark", level="info", count=0)
    connection.close()  # the writers open their own
    writers = [Writer(number) for number in range(max(options.writers))]
    for number in options.writers:
        rates: dict[str, list[float]] = {way: [] for way in WAYS}
        costs: dict[str, list[float]] = {way: [] for way in WAYS}
        for turn in range(-1, options.rounds):  # the first round only warms up
            for way in WAYS if turn % 2 else reversed(WAYS):
                for writer in writers[:number]:
                    writer.pipe.send((way, options.seconds))
                found = [writer.pipe.recv() for writer in writers[:number]]
                if turn >= 0:
                    rates[way].append(sum(rate for rate, _ in found))
                    costs[way].append(median(cost for _, cost in found))
        for way in WAYS:
            ratio = median(a / b for a, b in zip(rates[way], rates["commit"], strict=True))
            print(
                f"{connection.vendor:<11} {number:>7} {way:>8} {median(rates[way]):>10,.0f}"
                f" {median(costs[way]) * 1e6:>11.0f} {ratio:>9.2f}",
                flush=True,
            )
    for writer in writers:
        writer.end()
    missing = Stream.objects.get().head - Event.objects.count()
    print(f"{connection.vendor}: {Event.objects.count():,} events, {missing} missing in the log")
    return int(missing != 0)


def main(arguments: list[str]) -> int:
    """Run on private databases; return the exit status."""
    from benchmarks.economy import machine
    from tests.private import DATABASES, private_machine

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    parser.add_argument("--writers", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--seconds", type=float, default=0.5, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=9, help="measurements of each cell")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.inside:
        return measure(options)
    print(f"events a second, median of {options.rounds} times {options.seconds:g} s; {machine()}")
    print("database    writers      way   events/s  CPU µs each  / commit", flush=True)
    status = 0
    for database in DATABASES if options.database == "both" else [options.database]:
        with private_machine(database, fsync=True) as environment:
            command = [sys.executable, "-m", "benchmarks.record", "--inside", *arguments]
            status |= subprocess.run(command, cwd=ROOT, env=environment).returncode
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
