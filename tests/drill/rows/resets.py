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
    back: list[tuple[Page, float]] = []
    until = time.monotonic() + seconds

    async def suffer(page: Page) -> None:
        await asyncio.sleep(world.chance.random() * every)
        while time.monotonic() < until:
            page.go_offline()
            await asyncio.sleep(offline)
            page.go_online()
            back.append((page, time.monotonic()))
            await asyncio.sleep(every - offline)

    suffering = [asyncio.create_task(suffer(page)) for page in pages.pages]
    while time.monotonic() < until:
        world.say(f"{until - time.monotonic():.0f} s to go, {pages.live} of {many} pages live")
        await asyncio.sleep(1)
    await asyncio.gather(*suffering)
    await writer.finish()
    await seen.compare(world, pages)
    seen.recovery = [
        min((live - at for _, live in page.blackouts if live > at), default=float("inf"))
        for page, at in back
    ]
    seen.require(len(back) >= many * seconds / every * 0.7, f"only {len(back)} resets were made")
    seen.fact(f"{len(back)} resets, {pages.counts['snapshots'] - many} snapshots")
    seen.require(pages.counts["snapshots"] == many, "a page had to start again from a snapshot")
