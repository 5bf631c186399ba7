"""What an emulated Discord says in a whole life; that it is well said is looked at by `watch`."""

from typing import Any

import discord
import pytest

from botworker.emulator.rest import Exchange
from tests.emulator.conftest import Start
from tests.emulator.formats import Formats
from tests.emulator.raw import RawClient
from tests.emulator.watch import Watch


async def test_everything_said_to_and_by_discordpy_is_as_discord_publishes_it(
    watch, emulated, start: Start
):
    bot = await start(intents=discord.Intents(guilds=True, members=True))
    guild = next(iter(emulated.world.guilds.values()))
    anna, bert = guild.people[:2]

    call = await emulated.run_command("hello", member=anna, guild=guild, options={"who": bert})
    await call.followup()
    for direct in (False, True):
        await (await emulated.run_command("slow", direct=direct, member=anna)).reply()
    call = await emulated.run_command("buttons")
    await call.reply()
    await (await emulated.press(call, "next")).reply()
    await (await emulated.press(call, "choose", values=["a"])).reply()
    call = await emulated.run_command("form")
    await call.reply()
    await (await emulated.submit(call, {"wish": "rain"})).reply()
    await (await emulated.autocomplete("look", "word", "a")).acknowledged()
    await (await emulated.run_command("config set", options={"number": 1})).reply()
    await _look_around(bot, guild.id, anna.id)
    await emulated.faults.reconnect()
    await bot.until("resumed")
    await emulated.faults.guild_unavailable(guild.id)
    await emulated.faults.guild_available(guild.id)
    await emulated.faults.guild_renamed("Under New Management", guild.id)
    await emulated.faults.member_joined(guild.id)
    await emulated.faults.guild_joined("Elsewhere")
    await bot.until("joined Elsewhere")

    assert {"READY", "GUILD_CREATE", "INTERACTION_CREATE", "RESUMED", "7"} <= watch.frames
    assert {"GUILD_MEMBERS_CHUNK", "GUILD_DELETE", "GUILD_MEMBER_ADD"} <= watch.frames
    assert len(watch.routes) >= 20


