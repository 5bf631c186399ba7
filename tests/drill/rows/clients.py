"""Clients that do not do their part."""

import asyncio
import time

from tests.drill.audience import Audience
from tests.drill.processes import Process, python, resident_bytes
from tests.drill.raw import RawSocket
from tests.drill.report import percentile
from tests.drill.row import MEGABYTE, Seen, row
from tests.drill.web import Web
from tests.drill.world import World

STALLED_MAX_BYTES = 5 * MEGABYTE
STALLED_WRITTEN_BYTES = 5 * MEGABYTE  # 1 MiB unsent, and 4 MB that the kernel takes at most
STALLED_SECONDS = 20.0  # then Daphne's pings would have ended it
FREED_SECONDS = 10.0 + 10.0 + 3.0  # ping interval, timeout, and the rule's margin
NOTHING_SECONDS = 0.5
EVENT_BYTES = 7000
EVENTS_A_SECOND = 100


@row(
    "stalled-client",
    fault="a client that stops reading, under 700 KB/s",
    expected="closed with 4008, +5 MB at most, the others notice nothing",
)
async def stalled_client(world: World, seen: Seen) -> None:
    web, other = await world.web(), await world.web()
    pages, elsewhere = await world.pages(10, web.url), await world.pages(10, other.url)
    writer = await world.writer(f"--rate={EVENTS_A_SECOND}", f"--bytes={EVENT_BYTES}")
    writer.go()
    world.say("filling the hub's memory of events")
    while len(writer.writes) < 700:  # noqa: ASYNC110
        await asyncio.sleep(0.2)
    before = (await web.holding()).resident_bytes
    stalled = RawSocket(web.port, world.cookies[0], receive_bytes=4096)
    began = time.monotonic()
    await stalled.open()
    peak, gone = await watch(world, web, pages, began)
    ended = time.monotonic()
    await asyncio.sleep(1.0)
    await writer.finish()
    code = await stalled.drain()
    stalled.close()
    for audience in (pages, elsewhere):
        await seen.compare(world, audience)
        seen.require(not audience.blackouts(), "others were disconnected")
    after = await web.holding()
    seen.memory = (before, after.resident_bytes)
    seen.recovery = [gone]
    given = [write for write in writer.writes if began <= write.at <= ended]
    written = len(given) * EVENT_BYTES
    rate = written / gone
    seen.require(rate >= EVENTS_A_SECOND * EVENT_BYTES / 3, f"only {rate / 1000:.0f} KB/s")
    late = f"it was closed after {gone:.1f} s and {written / MEGABYTE:.1f} MB"
    seen.require(gone < STALLED_SECONDS and written <= STALLED_WRITTEN_BYTES, late)
    closed = after.counts.get("closed 4008", 0)
    seen.require(closed == 1, f"the web process closed {closed} sockets with 4008")
    seen.require(code in {4008, None}, f"it was closed with {code}")
    grown = peak - before
    seen.require(grown <= STALLED_MAX_BYTES, f"memory grew by {grown / MEGABYTE:.1f} MB")
    # Beside pages of a process without such a client: what the machine is busy with meets both.
    slower = percentile(pages.lateness(given), 99) - percentile(elsewhere.lateness(given), 99)
    seen.require(slower <= NOTHING_SECONDS, f"others got their events {slower:.2f} s later")
    told = "closed with 4008" if code else "closed with 4008, which did not get through"
    seen.fact(
        f"{told}, after {written / MEGABYTE:.1f} MB in {gone:.1f} s; memory"
        f" +{grown / MEGABYTE:.1f} MB at most;"
        f" others {slower * 1000:+.0f} ms (p99, beside those of another process)"
    )


async def watch(world: World, web: Web, pages: Audience, began: float) -> tuple[int, float]:
    """Watch until only `pages` are left; return the peak of memory, and how long that took."""
    peak = 0
    while (gone := time.monotonic() - began) < STALLED_SECONDS:
        peak = max(peak, resident_bytes(web.pid))
        if (await web.holding()).sockets == len(pages.pages):
            break
        world.say(f"it has not read for {gone:.0f} s")
        await asyncio.sleep(0.2)
    return peak, gone


@row(
    "half-open",
    fault="half-open clients: one that never answers a ping, one stopped in its tracks",
    expected="freed within ping interval + timeout + 3 s (23 s)",
)
async def half_open(world: World, seen: Seen) -> None:
    web = await world.web()
    await world.pages(3, web.url)
    await asyncio.sleep(2.0)  # the channel layer opens a second connection for its probes
    before = await web.holding()
    silent = RawSocket(web.port, world.cookies[0])
    idle = Process(
        python("tests.drill.idle", web.url, world.cookies[1]), world.variables(), ready="open"
    )
    async with idle:
        await asyncio.sleep(world.chance.uniform(0, 3.0))
        idle.freeze()
        frozen = time.monotonic()
        await silent.open()
        opened = time.monotonic()
        while (held := await web.holding()).sockets < before.sockets + 2:
            seen.require(time.monotonic() < opened + 5.0, "the hub did not take them in")
            await asyncio.sleep(0.05)
        left = 2
        while left and time.monotonic() < opened + 2 * FREED_SECONDS:
            now = await web.holding()
            while left > now.sockets - before.sockets:
                left -= 1
                seen.recovery.append(time.monotonic() - frozen)  # the first of the two
            world.say(f"{left} still held after {time.monotonic() - opened:.0f} s")
            await asyncio.sleep(0.2)
        after = await web.holding()
        while after.descriptors > before.descriptors and time.monotonic() < opened + FREED_SECONDS:
            await asyncio.sleep(0.1)  # a look into the database has some open for a moment
            after = await web.holding()
    silent.close()
    worst = max(seen.recovery, default=float("inf"))
    seen.require(not left and worst <= FREED_SECONDS, f"freed after {worst:.1f} s")
    extra = after.descriptors - before.descriptors
    seen.require(extra <= 0, f"{extra} descriptors are still open")
    seen.memory = (before.resident_bytes, after.resident_bytes)
    seen.fact(f"descriptors {before.descriptors} -> {held.descriptors} -> {after.descriptors}")
