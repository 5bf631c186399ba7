"""What a hub does beside its event loop, and again and again in it."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from django.db import close_old_connections, connection

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="hub")
collector = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hub-stats")
"""For the stats alone, which ask most of the database: what waits for it does not wait for them."""
PAUSE_SECONDS = 1.0
"""How long at least lies between two turns, however often somebody wakes."""
GIVE_WAY_SECONDS = 0.005
"""About as long as an event to 1,000 sockets takes."""


async def in_thread(
    function: Callable[..., Result], *args: Any, threads: ThreadPoolExecutor = _threads
) -> Result:
    """Call `function` with the ORM in a thread of the hub's own: no slow query holds others up."""

    def call() -> Result:
        close_old_connections()
        try:
            return function(*args)
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(threads, call)


def giving_way() -> AbstractContextManager[None]:
    """Leave the interpreter to the sockets for a moment after each query of this thread.

    They let go of it at each `send`, so what computes beside them goes first, all of it at once.
    """
    return connection.execute_wrapper(_give_way)


def _give_way(execute: Callable[..., Any], *args: Any) -> Any:
    try:
        return execute(*args)
    finally:
        time.sleep(GIVE_WAY_SECONDS)  # this thread has nobody waiting; only who sleeps lets go


async def every(
    seconds: float,
    work: Callable[[], Coroutine[Any, Any, None]],
    wake: asyncio.Event | None = None,
) -> None:
    """Do `work` at every multiple of `seconds` from now; skip missed turns, survive failures.

    Setting `wake` brings the next turn forward, to `PAUSE_SECONDS` after the one before at least;
    the turns go on from there.
    """
    loop = asyncio.get_running_loop()
    wake = wake or asyncio.Event()
    due = loop.time()
    while True:
        before, due = due, max(due + seconds, loop.time())
        if await woken_before(due, wake):
            due = min(due, max(before + PAUSE_SECONDS, loop.time()))
            await asyncio.sleep(due - loop.time())
        wake.clear()
        try:
            await work()
        except Exception:
            logger.exception(
                "%s failed; it runs again in %s s", getattr(work, "__qualname__", work), seconds
            )


async def woken_before(due: float, wake: asyncio.Event) -> bool:
    """Wait for `wake`, at most until `due` on the loop's clock; return whether it was set."""
    try:
        async with asyncio.timeout_at(due):
            return await wake.wait()
    except TimeoutError:
        return False


def spawn(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Do `work` on the side; a failure is logged."""
    task = asyncio.create_task(work, name=getattr(work, "__qualname__", None))
    task.add_done_callback(_report)
    return task


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("%s failed", task.get_name(), exc_info=error)