async def test_messages_webhooks_reactions_and_menus_are_as_discord_publishes_them(
    watch, emulated, start: Start
):
    intents = discord.Intents.all()
    intents.message_content = False
    bot: Any = await start(intents=intents)
    guild = next(iter(emulated.world.guilds.values()))
    anna, bert = guild.people[:2]
    channel = bot.get_guild(guild.id).text_channels[0]

    said = await emulated.say(f"hello <@{bot.user.id}>", member=anna, guild=guild)
    await emulated.say("in private", member=anna, direct=True)
    await (await emulated.use_on("Greet", bert, member=anna, guild=guild)).reply()
    await (await emulated.use_on("Quote", said, member=bert)).reply()
    message = await channel.send("hi")
    await message.edit(content="hello")
    await message.add_reaction("👍")
    assert [one async for one in (await message.fetch()).reactions[0].users()] == [bot.user]
    await message.remove_reaction("👍", bot.user)
    await message.delete()
    async with channel.typing():
        pass
    hook = await channel.create_webhook(name="Weather")
    written = await hook.send("rain", username="Sky", wait=True)
    await written.edit(content="sun")
    await (await hook.fetch_message(written.id)).delete()
    await hook.send("nobody waits")
    assert await channel.webhooks() == await bot.get_guild(guild.id).webhooks() == [hook]
    await hook.edit(name="Forecast")
    await bot.fetch_webhook(hook.id)
    await hook.delete()
    await bot.get_guild(guild.id).change_voice_state(channel=None)
    await bot.change_presence(status=discord.Status.idle)

    assert {"MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "WEBHOOKS_UPDATE"} <= watch.frames
    assert {"MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE", "TYPING_START"} <= watch.frames


async def _look_around(bot: Any, guild_id: int, user_id: int) -> None:
    await bot.fetch_guild(guild_id)
    guild = bot.get_guild(guild_id)
    await guild.fetch_member(user_id)
    await guild.fetch_channels()
    await guild.fetch_roles()
    assert [one async for one in guild.fetch_members(limit=3)]
    assert [one async for one in bot.fetch_guilds()]
    channel = guild.text_channels[0]
    message = await channel.send("hi", embed=discord.Embed(title="x"))
    await message.edit(content="hello")
    assert [one async for one in channel.history(limit=5)]
    await channel.fetch_message(message.id)
    await message.delete()
    user = await bot.fetch_user(user_id)
    await user.send("in private")
    assert await bot.tree.fetch_commands()


async def test_every_refusal_is_as_discord_publishes_it(watch, emulated, raw: RawClient):
    commands = f"/applications/{emulated.world.bot.id}/commands"

    await raw.call("GET", "/users/@me", token="wrong")
    await raw.call("GET", "/gateway")
    await raw.call("GET", "/gateway/bot")
    await raw.call("GET", "/guilds/1")
    await raw.call("GET", f"{commands}/1")
    await emulated.faults.rate_limit()
    await raw.call("GET", "/users/@me")
    _, command, _ = await raw.call("POST", commands, {"name": "ping", "description": "Ping"})
    await raw.call("PATCH", f"{commands}/{command['id']}", {"description": "Pong"})
    await raw.call("GET", f"{commands}/{command['id']}")
    await raw.call("DELETE", f"{commands}/{command['id']}")
    socket = await raw.identify()
    await emulated.faults.invalid_session()
    await socket.until(9)

    assert {"9", "READY"} <= watch.frames


GUILD = {"id": "1", "unavailable": True}
PLAIN = {"name": "ping", "description": "Ping"}
COMMANDS = "/applications/{application_id}/commands"


@pytest.mark.parametrize(
    "said",
    [
        Exchange("GET", "/gateway", 200, None, {"url": 5}),
        Exchange("GET", "/gateway", 200, None, None),
        Exchange("GET", "/gateway", 202, None, {"url": "ws://x"}),
        Exchange("GET", "/users/@me", 401, None, {"message": "401: Unauthorized"}),
        Exchange("GET", "/users/@me", 404, None, {"message": "x", "code": "10013"}),
        Exchange("GET", "/users/@me", 429, None, {"message": "x", "code": 0, "global": False}),
        Exchange("GET", "/users/@me", 500, None, {"message": "x"}),
        Exchange("GET", "/no/such/route", 200, None, {}),
        Exchange("GET", "", 404, None, {"code": 0}),
        Exchange("POST", COMMANDS, 404, {**PLAIN, "type": "1"}, {"message": "x", "code": 0}),
        Exchange(
            "POST", COMMANDS, 400, None,
            {"message": "x", "code": 50035, "errors": {"name": {"_errors": [{"code": "X"}]}}},
        ),
        Exchange(
            "POST", COMMANDS, 400, None,
            {"message": "x", "code": 50035, "errors": {"name": ["wrong"]}},
        ),
        ("sent", {"t": "GUILD_DELETE", "s": 1, "op": 0, "d": {**GUILD, "id": 1}}),
        ("sent", {"t": "GUILD_DELETE", "s": None, "op": 0, "d": GUILD}),
        ("sent", {"t": "NO_SUCH_EVENT", "s": 1, "op": 0, "d": {}}),
        ("sent", {"t": None, "s": None, "op": 10, "d": {}}),
        ("received", {"op": 2, "d": {"token": "x", "intents": "all"}}),
        ("received", {"op": 99, "d": None}),
    ],
)  # fmt: skip
def test_what_discord_would_not_say_is_found(formats: Formats | None, said: Any):
    if formats is None:
        pytest.skip("npm install brings the formats")
    heard = Watch(formats)

    heard.exchange(said) if isinstance(said, Exchange) else heard.frame(*said)

    assert len(heard.faults()) == 1


def test_what_discord_does_say_is_no_fault(formats: Formats | None):
    if formats is None:
        pytest.skip("npm install brings the formats")
    heard = Watch(formats)

    heard.exchange(Exchange("POST", COMMANDS, 400, {"name": 5}, {"message": "x", "code": 50035}))
    heard.exchange(Exchange("GET", "", 404, None, {"message": "404: Not Found", "code": 0}))
    heard.frame("sent", {"t": "GUILD_DELETE", "s": 1, "op": 0, "d": GUILD})

    assert heard.faults() == []
