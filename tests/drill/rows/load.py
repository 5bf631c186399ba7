"""Many, for long."""

import asyncio
import time

import aiohttp

from tests.drill.row import MEGABYTE, Seen, row
from tests.drill.web import Holding, Web
from tests.drill.world import World

FLAT_BYTES = 5 * MEGABYTE
BACK_SECONDS = 30.0
LAPS = 4


@row(
    "thousand",
    fault="1,000 sockets, 2 events/s, 10 min",
    expected="100 %, flat memory",
)
async def thousand(world: World, seen: Seen) -> None:
    many, seconds = (200, 15.0) if world.short else (1000, 600.0)
    web = await world.web()
    pages = await world.pages(many, web.url)
    writer = await world.writer("--rate=2")
    writer.go()
    began = time.monotonic()
    first: Holding | None = None
    while (gone := time.monotonic() - began) < seconds:
        if first is None and gone > seconds / 5:
            first = await web.holding()
        world.say(f"{seconds - gone:.0f} s to go, {pages.live} of {many} pages live")
        await asyncio.sleep(1.0)
    await writer.finish()
    await seen.compare(world, pages)
    last = await web.holding()
    seen.recovery = pages.lateness(writer.writes)
    seen.require(not pages.blackouts(), f"{len(pages.blackouts())} times a page was lost")
    if first is not None:
        seen.memory = (first.resident_bytes, last.resident_bytes)
        grown = last.resident_bytes - first.resident_bytes
        seen.require(grown <= FLAT_BYTES, f"memory grew by {grown / MEGABYTE:.1f} MB")
        seen.fact(f"tasks {first.tasks} -> {last.tasks}")
    seen.fact(f"{len(writer.writes)} written")


@row(
    "churn",
    fault="10,000 connects and closes: polite, reset, half made",
    expected="memory, descriptors and tasks back to where they were",
)
async def churn(world: World, seen: Seen) -> None:
    lap = 500 if world.short else 2500
    web = await world.web()
    laps: list[Holding] = []
    for _ in range(LAPS):
        await connect(world, web, lap)
        laps.append(await settle(world, web, laps[0] if laps else None))
    # Caches fill, pools and the heap grow to their size: what goes on growing is a leak.
    before, after = laps[LAPS // 2 - 1], laps[-1]
    times = lap * LAPS // 2
    seen.memory = (before.resident_bytes, after.resident_bytes)
    grown = after.resident_bytes - before.resident_bytes
    seen.require(grown <= FLAT_BYTES, f"memory grew by {grown / MEGABYTE:.1f} MB")
    seen.fact(
        "MB after each lap: " + " ".join(f"{it.resident_bytes / MEGABYTE:.1f}" for it in laps)
    )
    seen.require(after.sockets == 0, f"the hub holds {after.sockets} sockets")
    # One descriptor more or less: a probe that was cancelled took its connection to Redis with it.
    for what, margin in (("tasks", 0), ("descriptors", 1)):
        was, now = getattr(before, what), getattr(after, what)
        seen.require(now <= was + margin, f"{what} went from {was} to {now}")
        seen.fact(f"{what} {was} -> {now}")
    seen.fact(f"{times} connects, {after.objects - before.objects:+d} objects")


async def connect(world: World, web: Web, times: int) -> None:
    """Connect and close so many times, 20 at a time, in one of several ways each."""
    left = times
    headers = [{"Origin": web.url, "Cookie": cookie} for cookie in world.cookies]

    async def client(http: aiohttp.ClientSession) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            way = world.chance.choice(["polite", "reset", "hasty", "half made"])
            if way == "half made":
                _, writer = await asyncio.open_connection("127.0.0.1", web.port)
                writer.write(b"GET /ws HTTP/1.1\r\nHost: ")
                writer.transport.abort()
                continue
            opened = await http.ws_connect(f"{web.url}/ws", headers=world.chance.choice(headers))
            if way != "hasty":
                await opened.receive(timeout=10.0)
            if way == "polite":
                await opened.close()
            elif (connection := opened._response.connection) and connection.transport:
                connection.transport.abort()

    async def report() -> None:
        while left > 0:
            world.say(f"{left} connects to go")
            await asyncio.sleep(1.0)

    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as http, asyncio.TaskGroup() as group:
        group.create_task(report())
        for _ in range(20):
            group.create_task(client(http))


async def settle(world: World, web: Web, before: Holding | None = None) -> Holding:
    """Wait until it holds no socket, nor more than `before`; return what it holds."""
    deadline = time.monotonic() + BACK_SECONDS
    while True:
        world.say("waiting until everything is let go")
        await asyncio.sleep(3.0)
        now = await web.holding(tidy=True)
        back = before is None or now.tasks <= before.tasks
        if (now.sockets == 0 and back) or time.monotonic() > deadline:
            return now
