"""A log that does not go on where the pages are."""

import asyncio
import sys
import time

from tests.drill.audience import Audience
from tests.drill.processes import Process
from tests.drill.row import Seen, row
from tests.drill.world import World
from tests.drill.writing import Writer

NEW_LOG_SECONDS = 15.0
LOST_EVENTS = 15
RESTORED = "a fresh snapshot, never a mixture"


async def write(world: World, count: int, rate: int) -> Writer:
    """Write so many events, and return when they are committed."""
    writer = await world.writer(f"--rate={rate}", f"--count={count}")
    writer.go()
    await writer.gone()
    return writer


async def restore(world: World, seen: Seen, *, announced: bool, rate: int, count: int) -> None:
    """Restore a backup that lacks 15 events under open pages, and write on from there."""
    overtaken = count > LOST_EVENTS
    balancer, _ = await world.webs_behind_one_address(1 if overtaken else 2)
    pages = await world.pages(20 if world.short else 60, balancer.url)
    world.say("writing the log that will be lost")
    await write(world, 20, 50)
    await world.database.back_up()
    await write(world, LOST_EVENTS, 50)
    old = await world.database.log()
    seen.require(await pages.all_at(old.head, 10.0), "the pages did not get the first log")
    following = await world.writer(f"--rate={rate}", f"--count={count}")
    command = [sys.executable, "manage.py", "reset_epoch"]
    if overtaken:
        await after_a_tick(pages)  # the next one comes too late to notice the lost end
    else:
        await asyncio.sleep(world.chance.uniform(0, 5.0))  # anywhere between two ticks
    world.say("restoring the backup")
    await world.database.restore()
    if announced:
        async with Process(command, world.variables(), ready="The log is now epoch"):
            pass
    restored = time.monotonic()
    following.go()
    await following.gone()
    new = await world.database.log()
    for _ in range(200):  # whoever notices first gives it a new epoch
        if (new := await world.database.log()).epoch != old.epoch:
            break
        await asyncio.sleep(0.1)
    there = await pages.all_at(new.head, NEW_LOG_SECONDS, new.epoch)
    seen.recovery = [time.monotonic() - restored]
    seen.require(new.epoch != old.epoch, "the log kept its epoch")
    seen.require(there, "not every page came to the restored log")
    seen.require(not following.errors, f"writes failed: {following.errors[:2]}")
    await seen.compare(world, pages, snapshots=None)
    logs = {old.epoch: old, new.epoch: new}
    for page in pages.pages:
        for showing in page.showings:
            # Who noticed before the reset gave it an epoch as well: that log has the same events.
            wrong = logs.get(showing.epoch, new).strangers(showing.events())
            seen.misses.extend(f"a mixture was shown: {flaw}" for flaw in wrong)
    seen.misses = list(dict.fromkeys(seen.misses))
    seen.fact(f"{old.head} events, restored to 20, then {count} new ones at {rate}/s")


async def after_a_tick(pages: Audience) -> None:
    """Return when stats have just come."""
    known = pages.pages[0].stats
    while pages.pages[0].stats is known:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


@row("restored", fault="database restored from a backup, `reset_epoch` run", expected=RESTORED)
async def restored(world: World, seen: Seen) -> None:
    await restore(world, seen, announced=True, rate=2, count=6)


@row(
    "restored-and-overtaken",
    fault="the same, and the new log passes the lost one at once",
    expected=RESTORED,
)
async def restored_and_overtaken(world: World, seen: Seen) -> None:
    await restore(world, seen, announced=True, rate=100, count=40)


@row(
    "restored-silently",
    fault="database restored from a backup, nobody is told",
    expected=RESTORED,
)
async def restored_silently(world: World, seen: Seen) -> None:
    await restore(world, seen, announced=False, rate=2, count=6)


@row(
    "restored-silently-and-overtaken",
    fault="nobody is told, and the new log passes the lost one at once",
    expected=RESTORED,
)
async def restored_silently_and_overtaken(world: World, seen: Seen) -> None:
    await restore(world, seen, announced=False, rate=100, count=40)


@row(
    "far-behind",
    fault="client further behind than is kept: 600 events, then pruned ones after a restart",
    expected="a fresh snapshot, never a part of a replay",
)
async def far_behind(world: World, seen: Seen) -> None:
    web = await world.web()
    pages = await world.pages(10, web.url)
    for turn, missed in enumerate([600, 5]):
        world.say(f"offline for {missed} events")
        for page in pages.pages:
            page.go_offline()
        await write(world, missed, 400)
        if turn == 1:
            await world.database.prune(600 + missed - 1)
            await web.stop()
            await web.start()
        for page in pages.pages:
            page.go_online()
        began = time.monotonic()
        await pages.all_live(NEW_LOG_SECONDS)
        seen.recovery.append(time.monotonic() - began)
        await seen.compare(world, pages, snapshots=turn + 2)
        partial = sum(page.showings[turn].last != turn * 600 for page in pages.pages)
        seen.require(not partial, f"{partial} pages were given a part of a replay")
