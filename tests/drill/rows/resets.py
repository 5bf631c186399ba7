"""Connections that break."""

import asyncio
import time

from tests.drill.page import Page
from tests.drill.row import Seen, row
from tests.drill.world import World


@row(
    "resets",
    fault="200 sockets, TCP reset every 15 s, 2 s offline, 2 events/s",
    expected="100.00 % of events on every socket, in order, none twice",
)
async def resets(world: World, seen: Seen) -> None:
    many, every, offline, seconds = (40, 4.0, 1.0, 12.0) if world.short else (200, 15.0, 2.0, 65.0)
    web = await world.web()
    pages = await world.pages(many, web.url)
    writer = await world.writer("--rate=2")
    writer.go()
    struck: list[tuple[Page, float, float]] = []  # offline from when to when, while it was live
    until = time.monotonic() + seconds

    async def suffer(page: Page) -> None:
        await asyncio.sleep(world.chance.random() * every)
        while time.monotonic() < until:
            was_live, since = page.live, time.monotonic()
            page.go_offline()
            await asyncio.sleep(offline)
            page.go_online()
            if was_live:
                struck.append((page, since, time.monotonic()))
            await asyncio.sleep(every - offline)

    suffering = [asyncio.create_task(suffer(page)) for page in pages.pages]
    while time.monotonic() < until:
        world.say(f"{until - time.monotonic():.0f} s to go, {pages.live} of {many} pages live")
        await asyncio.sleep(1)
    await asyncio.gather(*suffering)
    await writer.finish()
    await seen.compare(world, pages)
    lost = [blackouts_of(page, since, until) for page, since, until in struck]
    seen.recovery = [
        live - online
        for (_, _, online), found in zip(struck, lost, strict=True)
        for _, live in found
    ]
    untouched = sum(len(found) != 1 for found in lost)
    seen.require(not untouched, f"{untouched} resets did not break the connection")
    wanted = many * seconds / every * 0.7
    seen.require(len(struck) >= wanted, f"only {len(struck)} resets were made")
    seen.fact(f"{len(struck)} resets")


def blackouts_of(page: Page, since: float, until: float) -> list[tuple[float, float]]:
    """Return when `page` was not live because it went offline then; it is live again after it."""
    return [(lost, live) for lost, live in page.blackouts if since <= lost <= until <= live]
