"""From a committed event to the channel layer, without ever making its writer wait.

Frames are put on a queue and sent by one background event loop, the same for every thread of the
process: `async_to_sync` would open a connection a call. What cannot be sent is counted and let go,
for the log has it and every hub finds it there.
"""

import asyncio
import atexit
import logging
import threading
from collections import deque
from typing import Any

import redis
from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)

QUEUE_MAX_FRAMES = 10_000
SEND_TIMEOUT_SECONDS = 2.0
EXIT_FLUSH_SECONDS = 2.0


class Publisher:
    """Sends frames to groups of the channel layer, in the order given, best effort."""

    def __init__(self) -> None:
        self.sent = 0
        self.failed = 0
        self._queue: deque[tuple[str, dict[str, Any]]] = deque()
        self._guard = threading.Condition()
        self._busy = False
        self._failing = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def publish(self, *, seq: int, frame: str, epoch: str, previous: str) -> None:
        """Queue an event of the log and return at once. Never raises because of the layer.

        `epoch` names the log, `previous` is the time of the event before, as the wire writes it:
        both tell a hub whether this really continues what it has.
        """
        message = {"seq": seq, "frame": frame, "epoch": epoch, "previous": previous}
        self._put("dashboard", {"type": "dashboard.frame"} | message)

    def end_session(self, digest: str) -> None:
        """Have every hub close the sockets of a session (`access.session_digest`) at once."""
        self._put("dashboard", {"type": "dashboard.session_ended", "session": digest})

    def hasten(self) -> None:
        """Have every hub send the next stats at once: how things are has changed."""
        self._put("dashboard", {"type": "dashboard.hasten"})

    def nudge(self) -> None:
        """Wake whoever waits for requests to the bot (`hub.Nudges`); it says nothing else."""
        self._put("control", {"type": "dashboard.nudge"})

    def _put(self, group: str, message: dict[str, Any]) -> None:
        with self._guard:
            if len(self._queue) >= QUEUE_MAX_FRAMES:
                self._queue.popleft()
                self.failed += 1
            self._queue.append((group, message))
            if not self._busy:
                self._busy = True
                loop = self._loop or self._start()
                asyncio.run_coroutine_threadsafe(self._drain(), loop)

    def flush(self, timeout_seconds: float) -> bool:
        """Wait until nothing is queued or being sent; return False if that took too long."""
        with self._guard:
            return self._guard.wait_for(lambda: not self._busy, timeout_seconds)

    @property
    def waiting(self) -> int:
        """How many frames are queued."""
        return len(self._queue)

    def _start(self) -> asyncio.AbstractEventLoop:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="publisher", daemon=True).start()
        atexit.register(self.flush, EXIT_FLUSH_SECONDS)
        return self._loop

    async def _drain(self) -> None:
        while True:
            with self._guard:
                if not self._queue:
                    self._busy = False
                    self._guard.notify_all()
                    return
                group, message = self._queue.popleft()
            if await self._send(group, message):
                self.sent += 1
                if self._failing:
                    self._failing = False
                    logger.info("publishing works again")
            else:
                with self._guard:  # the rest would wait in vain, and is old by then
                    self.failed += 1 + len(self._queue)
                    self._queue.clear()

    async def _send(self, group: str, message: dict[str, Any]) -> bool:
        # Twice: the first publish after a restart of Redis meets the dead connection of before.
        for attempt in range(2):
            try:
                layer = get_channel_layer()
                async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                    await layer.group_send(group, message)
                    return True
            except Exception as error:  # noqa: BLE001 - no layer may end this loop
                if attempt and not self._failing:
                    self._failing = True
                    # Waiting mends all but this one: somebody has to correct a setting.
                    refused = isinstance(error.__cause__ or error, redis.AuthenticationError)
                    logger.log(
                        logging.ERROR if refused else logging.WARNING,
                        "cannot publish (%s: %s); readers take the events from the database%s",
                        type(error).__name__,
                        error,
                        ". Correct the password in REDIS_URL and restart this" if refused else "",
                    )
        return False


publisher = Publisher()
