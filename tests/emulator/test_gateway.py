"""The gateway, spoken to by hand."""

import asyncio
import json

import pytest

from botworker.emulator import EmulatedDiscord, Limits
from tests.emulator.raw import RawClient


async def test_hello_comes_first_with_the_heartbeat_interval_in_whole_milliseconds(raw):
    socket = await raw.connect()

    hello = await socket.receive()

    assert hello["op"] == 10
    assert hello["d"]["heartbeat_interval"] == 41250
    assert hello["s"] is hello["t"] is None


async def test_a_heartbeat_before_identifying_is_acknowledged_but_never_at_once(raw):
    socket = await raw.connect()
    await socket.until(10)
    loop = asyncio.get_running_loop()
    before = loop.time()

    await socket.send(1, None)
    await socket.until(11)

    assert loop.time() - before >= 0.005


async def test_ready_lists_guilds_as_unavailable_and_guild_create_follows_for_each(raw, emulated):
    socket = await raw.identify()
    ready = socket.ready["d"]

    created = [await socket.until("GUILD_CREATE") for _ in emulated.world.guilds]

    assert {guild["id"] for guild in ready["guilds"]} == {one["d"]["id"] for one in created}
    assert all(guild["unavailable"] for guild in ready["guilds"])
    assert ready["shard"] == [0, 1]
    assert ready["resume_gateway_url"] + "/" == emulated.gateway_url
    assert [one["s"] for one in created] == list(range(2, 2 + len(created)))


async def test_without_the_guilds_intent_no_guild_is_created(raw, emulated):
    socket = await raw.identify(intents=0)
    await raw.sync({"name": "ping", "description": "Ping"})

    await emulated.run_command("ping")

    assert (await socket.receive())["t"] == "INTERACTION_CREATE"


@pytest.mark.parametrize("compress", ["zlib-stream", "zstd-stream"])
async def test_a_compressed_stream_reads_like_the_plain_one(raw, emulated, compress):
    plain = await raw.identify()
    packed = await raw.identify(f"v=10&encoding=json&compress={compress}", shard=[0, 1])

    for _ in emulated.world.guilds:
        assert await packed.until("GUILD_CREATE") == await plain.until("GUILD_CREATE")


async def test_a_client_that_asks_for_compressed_payloads_gets_long_ones_compressed(raw):
    socket = await raw.connect()
    await socket.until(10)
    await socket.send(2, raw.identity(compress=True))

    assert (await socket.until("GUILD_CREATE"))["d"]["name"]


async def test_binary_frames_are_read_like_text(raw):
    socket = await raw.connect()
    await socket.until(10)

    await socket.socket.send_bytes(json.dumps({"op": 2, "d": raw.identity()}).encode())

    assert (await socket.until("READY"))["d"]["v"] == 10


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ('{"op": 99}', 4001),
        ('{"op": "one"}', 4001),
        ("not json", 4002),
        ("[]", 4002),
        ('{"op": 1, "d": "' + "x" * 5000 + '"}', 4002),
        ('{"op": 3, "d": {}}', 4003),
        ('{"op": 8, "d": {}}', 4003),
        ('{"op": 2, "d": null}', 4002),
    ],
)
async def test_a_frame_that_makes_no_sense_closes_with_its_code(raw, frame, code):
    socket = await raw.connect()

    await socket.socket.send_str(frame)

    assert await socket.closed() == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"token": "wrong"}, 4004),
        ({"token": None}, 4004),
        ({"shard": [2, 2]}, 4010),
        ({"shard": [0]}, 4010),
        ({"shard": "0"}, 4010),
        ({"intents": 1 << 40}, 4013),
        ({"intents": -1}, 4013),
        ({"intents": "all"}, 4013),
        ({"intents": 1 << 15}, 4014),
        ({"properties": None}, 4002),
    ],
)
async def test_an_identify_that_is_not_permitted_closes_with_its_code(raw, changes, code):
    socket = await raw.connect()

    await socket.send(2, raw.identity(**changes))

    assert await socket.closed() == code


