"""Messages, webhooks, reactions and context menus: who is told of what, and who may do what."""

import pytest

from botworker.emulator import Limits, NotCallable
from tests.emulator.raw import RawClient

GUILDS, MESSAGES, REACTIONS, DIRECT, CONTENT = 1, 1 << 9, 1 << 10, 1 << 12, 1 << 15


@pytest.fixture
def limits():
    return Limits(identify_seconds=0, granted_intents=CONTENT)


@pytest.fixture
def guild(emulated):
    return next(iter(emulated.world.guilds.values()))


@pytest.fixture
def channel(guild):
    return guild.text_channels[0]


async def nothing_but(socket, *events):
    """Read what was sent so far and tell the names of the events."""
    await socket.send(1)
    found = []
    while (payload := await socket.receive())["op"] != 11:
        found.append(payload["t"])
    assert [name for name in found if name != "GUILD_CREATE"] == list(events)


async def test_a_message_is_told_to_those_with_the_intent(raw: RawClient, emulated, guild):
    listening = await raw.identify(intents=GUILDS | MESSAGES)
    deaf = await raw.identify(intents=GUILDS)

    said = await emulated.say("what is for lunch?", guild=guild)

    told = (await listening.until("MESSAGE_CREATE"))["d"]
    assert (told["id"], told["guild_id"]) == (str(said.id), str(guild.id))
    assert told["member"]["joined_at"]
    await nothing_but(deaf)


@pytest.mark.parametrize(
    ("text", "granted", "content"),
    [
        ("what is for lunch?", 0, ""),
        ("what is for lunch?", CONTENT, "what is for lunch?"),
        ("<@BOT> lunch?", 0, "<@BOT> lunch?"),
    ],
)
async def test_what_it_says_needs_an_intent_of_its_own_unless_it_mentions_the_bot(
    raw: RawClient, emulated, guild, text, granted, content
):
    socket = await raw.identify(intents=GUILDS | MESSAGES | granted)
    bot = str(emulated.world.bot.id)

    await emulated.say(text.replace("BOT", bot), guild=guild)

    told = (await socket.until("MESSAGE_CREATE"))["d"]
    assert told["content"] == content.replace("BOT", bot)


async def test_a_direct_message_is_told_with_its_content(raw: RawClient, emulated, guild):
    socket = await raw.identify(intents=GUILDS | DIRECT)

    await emulated.say("psst", member=guild.people[0], direct=True)

    told = (await socket.until("MESSAGE_CREATE"))["d"]
    assert told["content"] == "psst"
    assert "guild_id" not in told


async def test_an_ephemeral_answer_is_nobodys_news(raw: RawClient, emulated, guild):
    await raw.sync({"name": "ping", "description": "Ping"})
    socket = await raw.identify(intents=GUILDS | MESSAGES)
    await emulated.run_command("ping", guild=guild)
    interaction = (await socket.until("INTERACTION_CREATE"))["d"]

    await raw.answer(interaction, 4, {"content": "just for you", "flags": 64})

    await nothing_but(socket)


async def test_a_message_of_somebody_else_cannot_be_edited(raw: RawClient, emulated, guild):
    said = await emulated.say("mine", guild=guild)

    path = f"/channels/{said.channel.id}/messages/{said.id}"
    status, body, _ = await raw.call("PATCH", path, {"content": "yours"})

    assert (status, body["code"]) == (403, 50005)


async def test_a_webhook_opens_to_its_token_alone_and_ends_with_its_deletion(
    raw: RawClient, channel
):
    _, hook, _ = await raw.call("POST", f"/channels/{channel.id}/webhooks", {"name": "Weather"})
    opened = f"/webhooks/{hook['id']}/{hook['token']}"

    status, _, _ = await raw.call("POST", opened, {"content": "rain"}, token="none")
    assert status == 204
    status, said, _ = await raw.call("POST", f"{opened}?wait=true", {"content": "sun"})
    assert (status, said["author"]["username"]) == (200, "Weather")
    status, body, _ = await raw.call("POST", f"/webhooks/{hook['id']}/wrong", {"content": "hail"})
    assert (status, body["code"]) == (401, 50027)
    await raw.call("DELETE", opened)
    status, body, _ = await raw.call("POST", opened, {"content": "hail"})
    assert (status, body["code"]) == (404, 10015)


@pytest.mark.parametrize("name", ["", "x" * 81, "Discord Support", None])
async def test_a_name_discord_refuses_is_refused(raw: RawClient, channel, name):
    path = f"/channels/{channel.id}/webhooks"
    status, body, _ = await raw.call("POST", path, {"name": name})
    assert (status, body["code"]) == (400, 50035)


async def test_a_reaction_is_told_once_and_taken_back_once(raw: RawClient, emulated, guild):
    socket = await raw.identify(intents=GUILDS | REACTIONS)
    said = await emulated.say("vote", guild=guild)
    path = f"/channels/{said.channel.id}/messages/{said.id}/reactions/👍/@me"

    for method in ("PUT", "PUT", "DELETE", "DELETE"):
        status, _, _ = await raw.call(method, path)
        assert status == 204

    await nothing_but(socket, "MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE")


async def test_a_menu_that_was_never_synced_cannot_be_used(raw: RawClient, emulated, guild):
    await raw.sync({"name": "Greet", "type": 2})
    said = await emulated.say("hi", guild=guild)

    with pytest.raises(NotCallable):
        await emulated.use_on("Greet", said)
    with pytest.raises(NotCallable):
        await emulated.run_command("Greet", guild=guild)


async def test_the_answer_to_a_menu_says_whom_it_was_about(raw: RawClient, emulated, guild):
    await raw.sync({"name": "Greet", "type": 2})
    socket = await raw.identify()
    anna, bert = guild.people[:2]

    await emulated.use_on("Greet", bert, member=anna, guild=guild)

    interaction = (await socket.until("INTERACTION_CREATE"))["d"]
    assert interaction["data"]["target_id"] == str(bert.id)
    assert str(bert.id) in interaction["data"]["resolved"]["members"]
    _, answer = await raw.answer(interaction, 4, {"content": "hello"})
    message = answer["resource"]["message"]
    assert message["type"] == 23
    assert message["interaction_metadata"]["target_user"]["id"] == str(bert.id)
