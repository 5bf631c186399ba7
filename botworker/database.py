"""The ways from the bot's event loop to the database: one for who waits, one for reports."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

from django.db import close_old_connections, connections

P = ParamSpec("P")
R = TypeVar("R")

KEEP_CONNECTION_SECONDS = 600
COMMAND_THREADS = 4
REPORT_THREADS = 2
CLOSING_SECONDS = 1.0


class Threads(Executor):
    """So many threads. The end of the process waits for none of them, as when it is killed.

    Those of the standard library would hold it up for as long as a database hangs.
    """

    def __init__(self, number: int, name: str) -> None:
        self.number = number
        self._name = name
        self._work: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._starting = threading.Lock()
        self._started = False

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> "Future[R]":
        """Call `fn` in the next thread that is free."""
        with self._starting:
            if not self._started:
                self._started = True
                for number in range(self.number):
                    name = f"{self._name}_{number}"
                    threading.Thread(target=self._run, name=name, daemon=True).start()
        future: Future[R] = Future()
        self._work.put((future, partial(fn, *args, **kwargs)))
        return future

    def _run(self) -> None:
        while True:
            _do(*self._work.get())


def _do(future: "Future[Any]", work: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is for who waits
        future.set_exception(error)
        del future  # which the error's traceback would keep, and it the error
    else:
        future.set_result(result)


_commands = Threads(COMMAND_THREADS, "commands")
_reports = Threads(REPORT_THREADS, "reports")


def keep_connections() -> None:
    """Let this process keep its connections, checked before each use. Call it before the first."""
    for options in connections.settings.values():
        options["CONN_MAX_AGE"] = KEEP_CONNECTION_SECONDS
        options["CONN_HEALTH_CHECKS"] = True


async def in_database(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run the synchronous `work`, for which somebody waits, in a thread; return what it returns.

    A connection that died since the last unit of work (a restarted PostgreSQL) is replaced before
    this one starts: without that, a long-lived process never recovers. Raises what `work` raises.
    Who is cancelled goes on at once; the work that began is done all the same.
    """
    return await _in(_commands, partial(work, *args, **kwargs))


async def reporting(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Do the same for what is written about the bot: no command ever waits behind it."""
    return await _in(_reports, partial(work, *args, **kwargs))


async def close_connections() -> None:
    """Close the connections of all threads, but those of one that is busy for too long."""
    await asyncio.gather(_close(_commands), _close(_reports))


async def _in(threads: Threads, work: Callable[[], R]) -> R:
    return await asyncio.get_running_loop().run_in_executor(threads, _unit, work)


def _unit(work: Callable[[], R]) -> R:
    close_old_connections()
    try:
        return work()
    finally:
        close_old_connections()


async def _close(threads: Threads) -> None:
    # Each thread has its own, and takes one of these because it waits there for the others.
    met = threading.Barrier(threads.number)

    def close() -> None:
        try:
            met.wait(CLOSING_SECONDS)
        except threading.BrokenBarrierError:
            pass  # one of them is busy; it is not waited for
        connections.close_all()

    loop = asyncio.get_running_loop()
    closing = [loop.run_in_executor(threads, close) for _ in range(threads.number)]
    await asyncio.wait(closing, timeout=2 * CLOSING_SECONDS)