@pytest.mark.parametrize(
    ("op", "data"),
    [
        (8, None),
        (8, {"guild_id": {}, "query": "", "limit": 0}),
        (8, {"guild_id": "{guild}", "query": "", "limit": "x"}),
        (8, {"guild_id": "{guild}", "user_ids": ["abc"]}),
        (8, {"guild_id": "{guild}", "user_ids": [None]}),
        (31, {"guild_ids": "x"}),
        (31, None),
        (3, "x"),
        (3, {"status": "asleep", "activities": [], "since": None, "afk": False}),
        (3, {"status": "idle", "activities": "x", "since": None, "afk": False}),
    ],
)
async def test_a_request_of_wrong_types_closes_with_4002(raw, emulated, op, data):
    socket = await raw.identify()
    if isinstance(data, dict) and data.get("guild_id") == "{guild}":
        data = {**data, "guild_id": str(next(iter(emulated.world.guilds)))}

    await socket.send(op, data)

    assert await socket.closed() == 4002


async def test_nothing_is_read_after_a_wrong_token(raw, emulated):
    socket = await raw.connect()

    await socket.send(2, raw.identity(token="wrong"))
    await socket.send(2, raw.identity())

    assert await socket.closed() == 4004
    assert emulated.gateway.identifies == 0


@pytest.mark.parametrize(("code", "kept"), [(4000, True), (4004, False), (4009, False)])
async def test_some_close_codes_leave_nothing_to_resume(raw, emulated, code, kept):
    socket = await raw.identify()

    await emulated.faults.close(code)

    assert await socket.closed() == code
    assert bool(emulated.gateway.sessions.all()) is kept


async def test_what_a_heartbeat_confirms_is_not_replayed(raw, emulated):
    socket = await raw.identify()
    session = socket.ready["d"]["session_id"]
    created = [await socket.until("GUILD_CREATE") for _ in emulated.world.guilds]
    last = created[-1]["s"]
    await socket.send(1, last)
    await socket.until(11)

    again = await raw.connect()
    await again.send(6, {"token": emulated.token, "session_id": session, "seq": last - 1})
    assert (await again.until(9))["d"] is False

    again = await raw.connect()
    await again.send(6, {"token": emulated.token, "session_id": session, "seq": last})
    await again.until("RESUMED")


async def test_identifying_twice_closes_with_4005(raw):
    socket = await raw.identify()

    await socket.send(2, raw.identity())

    assert await socket.closed() == 4005


async def test_another_api_version_closes_with_4012(raw):
    socket = await raw.connect("v=6&encoding=json")

    assert await socket.closed() == 4012


async def test_version_9_is_served_as_well(raw):
    socket = await raw.identify("v=9&encoding=json")

    assert socket.ready["d"]["v"] == 9


@pytest.mark.parametrize("resumable", [True, False])
async def test_after_op_9_the_same_connection_serves_whatever_the_client_begins(
    raw, emulated, resumable
):
    socket = await raw.identify(intents=0)
    session = socket.ready["d"]["session_id"]
    await emulated.faults.invalid_session(resumable=resumable)
    assert (await socket.until(9))["d"] is resumable

    if resumable:
        await socket.send(6, {"token": emulated.token, "session_id": session, "seq": 1})
        await socket.until("RESUMED")
    else:
        await socket.send(2, raw.identity())
        assert (await socket.until("READY"))["d"]["session_id"] != session


async def test_sounds_are_told_for_each_guild_of_the_shard(raw, emulated):
    socket = await raw.identify()
    guild = next(iter(emulated.world.guilds))

    await socket.send(31, {"guild_ids": [str(guild), "1"]})

    sounds = (await socket.until("SOUNDBOARD_SOUNDS"))["d"]
    assert sounds == {"guild_id": str(guild), "soundboard_sounds": []}


async def test_too_many_guilds_for_one_shard_close_with_4011():
    limits = Limits(max_guilds_a_shard=2, identify_seconds=0)
    async with EmulatedDiscord(limits=limits) as crowded, RawClient(crowded) as raw:
        socket = await raw.connect()
        await socket.send(2, raw.identity())
        assert await socket.closed() == 4011

        assert (await raw.identify(shard=[0, 3])).ready["d"]["shard"] == [0, 3]


async def test_more_than_120_payloads_a_minute_close_with_4008(raw):
    socket = await raw.identify()

    for _ in range(120):
        await socket.send(3, {"since": None, "activities": [], "status": "online", "afk": False})

    assert await socket.closed() == 4008


async def test_a_client_without_heartbeats_is_closed_with_4009():
    async with (
        EmulatedDiscord(limits=Limits(heartbeat_seconds=0.05)) as impatient,
        RawClient(impatient) as raw,
    ):
        socket = await raw.identify()

        assert await socket.closed() == 4009


