"""The controls, as another process on this machine uses them."""

import aiohttp
import pytest

from tests.emulator.raw import RawClient

PING = {"name": "ping", "description": "Ping"}


@pytest.fixture
def control(emulated):
    async def use(name, body=None, headers=None):
        url = f"http://127.0.0.1:{emulated.port}/_control/{name}"
        async with (
            aiohttp.ClientSession() as http,
            http.post(url, json=body or {}, headers=headers) as response,
        ):
            return response.status, await response.json()

    return use


async def test_every_fault_has_a_control(emulated):
    url = f"http://127.0.0.1:{emulated.port}/_control"
    async with aiohttp.ClientSession() as http, http.get(url) as response:
        listed = (await response.json())["controls"]

    assert {"ack_delay", "drop_acks", "reset", "close", "reconnect", "invalid_session"} <= set(
        listed
    )
    assert {"outage", "rate_limit", "fail", "slow_rest", "duplicate", "clear"} <= set(listed)
    assert {"guild_unavailable", "guild_available", "guild_joined", "guild_left"} <= set(listed)


async def test_a_control_does_what_the_method_does(raw: RawClient, control):
    socket = await raw.identify()

    assert await control("close", {"code": 4009}) == (200, {"ok": True, "result": None})

    assert await socket.closed() == 4009


@pytest.mark.parametrize(
    ("name", "body", "word"),
    [
        ("no_such", {}, "no_such"),
        ("close", {"cod": 1}, "cod"),
        ("close", {"code": "1000"}, "code"),
        ("outage", {"on": 1}, "on"),
        ("run_command", {}, "name"),
        ("run_command", {"name": "ping"}, "synced"),
        ("guild_left", {"guild": 1}, "guild"),
    ],
)
async def test_a_control_that_makes_no_sense_is_refused_in_one_sentence(control, name, body, word):
    status, answer = await control(name, body)

    assert status == 400
    assert answer["ok"] is False
    assert word in answer["error"]


async def test_an_outage_does_not_shut_out_the_controls(control, raw):
    await control("outage")
    status, _ = await control("outage", {"on": False})

    assert status == 200
    assert (await raw.call("GET", "/users/@me"))[0] == 200


async def test_a_web_page_cannot_use_the_controls(control):
    status, _ = await control("reset", headers={"Origin": "http://evil.example"})
    assert status == 403
    status, _ = await control("reset", headers={"Host": "rebound.example:80"})
    assert status == 403


async def test_a_command_can_be_called_from_outside(raw, control, emulated):
    await raw.sync(PING)
    socket = await raw.identify(intents=0)
    import asyncio

    asked = asyncio.create_task(control("run_command", {"name": "ping"}))
    interaction = (await socket.until("INTERACTION_CREATE"))["d"]
    await raw.answer(interaction, 4, {"content": "pong"})
    status, answer = await asked

    assert (status, answer["result"]["content"]) == (200, "pong")
