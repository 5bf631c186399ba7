"""A bot under test: the real discord.py, in this process, on an emulated Discord."""

import asyncio
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from django.db import connection, connections, transaction
from django.db.models import F

from botworker import database
from botworker.database import in_database
from botworker.emulator import EmulatedDiscord
from botworker.options import BotOptions
from botworker.runner import Stop, serve
from dashboard.models import BotProcess, Event, Stream
from tests.environment import ROOT
from tests.web import database_url

T = TypeVar("T")

PATIENCE_SECONDS = 20.0
LOOK_SECONDS = 0.02


class RunningBot:
    """A bot that serves until `stop`; with the questions a test asks about it."""

    def __init__(self, emulated: EmulatedDiscord, **options: Any) -> None:
        self.emulated = emulated
        defaults: dict[str, Any] = {
            "token": emulated.token,
            "api_url": emulated.api_url,
            "gateway_url": emulated.gateway_url,
            "heartbeat_seconds": 0.2,
            "login_wait_seconds": 0.5,
            "guild_ready_seconds": 0.1,
        }
        self.options = BotOptions(**(defaults | options))
        self._stop = Stop()
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return when its commands can be called."""
        self._serving = asyncio.create_task(serve(self.options, self._stop))
        ready = asyncio.create_task(self.emulated.wait_for_command("ping"))
        await asyncio.wait({ready, self._serving}, return_when=asyncio.FIRST_COMPLETED)
        if self._serving.done():
            ready.cancel()
            await asyncio.gather(ready, return_exceptions=True)
            self._serving.result()
        await ready

    def ask_to_stop(self) -> None:
        """What a SIGTERM does; a second one too."""
        self._stop.ask()

    async def end(self) -> None:
        """Wait for the end; raise what ended it."""
        if self._serving is not None:
            await self._serving

    async def stop(self) -> None:
        """Stop it, whatever state it is in."""
        self.ask_to_stop()
        if self._serving is not None:
            await asyncio.gather(self._serving, return_exceptions=True)


def wait_for_threads() -> None:
    """Return when none of the bot's threads works any more.

    What one began goes on when its command is cancelled, and would end in the next test's database.
    """
    for threads in (database._commands, database._reports):
        met = threading.Barrier(threads.number)
        for waiting in [threads.submit(met.wait, PATIENCE_SECONDS) for _ in range(threads.number)]:
            waiting.result()


@contextmanager
def database_away() -> Iterator[None]:
    """Let no connection to the database be made, as when its server is gone."""
    options = connections.settings["default"]
    name = options["NAME"]
    options["NAME"] = "/nowhere/nobody"
    try:
        yield
    finally:
        options["NAME"] = name


@asynccontextmanager
async def missing(table: str) -> AsyncIterator[None]:
    """Take a table away, as from a database that is not itself."""
    await in_database(_rename, table, f"{table}_away")
    try:
        yield
    finally:
        await in_database(_rename, f"{table}_away", table)


def _rename(old: str, new: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")


@contextmanager
def slow_database() -> Iterator[Callable[[], None]]:
    """Hold the lock that every writer needs; what is yielded lets go."""
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Stream.objects.update(head=F("head"))
            held.set()
            let_go.wait(20)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(10)
    try:
        yield let_go.set
    finally:
        let_go.set()
        holder.join()


async def events(kind: str) -> list[Event]:
    """Return the events of a kind, or of a family (`bot.*`, `bot.command_*`), oldest first."""
    found = (
        Event.objects.filter(kind__startswith=kind[:-1])
        if kind.endswith("*")
        else Event.objects.filter(kind=kind)
    )
    return await in_database(lambda: list(found.order_by("seq")))


async def process(name: str = "bot") -> BotProcess | None:
    """Return the last heartbeat."""
    return await in_database(lambda: BotProcess.objects.filter(name=name).first())


async def eventually(look: Callable[[], Awaitable[T]]) -> T:
    """Return what `look` returns as soon as that is true; the database calls nobody back."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        seen = await look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"{look.__qualname__} did not come true")
        await asyncio.sleep(LOOK_SECONDS)


async def event(kind: str, number: int = 1) -> Event:
    """Wait for the `number`th event of a kind and return it."""

    async def is_there() -> list[Event]:
        found = await events(kind)
        return found if len(found) >= number else []

    return (await eventually(is_there))[number - 1]


@asynccontextmanager
async def manage(
    *arguments: str, cwd: Path = ROOT, **variables: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A command of manage.py, on the database of the test."""
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "manage.py",
        *arguments,
        cwd=cwd,
        env={**os.environ, "DATABASE_URL": database_url(), **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
            await running.communicate()
