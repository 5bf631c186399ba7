"""The life of an interaction, with every refusal."""

import json
from typing import Any

import aiohttp
import pytest

from botworker.emulator import EmulatedDiscord, InteractionFailed, Limits
from tests.emulator.raw import RawClient, RawSocket

PING = {"name": "ping", "description": "Ping"}


@pytest.fixture
async def socket(raw: RawClient) -> RawSocket:
    await raw.sync(PING)
    return await raw.identify(intents=0)


async def dispatched(socket: RawSocket) -> dict[str, Any]:
    data: dict[str, Any] = (await socket.until("INTERACTION_CREATE"))["d"]
    return data


def hook(emulated, interaction, rest="") -> str:
    return f"/webhooks/{emulated.world.bot.id}/{interaction['token']}{rest}"


async def test_an_interaction_carries_what_every_library_needs(emulated, raw, socket):
    call = await emulated.run_command("ping")

    data = await dispatched(socket)

    assert data["id"] == str(call.id)
    assert data["guild_id"] == data["guild"]["id"] == str(call.guild.id)
    assert data["member"]["user"]["id"] == str(call.user.id)
    assert int(data["member"]["permissions"]) >= 0
    assert data["channel"]["id"] == data["channel_id"]
    assert data["authorizing_integration_owners"] == {"0": data["guild_id"]}
    assert data["attachment_size_limit"] > 0
    assert (data["version"], data["context"]) == (1, 0)


async def test_with_response_brings_the_message_and_without_it_204(emulated, raw, socket):
    await emulated.run_command("ping")
    one = await dispatched(socket)
    await emulated.run_command("ping")
    two = await dispatched(socket)

    status, body = await raw.answer(one, 4, {"content": "hi", "flags": 64})
    plain, nothing, headers = await raw.call(
        "POST", f"/interactions/{two['id']}/{two['token']}/callback", {"type": 5}
    )

    assert status == 200
    assert body["interaction"]["response_message_ephemeral"] is True
    assert body["resource"]["message"]["content"] == "hi"
    assert body["resource"]["message"]["interaction_metadata"]["id"] == one["id"]
    assert (plain, nothing) == (204, None)
    assert not any(name.startswith("X-RateLimit") for name in headers)


async def test_a_second_answer_to_an_interaction_is_refused_with_40060(emulated, raw, socket):
    call = await emulated.run_command("ping")
    interaction = await dispatched(socket)
    await raw.answer(interaction, 4, {"content": "one"})

    status, body = await raw.answer(interaction, 4, {"content": "two"})

    assert (status, body["code"]) == (400, 40060)
    assert (await call.reply()).content == "one"


@pytest.mark.parametrize(
    "body",
    [
        {"type": []},
        {"type": "4"},
        {"type": 4, "data": "x"},
        {"type": 4, "data": {"content": "x", "flags": "64"}},
        {"type": 5, "data": {"flags": "64"}},
        {"type": 9, "data": "x"},
        {"type": 9, "data": {"title": 5, "custom_id": "c", "components": ["x"]}},
        {"type": 9, "data": {"title": "t", "custom_id": "c", "components": [{"type": 1,
            "components": [{"type": 4, "custom_id": "w", "style": 1}]}]}},
        {"type": 9, "data": {"title": "t", "custom_id": "c", "components": [{"type": 1,
            "components": [{"type": 4, "custom_id": "w", "label": "W"}]}]}},
        {"type": 9, "data": {"title": "t", "custom_id": "c", "components": [{"type": 99}]}},
    ],
)  # fmt: skip
async def test_an_answer_of_wrong_types_is_refused_and_another_is_taken(
    emulated, raw, socket, body
):
    call = await emulated.run_command("ping")
    interaction = await dispatched(socket)
    path = f"/interactions/{interaction['id']}/{interaction['token']}/callback"

    status, answer, _ = await raw.call("POST", path, body)

    assert (status, answer["code"]) == (400, 50035)
    await raw.answer(interaction, 5, {"flags": None})
    assert await call.acknowledged()


async def test_files_come_with_an_edit_and_stay_as_it_says(emulated, raw, socket):
    call = await emulated.run_command("ping")
    interaction = await dispatched(socket)
    await raw.answer(interaction, 5)

    def with_file(name, **body):
        form = aiohttp.FormData()
        form.add_field("payload_json", json.dumps(body), content_type="application/json")
        form.add_field("files[0]", b"x", filename=name)
        return form

    await raw.call("POST", hook(emulated, interaction), data=with_file("a.txt", content="hi"))
    original = hook(emulated, interaction, "/messages/@original")
    _, one, _ = await raw.call("PATCH", original, data=with_file("b.txt"))
    kept = [{"id": one["attachments"][1]["id"]}]
    _, two, _ = await raw.call("PATCH", original, {"attachments": kept})

    assert [file["filename"] for file in one["attachments"]] == ["a.txt", "b.txt"]
    assert [file["filename"] for file in two["attachments"]] == ["b.txt"]
    assert len((await call.reply()).attachments) == 1