async def test_two_identifies_of_a_shard_within_five_seconds_are_one_too_many():
    limits = Limits(refusal_seconds=0)
    async with EmulatedDiscord(limits=limits) as strict, RawClient(strict) as raw:
        await raw.identify()
        second = await raw.connect()
        await second.send(2, raw.identity())

        assert (await second.until(9))["d"] is False


async def test_shards_of_different_concurrency_keys_may_identify_together():
    limits = Limits(max_concurrency=2, refusal_seconds=0)
    async with EmulatedDiscord(limits=limits) as strict, RawClient(strict) as raw:
        await raw.identify(shard=[0, 4])
        await raw.identify(shard=[1, 4])
        third = await raw.connect()
        await third.send(2, raw.identity(shard=[2, 4]))

        assert (await third.until(9))["d"] is False


async def test_resuming_replays_what_was_missed_in_order_and_then_says_resumed(raw, emulated):
    await raw.sync({"name": "ping", "description": "Ping"})
    socket = await raw.identify(intents=0)
    socket.socket._response.connection.transport.abort()
    await emulated.wait_until(lambda: not emulated.gateway.connections)
    calls = [await emulated.run_command("ping") for _ in range(3)]

    again = await raw.connect()
    ready = socket.ready["d"]
    await again.send(6, {"token": emulated.token, "session_id": ready["session_id"], "seq": 1})
    await again.until(10)

    replayed = [await again.receive() for _ in range(4)]
    assert [one["t"] for one in replayed] == ["INTERACTION_CREATE"] * 3 + ["RESUMED"]
    assert [one["d"]["id"] for one in replayed[:3]] == [str(call.id) for call in calls]
    assert [one["s"] for one in replayed[:3]] == [2, 3, 4]


@pytest.mark.parametrize(("code", "kept"), [(1000, False), (1001, False), (4000, True)])
async def test_only_the_clients_own_1000_or_1001_ends_its_session(raw, emulated, code, kept):
    socket = await raw.identify()

    await socket.socket.close(code=code)
    await emulated.wait_until(lambda: not emulated.gateway.connections)

    again = await raw.connect()
    session = socket.ready["d"]["session_id"]
    await again.send(6, {"token": emulated.token, "session_id": session, "seq": 1})
    answer = await again.until("RESUMED" if kept else 9)
    assert kept or answer["d"] is False


async def test_resuming_ahead_of_what_was_sent_closes_with_4007(raw, emulated):
    socket = await raw.identify()
    again = await raw.connect()

    session = socket.ready["d"]["session_id"]
    await again.send(6, {"token": emulated.token, "session_id": session, "seq": 999})

    assert await again.closed() == 4007


async def test_resuming_with_a_wrong_token_closes_with_4004(raw):
    socket = await raw.identify()
    again = await raw.connect()

    session = socket.ready["d"]["session_id"]
    await again.send(6, {"token": "wrong", "session_id": session, "seq": 1})

    assert await again.closed() == 4004


async def test_an_unknown_session_is_answered_with_op_9(raw, emulated):
    socket = await raw.connect()

    await socket.send(6, {"token": emulated.token, "session_id": "nobody", "seq": 1})

    assert (await socket.until(9))["d"] is False


async def test_members_are_sent_in_chunks_with_the_nonce(raw, emulated):
    socket = await raw.identify(intents=1 | 1 << 1)
    guild = next(iter(emulated.world.guilds.values()))

    await socket.send(8, {"guild_id": str(guild.id), "query": "", "limit": 0, "nonce": "n1"})

    chunk = (await socket.until("GUILD_MEMBERS_CHUNK"))["d"]
    assert len(chunk["members"]) == len(guild.members)
    assert (chunk["nonce"], chunk["chunk_index"], chunk["chunk_count"]) == ("n1", 0, 1)


async def test_chosen_members_need_no_intent_and_unknown_ones_are_told(raw, emulated):
    socket = await raw.identify()
    guild = next(iter(emulated.world.guilds.values()))
    wanted = guild.people[0].id

    await socket.send(8, {"guild_id": guild.id, "user_ids": [str(wanted), "1"], "limit": 0})

    chunk = (await socket.until("GUILD_MEMBERS_CHUNK"))["d"]
    assert [member["user"]["id"] for member in chunk["members"]] == [str(wanted)]
    assert chunk["not_found"] == ["1"]
