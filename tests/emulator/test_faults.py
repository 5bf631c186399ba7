"""Every fault, as the real discord.py meets it."""

import asyncio

import aiohttp
import pytest

from botworker.emulator import EmulatedDiscord, Limits
from tests.emulator.conftest import Start
from tests.emulator.raw import RawClient


@pytest.mark.parametrize(
    ("fault", "arguments"),
    [
        ("reset", {}),
        ("close", {"code": 4000}),
        ("close", {"code": 1000}),
        ("reconnect", {}),
        ("invalid_session", {"resumable": True}),
    ],
)
async def test_a_broken_connection_is_resumed(emulated, start: Start, fault, arguments):
    bot = await start()

    await getattr(emulated.faults, fault)(**arguments)

    await bot.until("resumed")
    assert emulated.gateway.identifies == 1
    assert (await (await emulated.run_command("slow")).reply()).content == "done"


async def test_an_invalid_session_is_identified_anew(emulated, start: Start):
    bot = await start()
    await bot.until("ready")

    await emulated.faults.invalid_session(resumable=False)

    await bot.until("ready", within=15)  # discord.py waits five seconds by itself
    assert emulated.gateway.identifies == 2


async def test_during_an_outage_nobody_answers_and_afterwards_the_session_goes_on(
    emulated, start: Start
):
    bot = await start()

    await emulated.faults.outage()
    await emulated.wait_until(lambda: not emulated.gateway.connections)
    async with RawClient(emulated) as raw:
        with pytest.raises((aiohttp.ClientConnectionError, ConnectionError)):
            await raw.call("GET", "/gateway")
    missed = await emulated.run_command("slow")
    await emulated.faults.outage(on=False)

    await bot.until("resumed", within=15)
    assert missed.delivered == 1


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda faults: faults.outage(on=False), id="ended"),
        pytest.param(lambda faults: faults.clear(), id="cleared"),
        pytest.param(lambda faults: faults.outage(refuse=0.01), id="by itself"),
    ],
)
async def test_an_outage_can_close_the_port_and_opens_it_again(emulated, start: Start, end):
    bot = await start()

    await emulated.faults.outage(refuse=60)
    await emulated.wait_until(lambda: not emulated.gateway.connections)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", emulated.port)
    async with RawClient(emulated) as raw:
        with pytest.raises(aiohttp.ClientConnectorError):
            await raw.call("GET", "/gateway")
    await end(emulated.faults)

    await bot.until("resumed", within=15)
    assert (await (await emulated.run_command("slow")).reply()).content == "done"


async def test_a_discord_that_ends_in_an_outage_opens_no_port_any_more():
    async with EmulatedDiscord() as discord:
        await discord.faults.outage(refuse=0.01)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", discord.port)


async def test_dropped_acks_leave_heartbeats_unanswered(raw, emulated):
    socket = await raw.connect()
    await socket.until(10)
    await emulated.faults.drop_acks()
    before = emulated.gateway.heartbeats

    await socket.send(1)
    await emulated.wait_until(lambda: emulated.gateway.heartbeats > before)
    await emulated.faults.drop_acks(on=False)
    await socket.send(2, raw.identity())

    assert (await socket.receive())["t"] == "READY"


async def test_a_429_is_retried_and_the_member_gets_the_answer(emulated, start: Start):
    await start()
    await emulated.faults.rate_limit(times=1, retry_after=0.2, route="callback")

    reply = await (await emulated.run_command("slow")).reply()

    assert reply.content == "done"
    assert reply.acknowledged_seconds >= 0.2


async def test_a_500_is_answered_as_often_as_asked(raw, emulated):
    await emulated.faults.fail(times=2, route="/users")

    statuses = [(await raw.call("GET", "/users/@me"))[0] for _ in range(3)]
    other, _, _ = await raw.call("GET", "/gateway")

    assert statuses == [500, 500, 200]
    assert other == 200


async def test_slow_rest_delays_the_answer(emulated, start: Start):
    await start()
    await emulated.faults.slow_rest(0.15, route="callback")

    reply = await (await emulated.run_command("slow")).reply()

    assert reply.acknowledged_seconds >= 0.15


async def test_guilds_come_and_go(emulated, start: Start):
    bot = await start()
    guild = next(iter(emulated.world.guilds))

    await emulated.faults.guild_unavailable(guild)
    await bot.until(f"unavailable {guild}")
    await emulated.faults.guild_available(guild)
    await bot.until(f"available {guild}")
    await emulated.faults.guild_joined("Tin Roof")
    await bot.until("joined Tin Roof")
    await emulated.faults.guild_left(guild)
    await bot.until(f"left {guild}")

    assert {one.id for one in bot.guilds} == set(emulated.world.guilds)


async def test_one_shard_is_cut_and_the_other_does_not_notice():
    limits = Limits(identify_seconds=0)
    async with EmulatedDiscord(limits=limits) as two, RawClient(two) as raw:
        zero = await raw.identify(shard=[0, 2], intents=0)
        one = await raw.identify(shard=[1, 2], intents=0)

        await two.faults.close(4000, shard=1)

        assert await one.closed() == 4000
        await zero.send(1)
        assert (await zero.receive())["op"] == 11


async def test_clear_ends_every_kind_of_weather(raw, emulated):
    faults = emulated.faults
    await faults.ack_delay(9)
    await faults.drop_acks()
    await faults.slow_rest(9)
    await faults.fail(times=9)
    await faults.duplicate()

    await faults.clear()

    assert (await raw.call("GET", "/users/@me"))[0] == 200
    socket = await raw.connect()
    await socket.send(1)
    assert (await socket.until(11))["op"] == 11
