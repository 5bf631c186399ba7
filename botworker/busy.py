"""What a process that stops has to finish first: the interactions that it is answering."""

import asyncio
import logging

logger = logging.getLogger(__name__)

REFUSING_SECONDS = 1.0


class Busy:
    """The tasks that answer somebody now. While `stopping`, those that begin only refuse."""

    def __init__(self) -> None:
        self.stopping = False
        self._tasks: set[asyncio.Task[object]] = set()

    def enter(self) -> "asyncio.Task[object]":
        """Have `finish` wait for the task that calls this; return it."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def finish(self, timeout_seconds: float, hurry: asyncio.Event) -> bool:
        """Stop, and wait for what runs now; return False if some took longer: that ends here.

        Setting `hurry` ends it at once. What a command asked of the database may still be done; the
        log says that the command failed. Who comes meanwhile gets the refusal.
        """
        self.stopping = True
        late: set[asyncio.Task[object]] = set()
        for patience in (timeout_seconds, REFUSING_SECONDS):
            late |= await self._wait(self._tasks - late, patience, hurry)
        if late:
            logger.error("%d answers were not finished before the end", len(late))
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        return not late

    async def _wait(
        self, tasks: set[asyncio.Task[object]], patience: float, hurry: asyncio.Event
    ) -> set[asyncio.Task[object]]:
        """Return those of `tasks` that are not done when `patience` is, or somebody's."""
        if not tasks:
            return set()
        all_done = asyncio.ensure_future(asyncio.wait(tasks))
        hurried = asyncio.create_task(hurry.wait())
        await asyncio.wait(
            {all_done, hurried}, timeout=patience, return_when=asyncio.FIRST_COMPLETED
        )
        for waiting in (all_done, hurried):
            waiting.cancel()
        await asyncio.gather(all_done, hurried, return_exceptions=True)
        return {task for task in tasks if not task.done()}
