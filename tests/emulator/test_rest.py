"""REST, spoken to by hand: refusals, commands, limits."""

import asyncio
import io
from typing import Any

import aiohttp
import pytest

from botworker.emulator import EmulatedDiscord, Limits, NotCallable
from tests.emulator.raw import RawClient

PING = {"name": "ping", "description": "Ping"}


@pytest.fixture
def commands(emulated) -> str:
    return f"/applications/{emulated.world.bot.id}/commands"


@pytest.mark.parametrize("header", ["", "Bot wrong", "Bearer {token}", "{token}"])
async def test_every_wrong_authorization_is_401(raw, emulated, header):
    sent = {"Authorization": header.format(token=emulated.token)}

    status, body, _ = await raw.call("GET", "/users/@me", headers=sent)

    assert (status, body) == (401, {"message": "401: Unauthorized", "code": 0})


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/no/such/route"), ("PATCH", "/gateway"), ("GET", "/users/@you/x")]
)
async def test_a_route_that_is_not_emulated_is_404_and_remembered(raw, emulated, method, path):
    status, body, _ = await raw.call(method, path)

    assert (status, body) == (404, {"message": "404: Not Found", "code": 0})
    assert emulated.unknown_routes == [f"{method} /api/v10{path}"]


async def test_version_9_is_served_as_well(raw, emulated):
    path = emulated.api_url.replace("v10", "v9") + "/users/@me"

    _, body, _ = await raw.call("GET", path)

    assert body["id"] == str(emulated.world.bot.id)


async def test_where_the_gateway_is_told_without_a_slash_behind(raw, emulated):
    _, body, _ = await raw.call("GET", "/gateway")

    assert body == {"url": emulated.gateway_url.rstrip("/")}


async def test_the_default_sounds_can_be_asked_for(raw):
    status, sounds, _ = await raw.call("GET", "/soundboard-default-sounds")

    assert (status, sounds[0]["name"]) == (200, "quack")


async def test_json_is_sent_without_a_charset(raw):
    _, _, headers = await raw.call("GET", "/users/@me")

    assert headers["Content-Type"] == "application/json"


async def test_synced_commands_keep_their_ids_and_change_version_only_when_changed(raw):
    [first] = await raw.sync(PING)
    [same] = await raw.sync(PING)
    [changed] = await raw.sync({**PING, "description": "Pong"})

    assert same == first
    assert changed["id"] == first["id"]
    assert changed["version"] != first["version"]


async def test_a_command_left_out_of_a_sync_cannot_be_called_any_more(raw, emulated):
    await raw.sync(PING)
    await emulated.run_command("ping")

    await raw.sync({"name": "other", "description": "Other"})

    with pytest.raises(NotCallable):
        await emulated.run_command("ping")


async def test_a_guilds_own_command_is_seen_in_that_guild_only(raw, emulated):
    here, there = list(emulated.world.guilds.values())[:2]
    application = emulated.world.bot.id
    path = f"/applications/{application}/guilds/{here.id}/commands"

    status, _, _ = await raw.call("PUT", path, [PING])

    assert status == 200
    await emulated.run_command("ping", guild=here)
    with pytest.raises(NotCallable):
        await emulated.run_command("ping", guild=there)


def option(**changes: object) -> dict[str, object]:
    return {"name": "amount", "description": "How much", "type": 4, **changes}


@pytest.mark.parametrize(
    ("command", "place"),
    [
        ({"name": "Ping", "description": "x"}, "0.name"),
        ({"name": "two words", "description": "x"}, "0.name"),
        ({"name": "x" * 33, "description": "x"}, "0.name"),
        ({"description": "x"}, "0.name"),
        ({"name": "ping", "description": ""}, "0.description"),
        ({"name": "ping"}, "0.description"),
        ({"name": "ping", "description": "x" * 101}, "0.description"),
        ({**PING, "options": [option(), option(name="b", required=True)]}, "0.options.1"),
        ({**PING, "options": [option(), option()]}, "0.options.1.name"),
        ({**PING, "options": [option(name=f"o{n}") for n in range(26)]}, "0.options"),
        ({**PING, "options": [option(type=12)]}, "0.options.0.type"),
        ({**PING, "options": [option(min_length=1)]}, "0.options.0.min_length"),
        ({**PING, "options": [option(max_value=2**60)]}, "0.options.0.max_value"),
        (
            {**PING, "options": [option(choices=[{"name": "a", "value": "text"}])]},
            "0.options.0.choices.0.value",
        ),
        (
            {
                **PING,
                "options": [
                    option(choices=[{"name": str(n), "value": n} for n in range(26)]),
                ],
            },
            "0.options.0.choices",
        ),
        (
            {**PING, "options": [option(autocomplete=True, choices=[{"name": "a", "value": 1}])]},
            "0.options.0.autocomplete",
        ),
        ({**PING, "name_localizations": {"xx": "ping"}}, "0.name_localizations.xx"),
        ({"name": "Look", "type": 2, "description": "no"}, "0.description"),
        ({**PING, "options": [option(type=1), option(name="b")]}, "0.options"),
    ],
)
async def test_a_command_discord_would_refuse_is_refused_at_its_place(
    raw, commands, command, place
):
    status, body, _ = await raw.call("PUT", commands, [command])

    assert (status, body["code"], body["message"]) == (400, 50035, "Invalid Form Body")
    found = body["errors"]
    for part in place.split("."):
        found = found[part]
    assert found["_errors"][0]["message"]


