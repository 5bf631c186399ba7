"""How fast one event reaches every browser: ours beside Bun, and beside a consumer for each socket.

`make bench-fanout HARNESS=FOLDER`: FOLDER holds `fanout.py`, a driver with its load client and Bun
peer (`measure`, `build_client`, `bun_binary`). It starts a server, opens the sockets, publishes on
Redis and checks every frame on every socket. Here the servers are taken by turns, in an order that
changes every round, and compared within a round: whatever else the machine does falls on all of
them. Exit status 1 when a frame of ours, or of a variant, was lost, came twice, late or changed,
when a socket closed, or when one of them could not be measured in some round.
"""

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
HARNESS_VARIABLE = "FANOUT_BENCH"
MODES = "idle,lat,w1,w8,rate:1000"
PLAIN_MODES = ["w8"]  # the others take minutes, and say the same
PLAIN_SECONDS = 20.0  # it delivers a few events a second
CLIENT_LOAD_MAX = 0.85  # a client with less of its core left measures itself


Round = dict[str, dict[str, dict[str, Any]]]
"""The results of one round: by server, by mode, by key."""


class Figure(NamedTuple):
    """A row of the table: which figure of which mode."""

    name: str
    mode: str
    key: str
    scale: float
    unit: str


FIGURES = [
    Figure("last socket, p50", "lat", "p50_ms", 1, "ms"),
    Figure("last socket, p99", "lat", "p99_ms", 1, "ms"),
    Figure("1 outstanding", "w1", "deliveries_per_s", 1e-3, "k/s"),
    Figure("1 outstanding, CPU", "w1", "cpu_s_per_M", 1, "s/M"),
    Figure("8 outstanding", "w8", "deliveries_per_s", 1e-3, "k/s"),
    Figure("8 outstanding, CPU", "w8", "cpu_s_per_M", 1, "s/M"),
    Figure("1,000 events/s, p50", "rate:1000", "p50_ms", 1, "ms"),
    Figure("1,000 events/s, p99", "rate:1000", "p99_ms", 1, "ms"),
    Figure("1,000 events/s, CPU", "rate:1000", "cpu_s_per_M", 1, "s/M"),
    Figure("an idle socket", "idle", "rss_kb_per_connection", 1, "KB"),
]


