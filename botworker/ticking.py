"""Work that is done every so often, for as long as the process lives."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from django.db import DatabaseError

from dashboard.hub.background import woken_before

logger = logging.getLogger(__name__)


async def every(
    seconds: float,
    job: Callable[[], Awaitable[None]],
    *,
    at_once: bool = True,
    wake: asyncio.Event | None = None,
) -> None:
    """Do `job` every `seconds` by the monotonic clock, for ever, the first time `at_once` or later.

    An exception is logged, once for a stretch of failures, and the next tick comes all the same.
    Ticks that were missed are not made up for. Setting `wake` brings the next one forward.
    """
    loop = asyncio.get_running_loop()
    wake = wake or asyncio.Event()
    failing = False
    due = loop.time() + (0 if at_once else seconds)
    while True:
        if await woken_before(due, wake):
            due = loop.time()
        wake.clear()
        try:
            await job()
        except Exception as error:
            if not failing:
                # A database that is away says enough by its name; a defect shows where it is.
                trace = None if isinstance(error, DatabaseError) else error
                logger.warning(
                    "%s failed (%s)", job.__qualname__, type(error).__name__, exc_info=trace
                )
            failing = True
        else:
            if failing:
                logger.info("%s works again", job.__qualname__)
            failing = False
        due = max(due + seconds, loop.time())
