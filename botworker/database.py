"""The ways from the bot's event loop to the database: one for who waits, one for reports."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connections

P = ParamSpec("P")
R = TypeVar("R")

KEEP_CONNECTION_SECONDS = 600
COMMAND_THREADS = 4
REPORT_THREADS = 2
CLOSING_SECONDS = 2.0

_commands = ThreadPoolExecutor(COMMAND_THREADS, thread_name_prefix="commands")
_reports = ThreadPoolExecutor(REPORT_THREADS, thread_name_prefix="reports")


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
    await asyncio.gather(_close(_commands, COMMAND_THREADS), _close(_reports, REPORT_THREADS))


async def _in(threads: ThreadPoolExecutor, work: Callable[[], R]) -> R:
    return await asyncio.get_running_loop().run_in_executor(threads, _unit, work)


def _unit(work: Callable[[], R]) -> R:
    close_old_connections()
    try:
        return work()
    finally:
        close_old_connections()


async def _close(threads: ThreadPoolExecutor, number: int) -> None:
    # Each thread has its own, and takes one of these because it waits there for the others.
    met = threading.Barrier(number)

    def close() -> None:
        try:
            met.wait(CLOSING_SECONDS)
        except threading.BrokenBarrierError:
            pass  # one of them is busy; it is not waited for
        connections.close_all()

    loop = asyncio.get_running_loop()
    closing = [loop.run_in_executor(threads, close) for _ in range(number)]
    await asyncio.wait(closing, timeout=2 * CLOSING_SECONDS)
