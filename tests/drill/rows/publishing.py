"""Events that were committed and never published."""

import asyncio
import time

from tests.drill.row import Seen, row
from tests.drill.web import Web
from tests.drill.world import World
from tests.drill.writing import Write

REPAIR_SECONDS = 5.5


@row(
    "publishes-dropped",
    fault="10 % of publishes dropped",
    expected="repaired within 5.5 s",
)
async def publishes_dropped(world: World, seen: Seen) -> None:
    many, seconds = (20, 15) if world.short else (50, 120)
    web = await world.web()
    pages = await world.pages(many, web.url)
    writer = await world.writer("--rate=2", "--drop=0.1")
    writer.go()
    until = time.monotonic() + seconds
    while time.monotonic() < until or not any(write.dropped for write in writer.writes):
        world.say(f"{len(writer.writes)} written")
        await asyncio.sleep(0.5)
    await writer.finish()
    await seen.compare(world, pages)
    dropped = [write for write in writer.writes if write.dropped]
    seen.recovery = pages.lateness(dropped)
    worst = max(pages.lateness(writer.writes))
    seen.require(worst <= REPAIR_SECONDS, f"an event came after {worst:.1f} s")
    await require_repaired(seen, web, len(dropped))
    seen.fact(f"{len(dropped)} of {len(writer.writes)} publishes dropped")


@row(
    "publisher-killed",
    fault="publisher killed between commit and publish, then silence",
    expected="repaired within 5.5 s",
)
async def publisher_killed(world: World, seen: Seen) -> None:
    times = 3 if world.short else 12
    web = await world.web()
    pages = await world.pages(20, web.url)
    for number in range(times):
        world.say(f"kill {number + 1} of {times}")
        writer = await world.writer("--fatal")
        await asyncio.sleep(world.chance.uniform(0, 5))  # anywhere between two ticks
        writer.go()
        await writer.gone()
        log = await world.database.log()
        seen.require(log.head == number + 1, "the write was lost")
        seen.require(writer.died_at is not None, "the writer did not die")
        if writer.died_at is not None:
            await pages.all_at(log.head, REPAIR_SECONDS * 2)
            seen.recovery += pages.lateness([Write(log.head, writer.died_at, 0.0, True)])
    await seen.compare(world, pages)
    worst = max(seen.recovery)
    seen.require(worst <= REPAIR_SECONDS, f"an event came after {worst:.1f} s")
    await require_repaired(seen, web, times)
    seen.fact(f"{times} writers killed")


async def require_repaired(seen: Seen, web: Web, least: int) -> None:
    """Require that the hub read so many events from the database: their publishes did not come."""
    repaired = await web.counted("repaired")
    seen.require(repaired >= least, f"only {repaired} of {least} events had to be repaired")
    seen.fact(f"the hub repaired {repaired}")