async def test_two_commands_of_one_name_are_refused(raw, commands):
    status, body, _ = await raw.call("PUT", commands, [PING, PING])

    assert (status, body["code"]) == (400, 50035)


async def test_another_applications_commands_are_not_ours_to_see(raw):
    status, body, _ = await raw.call("GET", "/applications/1/commands")

    assert (status, body["code"]) == (403, 20012)


async def test_a_member_cannot_send_what_the_client_would_not_let_them(raw, emulated):
    await raw.sync({**PING, "options": [option(required=True, min_value=1, max_value=9)]})

    for options in ({}, {"amount": 0}, {"amount": 10}, {"amount": "1"}, {"strange": 1}):
        with pytest.raises(NotCallable):
            await emulated.run_command("ping", options=options)
    forged = await emulated.run_command("ping", options={"amount": 2**63}, forged=True)
    assert forged.payload["data"]["options"][0]["value"] == 2**63


async def test_answers_tell_their_bucket_and_the_last_one_is_a_429(raw, emulated):
    statuses: list[int] = []
    body: Any = None
    headers: dict[str, str] = {}
    for _ in range(6):
        status, body, headers = await raw.call(
            "PUT", f"/applications/{emulated.world.bot.id}/commands", [PING]
        )
        statuses.append(status)

    assert statuses == [200] * 5 + [429]
    assert isinstance(body["retry_after"], float)
    assert body["global"] is False
    assert headers["X-RateLimit-Limit"] == "5"
    assert headers["X-RateLimit-Remaining"] == "0"
    assert headers["X-RateLimit-Scope"] == "user"
    assert float(headers["X-RateLimit-Reset-After"]) >= body["retry_after"] - 0.01
    assert int(headers["Retry-After"]) >= body["retry_after"]
    assert headers["X-RateLimit-Bucket"]
    assert "Via" in headers


async def test_the_global_limit_counts_all_routes_together():
    limits = Limits(requests_a_second=3)
    async with EmulatedDiscord(limits=limits) as slow, RawClient(slow) as raw:
        paths = ["/users/@me", "/gateway/bot", "/users/@me/guilds", "/users/@me"]
        answers = [await raw.call("GET", path) for path in paths]

    _status, body, headers = answers[-1]
    assert [answer[0] for answer in answers] == [200, 200, 200, 429]
    assert body["global"] is True
    assert headers["X-RateLimit-Global"] == "true"
    assert headers["X-RateLimit-Scope"] == "global"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({}, 50006),
        ({"content": ""}, 50006),
        ({"content": "x" * 2001}, 50035),
        ({"embeds": [{"title": "x"}] * 11}, 50035),
        ({"embeds": [{"title": "x" * 257}]}, 50035),
        ({"embeds": [{"description": "x" * 4097}]}, 50035),
        ({"embeds": [{"description": "x" * 4000}] * 2}, 50035),
        ({"embeds": [{"fields": [{"name": "", "value": "v"}]}]}, 50035),
        ({"embeds": [{"fields": [{"name": "n", "value": "v"}] * 26}]}, 50035),
        ({"embeds": [{}]}, 50035),
        ({"content": "x", "allowed_mentions": {"parse": ["all"]}}, 50035),
        ({"content": "x", "components": [{"type": 2}]}, 50035),
        ({"content": "x", "components": [{"type": 1, "components": []}]}, 50035),
        ({"content": "x", "components": ["x"]}, 50035),
        ({"content": 5}, 50035),
        ({"content": "x", "flags": "64"}, 50035),
        ({"embeds": [{"fields": "abc"}]}, 50035),
        ({"embeds": [{"title": "x", "footer": "abc"}]}, 50035),
        ({"content": "x", "allowed_mentions": {"users": ["abc"]}}, 50035),
        ({"content": "x", "allowed_mentions": {"users": "abc"}}, 50035),
        ({"content": "x", "message_reference": {"message_id": "abc"}}, 50035),
        ({"content": "x", "message_reference": {"message_id": "1"}}, 50035),
    ],
)
async def test_a_message_discord_would_refuse_is_refused(raw, emulated, message, code):
    channel = next(iter(emulated.world.guilds.values())).text_channels[0]

    status, body, _ = await raw.call("POST", f"/channels/{channel.id}/messages", message)

    assert (status, body["code"]) == (400, code)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/channels/{channel}/webhooks"),
        ("POST", "/users/@me/channels"),
        ("POST", "/applications/{bot}/commands"),
        ("PUT", "/applications/{bot}/commands"),
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        "x",
        5,
        ["x"],
        [{"name": "a", "description": "b", "options": [{"type": [], "name": {}}]}],
        {"name": {}, "type": [], "recipient_id": []},
        {"name": 5, "description": "b", "options": [{"type": 3, "min_length": "x"}]},
        {"name": 5, "description": "b", "name_localizations": ["x"]},
        {"name": 5, "description": "b", "contexts": [[]]},
    ],
)
async def test_a_body_of_wrong_types_is_a_400_and_never_a_500(raw, emulated, method, path, body):
    channel = next(iter(emulated.world.guilds.values())).text_channels[0]

    status, answer, _ = await raw.call(
        method, path.format(channel=channel.id, bot=emulated.world.bot.id), body
    )

    assert (status, answer["code"]) in {(400, 50035), (400, 50033)}


