"""What the first page costs: from the start of a process to its first answer, and then a second.

`make bench-page` runs it on SQLite and PostgreSQL with 10,000 events in the log. Each round starts
a web process and measures: until it listens; its first page, with every cache cold (templates,
connections, code that is imported late); pages a second one after the other on one connection, and
by eight clients; the same for `/healthz`, which is what the server and Django cost without a page;
and the memory of the process before anybody comes. Beside the time stands the CPU that the process
used, which other work on the machine changes less. Exit status 1 when an answer was not a page.
"""

import argparse
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EVENTS = 10_000
CLIENTS = 8


def fill() -> str:
    """Write a log; return the cookie of somebody who may look."""
    from benchmarks.fanout import sign_in
    from dashboard.events import Fact, Origin, Ref, record_events
    from dashboard.models import Level
    from dashboard.publisher import publisher

    for first in range(0, EVENTS, 500):
        record_events(
            [
                Fact(
                    kind="economy.daily_claimed",
                    message=f"member {number % 997} claimed 150 coins.",
                    level=Level.SUCCESS,
                    origin=Origin(Ref(7, "The Lighthouse"), Ref(10**17 + number % 997, "ada")),
                )
                for number in range(first, first + 500)
            ]
        )
    publisher.flush(30)
    return sign_in()


@contextmanager
def web_process(port: int) -> Iterator[subprocess.Popen[str]]:
    """Run a web process; it listens when this is entered."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "runweb"],
        cwd=ROOT,
        env={**os.environ, "PORT": str(port), "LOG_LEVEL": "ERROR"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        try:
            if not process.stdout.readline().startswith("Listening"):
                raise RuntimeError("the web process did not start")
            yield process
        finally:
            process.terminate()
            process.wait()


class Client:
    """One connection, kept open."""

    def __init__(self, port: int, cookie: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Cookie": cookie}
        self.answered = 0

    def get(self, path: str) -> int:
        """Return how many bytes the answer has; raise `RuntimeError` unless it is a success."""
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}")
        return len(body)

    def rate(self, path: str, seconds: float) -> float:
        """Return how many answers come in a second."""
        start = time.monotonic()
        self.answered = 0
        while (passed := time.monotonic() - start) < seconds:
            self.get(path)
            self.answered += 1
        return self.answered / passed


def one_round(cookie: str, seconds: float) -> dict[str, float]:
    """Return the figures of one process."""
    from tests.web import free_port

    port = free_port()
    began = time.monotonic()
    with web_process(port) as process, ThreadPoolExecutor(CLIENTS) as pool:
        found = {"start, ms": (time.monotonic() - began) * 1000}
        found["start, CPU ms"] = started = _cpu_ms(process.pid)
        found["idle process, MB"] = _resident_mb(process.pid)
        client = Client(port, cookie)
        asked = time.monotonic()
        found["page, KB"] = client.get("/") / 1024
        found["first page, cold, ms"] = (time.monotonic() - asked) * 1000
        found["first page, cold, CPU ms"] = _cpu_ms(process.pid) - started
        found["start to first page, ms"] = (time.monotonic() - began) * 1000
        for path, name in (("/", "page"), ("/healthz", "/healthz")):
            found[f"{name} warm, 1 client, /s"] = client.rate(path, seconds)
            clients = [Client(port, cookie) for _ in range(CLIENTS)]
            before = _cpu_ms(process.pid)
            rates = pool.map(lambda one, path=path: one.rate(path, seconds), clients)
            found[f"{name} warm, {CLIENTS} clients, /s"] = sum(rates)
            answered = sum(one.answered for one in clients)
            found[f"{name} warm, CPU ms"] = (_cpu_ms(process.pid) - before) / answered
        found["stats, KB"] = client.get("/api/stats") / 1024
        found["process after that, MB"] = _resident_mb(process.pid)
    return found


def _cpu_ms(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def _resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1024


def main(arguments: list[str]) -> int:
    """Run on private databases; return the exit status."""
    from benchmarks.economy import machine
    from tests.private import DATABASES, private_machine

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    parser.add_argument("--seconds", type=float, default=2, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=5, help="processes")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.inside:
        return inside(options)
    print(f"the first page, median of {options.rounds} processes; {machine()}")
    status = 0
    for database in DATABASES if options.database == "both" else [options.database]:
        with private_machine(database, fsync=True) as environment:
            collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v", "0"]
            subprocess.run(collect, cwd=ROOT, env=environment, check=True)
            command = [sys.executable, "-m", "benchmarks.page", "--inside", database, *arguments]
            status |= subprocess.run(command, cwd=ROOT, env=environment).returncode
    return status


def inside(options: Any) -> int:
    """Measure on the database of the environment, and print a line for each figure."""
    import django

    django.setup()
    cookie = fill()
    rounds = [one_round(cookie, options.seconds) for _ in range(options.rounds)]
    print(f"{options.inside}, {EVENTS:,} events, load {os.getloadavg()[0]:.1f}")
    for name in rounds[0]:
        values = [each[name] for each in rounds]
        print(f"  {name:<34}{median(values):>10,.1f}   ({min(values):,.1f} to {max(values):,.1f})")
    many = f"warm, {CLIENTS} clients, /s"
    ratio = median(each[f"page {many}"] / each[f"/healthz {many}"] for each in rounds)
    print(f"  {'page / healthz':<34}{ratio:>10,.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
