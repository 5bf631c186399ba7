"""A broker that is away, empty, or silent: the log does not need it."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import redis.asyncio as redis

from tests.drill.audience import Audience
from tests.drill.row import Seen, row
from tests.drill.world import World
from tests.drill.writing import Writer

COMMAND_SECONDS = 3.0  # Discord waits no longer for an answer
CATCH_UP_SECONDS = 5.0
NOTICED_SECONDS = 5.0  # 2.5 s of silence, looked at every second, and a read
POLL_SECONDS = 1.0
LIVE_AGAIN_SECONDS = 30.0

Act = Callable[[], Awaitable[None]]


async def outage(
    world: World, seen: Seen, *, redis_url: str, seconds: float, begin: Act, end: Act
) -> None:
    """Take the broker away between `begin` and `end`, while events are written and watched."""
    many = 20 if world.short else 50
    web = await world.web(redis_url=redis_url)
    pages = await world.pages(many, web.url)
    writer = await world.writer("--rate=4", redis_url=redis_url)
    writer.go()
    await asyncio.sleep(2.0)
    began = time.monotonic()
    await begin()
    while (left := began + seconds - time.monotonic()) > 0:
        world.say(f"the broker is away, {left:.0f} s to go")
        await asyncio.sleep(min(1.0, left))
    said = {page.stats.get("live") for page in pages.pages}
    await end()
    ended = time.monotonic()
    world.say("the broker is back")
    live_again = await until_live(pages, LIVE_AGAIN_SECONDS)
    await asyncio.sleep(1.0)
    await writer.finish()
    await seen.compare(world, pages)
    judge_lateness(seen, pages, writer, began, ended)
    seen.no_write_failed(writer, COMMAND_SECONDS)
    seen.require(said == {"polling"}, f"the stats said {said} while the broker was away")
    seen.require(live_again < LIVE_AGAIN_SECONDS, "the layer was not heard again")
    seen.require(not pages.blackouts(), "pages were disconnected")
    seen.fact(f"heard again after {live_again:.1f} s")


def judge_lateness(seen: Seen, pages: Audience, writer: Writer, began: float, ended: float) -> None:
    """Require that events came by polling during the outage, and soon after it at the latest."""
    away = [write for write in writer.writes if began <= write.at <= ended]
    polled = pages.lateness(w for w in away if began + NOTICED_SECONDS <= w.at <= ended - 2)
    seen.recovery = pages.lateness(away)
    worst = max(
        max(pages.lateness([write])) + write.at - max(write.at, ended) for write in writer.writes
    )
    seen.require(worst <= CATCH_UP_SECONDS, f"an event came {worst:.1f} s after the recovery")
    half = sorted(polled)[len(polled) // 2] if polled else float("inf")
    seen.require(half <= POLL_SECONDS, f"polling took {half:.1f} s (median)")
    seen.fact(f"polled within {half:.2f} s (median), {max(polled, default=0):.2f} s (most)")


async def until_live(pages: Audience, seconds: float) -> float:
    """Return after how long every page was told `live` again; at most `seconds`."""
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        if all(page.stats.get("live") == "live" for page in pages.pages):
            break
        await asyncio.sleep(0.1)
    return time.monotonic() - began


@row(
    "redis-killed",
    fault="Redis killed for 10 s",
    expected="no write fails, 1 s polling, all there within 5 s of recovery",
)
async def redis_killed(world: World, seen: Seen) -> None:
    await outage(
        world,
        seen,
        redis_url="",
        seconds=10.0,
        begin=world.broker.kill,
        end=world.broker.start,
    )


@row(
    "redis-frozen",
    fault="Redis black hole for 40 s: the server is stopped in its tracks",
    expected="no write fails, 1 s polling, all there within 5 s of recovery",
)
async def redis_frozen(world: World, seen: Seen) -> None:
    async def begin() -> None:
        world.broker.freeze()

    async def end() -> None:
        world.broker.thaw()

    seconds = 10.0 if world.short else 40.0
    await outage(world, seen, redis_url="", seconds=seconds, begin=begin, end=end)


@row(
    "redis-black-hole",
    fault="Redis black hole for 40 s: the network swallows everything, connections never recover",
    expected="no write fails, 1 s polling, all there within 5 s of recovery",
)
async def redis_black_hole(world: World, seen: Seen) -> None:
    hole = await world.proxy(world.broker_socket)

    async def begin() -> None:
        hole.swallow()

    async def end() -> None:
        hole.pass_on()

    seconds = 10.0 if world.short else 40.0
    url = f"redis://127.0.0.1:{hole.port}"
    await outage(world, seen, redis_url=url, seconds=seconds, begin=begin, end=end)


@row(
    "redis-flushed",
    fault="FLUSHALL, again and again",
    expected="no write fails, every event within 5 s",
)
async def redis_flushed(world: World, seen: Seen) -> None:
    times = 3 if world.short else 20
    web = await world.web()
    pages = await world.pages(20, web.url)
    writer = await world.writer("--rate=4")
    writer.go()
    async with redis.Redis(unix_socket_path=str(world.broker_socket)) as client:
        for number in range(times):
            world.say(f"FLUSHALL {number + 1} of {times}")
            await client.flushall()
            await asyncio.sleep(world.chance.uniform(0.5, 1.5))
    await writer.finish()
    await seen.compare(world, pages)
    seen.recovery = pages.lateness(writer.writes)
    seen.require(max(seen.recovery) <= CATCH_UP_SECONDS, f"{max(seen.recovery):.1f} s late")
    seen.require(not pages.blackouts(), "pages were disconnected")
    seen.no_write_failed(writer, COMMAND_SECONDS)