async def test_an_answer_to_nothing_is_refused_with_10062(raw, socket):
    status, body = await raw.answer({"id": "1", "token": "x"}, 4, {"content": "one"})

    assert (status, body["code"]) == (404, 10062)


@pytest.mark.parametrize("kind", [1, 6, 7, 8, 99, None])
async def test_a_command_is_not_answered_with_what_fits_other_interactions(
    emulated, raw, socket, kind
):
    await emulated.run_command("ping")
    interaction = await dispatched(socket)

    status, body = await raw.answer(interaction, kind, {"content": "x"})

    assert (status, body["code"]) == (400, 50035)


async def test_a_refused_first_answer_leaves_the_interaction_open(emulated, raw, socket):
    call = await emulated.run_command("ping")
    interaction = await dispatched(socket)
    status, body = await raw.answer(interaction, 4, {"content": "x" * 2001})
    assert (status, body["code"]) == (400, 50035)
    assert body["errors"]["data"]["content"]["_errors"]

    await raw.answer(interaction, 4, {"content": "short"})

    assert (await call.reply()).content == "short"


async def test_a_follow_up_before_the_first_answer_is_refused_with_10015(emulated, raw, socket):
    await emulated.run_command("ping")
    interaction = await dispatched(socket)

    status, body, _ = await raw.call("POST", hook(emulated, interaction), {"content": "x"})

    assert (status, body["code"]) == (404, 10015)


async def test_the_first_follow_up_after_a_deferral_takes_its_place(emulated, raw, socket):
    call = await emulated.run_command("ping")
    interaction = await dispatched(socket)
    _, deferred = await raw.answer(interaction, 5, {"flags": 64})
    assert deferred["interaction"]["response_message_loading"] is True

    _, first, _ = await raw.call("POST", hook(emulated, interaction), {"content": "first"})
    _, second, _ = await raw.call("POST", hook(emulated, interaction), {"content": "second"})

    reply = await call.reply()
    assert first["id"] == deferred["interaction"]["response_message_id"]
    assert second["id"] != first["id"]
    assert (reply.content, reply.ephemeral, reply.deferred) == ("first", True, True)
    assert [part.content for part in reply.followups] == ["second"]


async def test_the_original_is_read_changed_and_deleted(emulated, raw, socket):
    call = await emulated.run_command("ping")
    interaction = await dispatched(socket)
    await raw.answer(interaction, 4, {"content": "one"})
    path = hook(emulated, interaction, "/messages/@original")

    _, read, _ = await raw.call("GET", path)
    _, edited, _ = await raw.call("PATCH", path, {"content": "two"})
    deleted, _, _ = await raw.call("DELETE", path)
    gone, body, _ = await raw.call("GET", path)

    assert (read["content"], edited["content"], deleted) == ("one", "two", 204)
    assert edited["edited_timestamp"]
    assert (gone, body["code"]) == (404, 10008)
    assert [part.content for part in call.seen().edits] == ["two"]
    assert call.seen().deleted


async def test_after_fifteen_minutes_the_token_is_worth_nothing():
    limits = Limits(response_seconds=0.05, token_seconds=0.1)
    async with EmulatedDiscord(limits=limits) as hasty, RawClient(hasty) as raw:
        await raw.sync(PING)
        socket = await raw.identify(intents=0)
        call = await hasty.run_command("ping")
        interaction = await dispatched(socket)
        await raw.answer(interaction, 5)
        late = await hasty.run_command("ping")
        with pytest.raises(InteractionFailed):
            await late.reply()
        await call.until(lambda: call.expired)

        status, body, _ = await raw.call("POST", hook(hasty, interaction), {"content": "x"})

        assert (status, body["code"]) == (401, 50027)


async def test_an_ephemeral_message_is_nobody_elses_history(emulated, raw, socket):
    await emulated.run_command("ping")
    interaction = await dispatched(socket)
    _, body = await raw.answer(interaction, 4, {"content": "secret", "flags": 64})
    channel = interaction["channel_id"]

    _, history, _ = await raw.call("GET", f"/channels/{channel}/messages")
    status, refused, _ = await raw.call(
        "GET", f"/channels/{channel}/messages/{body['resource']['message']['id']}"
    )

    assert history == []
    assert (status, refused["code"]) == (404, 10008)


async def test_a_duplicate_delivery_has_the_same_id_and_only_one_can_be_answered(
    emulated, raw, socket
):
    await emulated.faults.duplicate(2)
    await emulated.run_command("ping")

    deliveries = [await dispatched(socket) for _ in range(3)]
    answers = [await raw.answer(one, 4, {"content": "hi"}) for one in deliveries]

    assert len({one["id"] for one in deliveries}) == 1
    assert [status for status, _ in answers] == [200, 400, 400]