async def test_an_edit_that_leaves_nothing_is_refused(raw, emulated):
    channel = next(iter(emulated.world.guilds.values())).text_channels[0]
    _, message, _ = await raw.call("POST", f"/channels/{channel.id}/messages", {"content": "hi"})

    path = f"/channels/{channel.id}/messages/{message['id']}"
    status, body, _ = await raw.call("PATCH", path, {"content": ""})

    assert (status, body["code"]) == (400, 50006)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("limit=3", [9, 8, 7]),
        ("limit=3&before={4}", [3, 2, 1]),
        ("limit=3&after={4}", [7, 6, 5]),
        ("limit=3&around={4}", [5, 4, 3]),
    ],
)
async def test_messages_are_read_at_any_place(raw, emulated, query, expected):
    guild = next(iter(emulated.world.guilds.values()))
    said = [await emulated.say(str(n), member=guild.people[0], guild=guild) for n in range(10)]

    channel = guild.text_channels[0]
    query = query.format(*(message.id for message in said))
    _, found, _ = await raw.call("GET", f"/channels/{channel.id}/messages?{query}")

    assert [int(message["content"]) for message in found] == expected


async def test_paging_through_the_guilds_meets_each_once():
    async with EmulatedDiscord(world_size=(23, 40)) as many, RawClient(many) as raw:
        seen, after = [], "0"
        while True:
            path = f"/users/@me/guilds?limit=5&after={after}"
            _, page, _ = await raw.call("GET", path)
            if not page:
                break
            seen += [guild["id"] for guild in page]
            after = page[-1]["id"]
        _, last, _ = await raw.call("GET", f"/users/@me/guilds?limit=2&before={seen[-1]}")

    assert seen == sorted(map(str, many.world.guilds), key=int)
    assert [guild["id"] for guild in last] == seen[-3:-1]


async def test_a_query_parameter_that_is_not_emulated_is_told(raw, emulated):
    status, body, _ = await raw.call("GET", "/users/@me/guilds?colour=red")

    assert (status, body["code"]) == (400, 50035)
    assert emulated.unknown_routes == ["GET /api/v10/users/@me/guilds?colour"]


async def test_a_file_above_the_limit_is_refused(raw, emulated):
    channel = next(iter(emulated.world.guilds.values())).text_channels[0]
    form = aiohttp.FormData()
    form.add_field("files[0]", io.BytesIO(b"a" * (12 << 20)), filename="a.bin")

    status, body, _ = await raw.call("POST", f"/channels/{channel.id}/messages", data=form)

    assert (status, body["code"]) == (413, 40005)


@pytest.mark.parametrize(
    "fields", [{"payload_json": '{"content": "hi", "tts": true}'}, {"content": "hi"}]
)
async def test_a_form_without_files_is_read_as_well(raw, emulated, fields):
    channel = next(iter(emulated.world.guilds.values())).text_channels[0]

    status, message, _ = await raw.call("POST", f"/channels/{channel.id}/messages", data=fields)

    assert (status, message["content"]) == (200, "hi")
    assert message["tts"] is ("payload_json" in fields)


async def test_a_body_that_is_not_json_is_refused(raw, emulated):
    channel = next(iter(emulated.world.guilds.values())).text_channels[0]
    path = f"/channels/{channel.id}/messages"

    status, body, _ = await raw.call(
        "POST", path, data=b"{", headers={"Content-Type": "application/json"}
    )
    assert (status, body["code"]) == (400, 50109)
    status, body, _ = await raw.call(
        "POST", path, data=b"x", headers={"Content-Type": "text/plain"}
    )
    assert (status, body["code"]) == (400, 50035)


async def test_an_id_that_is_no_snowflake_is_refused(raw):
    status, body, _ = await raw.call("GET", "/guilds/abc")

    assert (status, body["code"]) == (400, 50035)


async def test_a_taken_port_raises_oserror(emulated):
    with pytest.raises(OSError, match="address already in use"):
        await EmulatedDiscord(port=emulated.port).start()


async def test_fifty_members_at_once_are_each_answered_with_their_own_message(raw, emulated):
    await raw.sync(PING)
    socket = await raw.identify(intents=0)
    calls = [await emulated.run_command("ping") for _ in range(50)]
    dispatched = [(await socket.until("INTERACTION_CREATE"))["d"] for _ in calls]

    answers = await asyncio.gather(
        *(raw.answer(one, 4, {"content": one["id"]}) for one in dispatched)
    )

    assert {status for status, _ in answers} == {200}
    for call in calls:
        assert (await call.reply()).content == str(call.id)
