"""Web processes that go away, under pages that stay."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from tests.drill.audience import Audience
from tests.drill.row import Seen, row
from tests.drill.web import Web
from tests.drill.world import World

LIVE_AGAIN_SECONDS = 20.0

Fault = Callable[[World, list[Web], list[float]], Awaitable[None]]


async def survive(world: World, seen: Seen, fault: Fault, many: int = 0) -> Audience:
    """Do `fault` to two processes behind one address; it notes the moments at which it struck.

    Returns the pages, which were `many`, or as many as the drill is long.
    """
    many = many or (30 if world.short else 100)
    balancer, webs = await world.webs_behind_one_address(2)
    pages = await world.pages(many, balancer.url)
    writer = await world.writer("--rate=4")
    writer.go()
    await asyncio.sleep(world.chance.uniform(0.5, 2.0))
    struck: list[float] = []
    await fault(world, webs, struck)
    world.say("waiting for every page")
    back = await pages.all_live(LIVE_AGAIN_SECONDS * 2)
    await asyncio.sleep(1.0)
    await writer.finish()
    await seen.compare(world, pages)
    lost = [blackout for page in pages.pages for blackout in page.blackouts]
    seen.recovery = [live - max(at for at in struck if at <= live) for _, live in lost]
    seen.require(back, "not every page came back")
    seen.require(bool(lost), "no page was touched: nothing was tried")
    worst = max(seen.recovery, default=0.0)
    seen.require(worst <= LIVE_AGAIN_SECONDS, f"a page was live again after {worst:.1f} s only")
    codes = {key: n for key, n in pages.counts.items() if key.startswith("closed")}
    seen.fact(f"{len(lost)} losses ({', '.join(f'{n} {key}' for key, n in codes.items())})")
    return pages


@row(
    "web-killed",
    fault="one of two web processes killed (SIGKILL), started again after 3 s",
    expected="every page live again within 20 s, nothing missing",
)
async def web_killed(world: World, seen: Seen) -> None:
    async def fault(world: World, webs: list[Web], struck: list[float]) -> None:
        struck.append(time.monotonic())
        await webs[0].kill()
        await asyncio.sleep(3.0)
        await webs[0].start()

    await survive(world, seen, fault)


@row(
    "web-killed-thousand",
    fault="one of two web processes killed (SIGKILL) under 1,000 pages",
    expected="the other lets all of its pages in within 20 s, and no handshake is given up",
)
async def web_killed_under_many(world: World, seen: Seen) -> None:
    async def fault(world: World, webs: list[Web], struck: list[float]) -> None:
        struck.append(time.monotonic())
        await webs[0].kill()

    pages = await survive(world, seen, fault, many=200 if world.short else 1000)
    given_up = pages.counts["TimeoutError"]
    seen.require(not given_up, f"{given_up} handshakes were given up")


@row(
    "web-stopped",
    fault="one of two web processes stopped (SIGTERM)",
    expected="closed with 4009, every page live again within 20 s, nothing missing",
)
async def web_stopped(world: World, seen: Seen) -> None:
    async def fault(world: World, webs: list[Web], struck: list[float]) -> None:
        struck.append(time.monotonic())
        await webs[0].stop()

    await survive(world, seen, fault)
    seen.require(any("4009" in fact for fact in seen.facts), "nobody was told 4009")


@row(
    "web-frozen",
    fault="one of two web processes stopped in its tracks (SIGSTOP) for 30 s",
    expected="every page live again within 20 s, nothing missing",
)
async def web_frozen(world: World, seen: Seen) -> None:
    async def fault(world: World, webs: list[Web], struck: list[float]) -> None:
        struck.append(time.monotonic())
        webs[0].freeze()
        await asyncio.sleep(16.0 if world.short else 30.0)
        webs[0].thaw()

    await survive(world, seen, fault)


@row(
    "rolling-restart",
    fault="rolling restart of two web processes",
    expected="every page live again within 20 s, nothing missing",
)
async def rolling_restart(world: World, seen: Seen) -> None:
    async def fault(world: World, webs: list[Web], struck: list[float]) -> None:
        for number, web in enumerate(webs):
            world.say(f"restarting process {number + 1}")
            struck.append(time.monotonic())
            await web.stop()
            await web.start()
            await asyncio.sleep(2.0)

    await survive(world, seen, fault)