def load_harness(folder: Path) -> ModuleType:
    """Return the driver in `folder`; exit with a sentence when it is not there."""
    path = folder / "fanout.py"
    spec = importlib.util.spec_from_file_location("fanout_harness", path)
    if spec is None or spec.loader is None or not path.exists():
        sys.exit(f"{path} is missing: name the folder of the driver with {HARNESS_VARIABLE}=...")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sign_in() -> str:
    """Return the cookie of a new user who may look."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.test import Client

    user = User.objects.create_superuser("bench", password=None)
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"


def servers(harness: ModuleType, options: argparse.Namespace) -> dict[str, Any]:
    """Return what the driver is to start, by name."""
    many = str(options.sockets + 100)
    limits = {"SOCKETS_PER_PROCESS_MAX": many, "SOCKETS_PER_USER_MAX": many}
    header = f"Cookie: {sign_in()}"

    def server(modes: list[str], *command: str, **variables: str) -> dict[str, Any]:
        port = str(harness.free_port())
        return {
            "command": [sys.executable, *(word.replace("PORT", port) for word in command)],
            "url": f"ws://127.0.0.1:{port}/ws",
            "headers": [header],
            "channel": harness.CHANNEL,
            "envelope": True,
            "env": {"PORT": port, "LOG_LEVEL": "WARNING", **limits, **variables},
            "modes": modes,
        }

    found = {"ours": server(options.modes, "manage.py", "runweb")}
    for text in options.variant:
        name, _, setting = text.partition(":")
        variable, _, value = setting.partition("=")
        found[name] = server(options.modes, "manage.py", "runweb", **{variable: value})
    bun = harness.bun_binary()
    if bun is None:
        print("Bun is not available: there is nothing to compare with", flush=True)
    else:
        port = str(harness.free_port())
        redis = os.environ["REDIS_URL"].replace("unix://", "redis+unix://")
        found["bun"] = {
            "command": [bun, str(harness.HERE / "bun_peer.js")],
            "url": f"ws://127.0.0.1:{port}/ws",
            "headers": [],
            "channel": harness.PEER_CHANNEL,
            "envelope": False,
            "env": {"PORT": port, "CHANNEL": harness.PEER_CHANNEL, "REDIS_URL": redis},
            "modes": options.modes,
        }
    if not options.no_plain:
        modes = [mode for mode in options.modes if mode in PLAIN_MODES]
        application = "benchmarks.plain:application"
        found["plain"] = server(
            modes, "-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", "PORT", application
        )
    return found


def measure(harness: ModuleType, options: argparse.Namespace) -> list[Round]:
    """Return the results of every round. What could not be measured is said, and has none."""
    cpus = sorted(os.sched_getaffinity(0))
    pinned = len(cpus) > 1
    if pinned:
        os.sched_setaffinity(0, {cpus[1]})  # the client and this driver
    harness.raise_file_limit(options.sockets)
    binary = harness.build_client()
    redis = os.environ["REDIS_URL"].removeprefix("unix://")
    rounds: list[Round] = []
    found = servers(harness, options)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.rounds):
            first = number % len(found)
            names = [*found][first:] + [*found][:first]
            rounds.append({})
            for name in names:
                target = found[name] | {"name": name, "size": options.size}
                target["cpu"] = cpus[0] if pinned else None
                how = argparse.Namespace(
                    n=options.sockets,
                    modes=target["modes"],
                    secs=max(options.seconds, PLAIN_SECONDS if name == "plain" else 0),
                    events=options.events,
                    pid=None,
                )
                print(f"round {number + 1} of {options.rounds}: {name}", file=sys.stderr)
                try:
                    rounds[-1][name] = harness.measure(target, how, binary, redis, folder)
                except harness.BenchError as error:
                    print(f"round {number + 1}: not measured: {error}", flush=True)
                    rounds[-1][name] = {}
    return rounds


def report(harness: ModuleType, rounds: list[Round], variants: list[str]) -> int:
    """Print the table; return the exit status."""
    names = [name for name in ("ours", *variants, "bun", "plain") if name in rounds[0]]
    pairs = [(name, "bun") for name in names if name not in ("bun", "plain") and "bun" in names]
    pairs += [("ours", "plain")] if "plain" in names else []
    head = f"{'':<24}{'':>5}" + "".join(f"{name:>12}" for name in names)
    print(head + "".join(f"{f'{one} / {other}':>28}" for one, other in pairs))
    for figure in FIGURES:
        values = {name: _values(rounds, name, figure) for name in names}
        if any(value is not None for found in values.values() for value in found):
            line = f"{figure.name:<24}{figure.unit:>5}"
            line += "".join(
                f"{_median(values[name]) + _mark(rounds, name, figure.mode):>12}" for name in names
            )
            print(line + "".join(f"{ratios(values[a], values[b]):>28}" for a, b in pairs))
    print("! some rounds overloaded: their times are those of a backlog.", end=" ")
    print(f"? the client used over {CLIENT_LOAD_MAX:.0%} of its core: the server may do more.")
    violations = harness.count_violations(rounds, names)
    for name in names:
        results = [result for each in rounds for result in each[name].values()]
        frames = sum(result.get("deliveries", 0) for result in results)
        bad = {kind: count for kind, count in violations[name].items() if count}
        busiest = max((result.get("client_load", 0) for result in results), default=0)
        print(
            f"{name}: {frames:,} frames checked, {bad or 'none lost, twice, late or changed'};"
            f" {sum(bool(result.get('overload')) for result in results)} modes overloaded,"
            f" {sum(not each[name] for each in rounds)} rounds not measured,"
            f" client at most at {busiest:.0%}"
        )
    own = [name for name in names if name not in ("bun", "plain")]
    unmeasured = any(not each[name] for each in rounds for name in own)
    return int(unmeasured or any(any(violations[name].values()) for name in own))


def _values(rounds: list[Round], name: str, figure: Figure) -> list[float | None]:
    """Return the figure of each round, None where it was not measured."""
    found = [each[name].get(figure.mode, {}).get(figure.key) for each in rounds]
    return [None if value is None else value * figure.scale for value in found]


def _median(values: list[float | None]) -> str:
    found = [value for value in values if value is not None]
    return f"{median(found):,.1f}" if found else "-"


def _mark(rounds: list[Round], name: str, mode: str) -> str:
    results = [each[name].get(mode, {}) for each in rounds]
    overloaded = any(result.get("overload") for result in results)
    busy = any(result.get("client_load", 0) > CLIENT_LOAD_MAX for result in results)
    return "!" * overloaded + "?" * busy


def ratios(ours: list[float | None], others: list[float | None]) -> str:
    """Return the median of the ratios within rounds, their range, and of how many rounds it is."""
    found = [a / b for a, b in zip(ours, others, strict=True) if a is not None and b]
    if not found:
        return "-"
    return f"{median(found):.2f} ({min(found):.2f}-{max(found):.2f}, n={len(found)})"


def main(arguments: list[str]) -> int:
    """Run on a private database and broker; return the exit status."""
    from benchmarks.economy import machine
    from tests.private import private_machine

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--harness", type=Path, default=os.environ.get(HARNESS_VARIABLE))
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of each mode")
    parser.add_argument("--events", type=int, default=100, help="of the mode lat")
    parser.add_argument("--size", type=int, default=300, help="bytes of a frame")
    parser.add_argument("--modes", type=lambda text: text.split(","), default=MODES.split(","))
    parser.add_argument("--no-plain", action="store_true", help="without a consumer a socket")
    parser.add_argument("--variant", action="append", default=[], help="NAME:VARIABLE=value")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.harness is None:
        sys.exit(f"Name the folder of the driver: {HARNESS_VARIABLE}=... or --harness ...")
    harness = load_harness(Path(options.harness).resolve())
    if options.inside:
        import django

        django.setup()
        rounds = measure(harness, options)
        print(
            f"{options.sockets:,} sockets, {options.size} bytes a frame, {options.rounds} rounds;"
            f" {machine()}, load {os.getloadavg()[0]:.1f}"
        )
        return report(harness, rounds, [text.partition(":")[0] for text in options.variant])
    with private_machine("sqlite") as environment:
        command = [sys.executable, "-m", "benchmarks.fanout", "--inside", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
