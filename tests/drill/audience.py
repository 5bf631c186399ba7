"""Many pages at once, and what can be said of all of them."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Self

import aiohttp

from tests.drill.log import Log
from tests.drill.page import Page
from tests.drill.writing import Write

OPENING_SECONDS = 120.0
LOOK_SECONDS = 0.05


class Audience:
    """`count` pages at `url`, signed in with `cookies` in turn. Used with `async with`."""

    def __init__(self, count: int, url: str, cookies: Sequence[str], chance: Random) -> None:
        self._count = count
        self._url = url
        self._cookies = cookies
        self._chance = chance
        self._tasks: list[asyncio.Task[None]] = []
        self.pages: list[Page] = []

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            timeout=aiohttp.ClientTimeout(total=10.0),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        for number in range(self._count):
            cookie = self._cookies[number % len(self._cookies)]
            chance = Random(self._chance.random())
            page = Page(self._http, self._url, cookie, self._url, chance)
            self.pages.append(page)
            self._tasks.append(asyncio.create_task(page.run()))
            await self._until(lambda: self._opening <= 20, OPENING_SECONDS)
        if not await self.all_live(OPENING_SECONDS):
            await self.__aexit__()
            raise RuntimeError(f"pages did not open: {self.counts}")
        for page in self.pages:
            page.blackouts.clear()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.close()
        for error in ended:
            if isinstance(error, Exception):
                raise error

    @property
    def _opening(self) -> int:
        return sum(not page.live for page in self.pages)

    @property
    def live(self) -> int:
        """How many are live now."""
        return sum(page.live for page in self.pages)

    @property
    def counts(self) -> Counter[str]:
        """What happened to them, all together."""
        return sum((page.counts for page in self.pages), Counter())

    async def all_live(self, seconds: float) -> bool:
        """Wait until all are live; tell whether that came within `seconds`."""
        return await self._until(lambda: self._opening == 0, seconds)

    async def all_at(self, head: int, seconds: float, epoch: str | None = None) -> bool:
        """Wait until all show event `head` (of the log `epoch`) and are live; tell whether so."""

        def there(page: Page) -> bool:
            showing = page.showing
            return page.live and showing.last >= head and epoch in {None, showing.epoch}

        return await self._until(lambda: all(map(there, self.pages)), seconds)

    def flaws(self, log: Log) -> list[str]:
        """Return in which way pages do not show `log`, each way once with how many pages."""
        found: Counter[str] = Counter()
        for number, page in enumerate(self.pages):
            if page.refused is not None:
                found[f"refused with {page.refused}"] += 1
            if self._tasks[number].done():
                found["a page ended by itself"] += 1
            if page.counts["a replay said to be whole was not"]:
                found["a replay said to be whole was not"] += 1
            if page.showing.epoch != log.epoch:
                found["shows another log"] += 1
            else:
                found.update(log.flaws(page.showing.events()))
        return [f"{flaw} ({count} pages)" for flaw, count in found.items()]

    def restarts(self, log: Log, snapshots: int) -> list[str]:
        """Return how pages did not begin with so many snapshots, each of `log`; maybe nothing."""
        counts = Counter(len(page.showings) for page in self.pages)
        epochs = {showing.epoch for page in self.pages for showing in page.showings}
        found = [
            f"{pages} pages began with {number} snapshots instead of {snapshots}"
            for number, pages in counts.items()
            if number != snapshots
        ]
        if epochs != {log.epoch}:
            found.append(f"pages were shown {len(epochs)} logs, though there was but one")
        return found

    def lateness(self, writes: Iterable[Write]) -> list[float]:
        """Return, for every page and write, how long after its commit it was shown, in seconds.

        Not for writes that came with a snapshot; infinite for those that never came.
        """
        at = {write.seq: write.at for write in writes}
        late = []
        for page in self.pages:
            showing = page.showing
            times = dict(zip(showing.seqs, showing.times, strict=True))
            for seq, committed in at.items():
                shown = times.get(seq, math.inf)
                if shown:
                    late.append(shown - committed)
        return late

    def blackouts(self) -> list[float]:
        """Return how long pages were not live, in seconds, each time."""
        return [until - since for page in self.pages for since, until in page.blackouts]

    async def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not (met := condition()) and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)
        return met
