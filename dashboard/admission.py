"""Who stands at the door of `/ws`: looked up beside the event loop, many at once."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from django.db import close_old_connections

from dashboard.access import Standing

LookUp = Callable[[Iterable[str]], Mapping[str, Standing]]

THREADS = 4
TOGETHER_MAX = 50


class Admission:
    """Asks `look_up` for everybody who waits, in the order in which they came.

    After a restart every browser comes back within half a second. A free thread takes all who wait
    (`TOGETHER_MAX` at most) in one look, so the more they are the less each costs; a slow look
    holds up those who are in it, and nobody else while a thread is free. The threads are its own:
    pages are served by others.
    """

    def __init__(self, look_up: LookUp) -> None:
        self._look_up = look_up
        self._waiting: deque[tuple[str, Future[Standing]]] = deque()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="admission")

    async def ask(self, session_key: str) -> Standing:
        """Return what `session_key` stands for; raises what the look raised.

        Who is cancelled before a thread takes them is not looked up.
        """
        place: Future[Standing] = Future()
        self._waiting.append((session_key, place))
        self._threads.submit(self._look)
        return await asyncio.wrap_future(place)

    def _look(self) -> None:
        """Look up those who wait; each of them called for this once, so nobody is forgotten."""
        places = self._take()
        if not places:
            return
        close_old_connections()
        try:
            found = self._look_up({key for key, _ in places})
        except Exception as error:  # noqa: BLE001 - told to those who wait for it
            for _, place in places:
                place.set_exception(error)
        else:
            for key, place in places:
                place.set_result(found[key])
        finally:
            close_old_connections()

    def _take(self) -> list[tuple[str, Future[Standing]]]:
        taken: list[tuple[str, Future[Standing]]] = []
        while len(taken) < TOGETHER_MAX:
            try:
                key, place = self._waiting.popleft()
            except IndexError:
                break
            if place.set_running_or_notify_cancel():
                taken.append((key, place))
        return taken
