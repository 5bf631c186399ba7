"""What it costs to give one event to every socket, beside the system calls that it cannot save.

`make bench-loop`: 1,000 sockets on loopback in our server, read by another process on another core;
then, by turns in a random order, a loop of bare `send`s over them, the hub's way, and the hub's way
with eight events that arrive together. Prints the CPU of the server's thread a socket, and ratios
within a turn. No database and no broker.
"""

import argparse
import asyncio
import os
import random
import resource
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TEXT = '{"type":"NEW_EVENT","data":{"seq":1,"message":"' + "x" * 250 + '"}}'
TOGETHER = 8
PAUSE_SECONDS = 0.012  # for the other side to read
WARM_UP = 3
HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:8000\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def read_all(port: int, count: int) -> None:
    """Open `count` sockets, and read what comes until the server ends."""
    poll, opened = select.epoll(), {}
    for _ in range(count):
        one = socket.create_connection(("127.0.0.1", port))
        one.sendall(HANDSHAKE.encode())
        opened[one.fileno()] = one
        poll.register(one, select.EPOLLIN)
    while True:
        for number, _ in poll.poll():
            if not opened[number].recv(65536):
                return


def ways(audience: Any) -> dict[str, Callable[[], None]]:
    """Return what is compared, each of which gives everybody something."""
    from dashboard.hub.batch import Batch

    sends = [connection.link.straight.send for connection in audience]

    def bare() -> None:
        wire = Batch([TEXT]).wire
        for send in sends:
            send(wire)

    return {
        "bare sends": bare,
        "the hub": lambda: audience.pass_on(Batch([TEXT])),
        f"the hub, {TOGETHER} together": lambda: audience.pass_on(Batch([TEXT] * TOGETHER)),
    }


async def measure(audience: Any, options: argparse.Namespace) -> dict[str, list[float]]:
    """Return the microseconds of CPU a socket of every turn, by way."""
    while len(audience) < options.sockets:  # noqa: ASYNC110 - they come by themselves
        await asyncio.sleep(0.05)
    await asyncio.sleep(1)
    found = ways(audience)
    costs: dict[str, list[float]] = {name: [] for name in found}
    for turn in range(options.turns + WARM_UP):
        for name in random.sample([*found], len(found)):
            await asyncio.sleep(PAUSE_SECONDS)
            before = time.thread_time()
            found[name]()
            if turn >= WARM_UP:
                costs[name].append((time.thread_time() - before) * 1e6 / options.sockets)
    return costs


def serve(options: argparse.Namespace) -> dict[str, list[float]]:
    """Run our server with an application that only lets in; return what was measured."""
    import django

    django.setup()
    from twisted.internet import reactor as installed

    from dashboard.hub.audience import Audience
    from dashboard.hub.connection import Connection
    from dashboard.hub.daphne import daphne_link
    from dashboard.server import Server
    from tests.web import free_port

    reactor: Any = installed
    audience = Audience(Counter())
    costs: dict[str, list[float]] = {}

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        link = daphne_link(send, direct=True)
        assert link is not None
        audience.add(Connection(link, user_id=1, session_key=""))
        while (await receive())["type"] != "websocket.disconnect":
            pass

    async def run() -> None:
        try:
            costs.update(await measure(audience, options))
        finally:
            reactor.stop()

    port = free_port()
    endpoint = f"tcp:{port}:interface=127.0.0.1"
    server = Server(application, endpoints=[endpoint], ping_interval=1000)
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpus[-1]})
    command = [sys.executable, "-m", "benchmarks.loop", "--clients", str(port)]
    clients = subprocess.Popen([*command, "--sockets", str(options.sockets)], cwd=ROOT)
    os.sched_setaffinity(0, {cpus[0]})
    tasks: list[Any] = []
    reactor.callWhenRunning(lambda: tasks.append(asyncio.ensure_future(run())))
    try:
        server.run()
    finally:
        clients.kill()
        clients.wait()
    return costs


def main(arguments: list[str]) -> int:
    """Measure, print a line for each way; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=60)
    parser.add_argument("--clients", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    if options.clients:
        read_all(options.clients, options.sockets)
        return 0
    from benchmarks.economy import machine

    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "READ_DOTENV": "false",
            "DATA_DIR": folder,
            "DJANGO_SETTINGS_MODULE": "dashboard_project.settings",
            "LOG_LEVEL": "ERROR",
        }
        costs = serve(options)
    print(
        f"{options.sockets:,} sockets, {len(TEXT)} bytes a frame, {options.turns} turns;", end=" "
    )
    print(f"{machine()}, load {os.getloadavg()[0]:.1f}")
    print(f"{'':<24}{'CPU µs a socket':>18}{'/ bare sends':>26}")
    for name, found in costs.items():
        ratios = sorted(a / b for a, b in zip(found, costs["bare sends"], strict=True))
        low, high = ratios[len(ratios) // 10], ratios[-1 - len(ratios) // 10]
        print(f"{name:<24}{median(found):>18.2f}{median(ratios):>12.2f} ({low:.2f}-{high:.2f})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
