"""Every body and frame, held against Discord's published formats."""

import os
from pathlib import Path
from typing import Any

import discord
import pytest

from botworker.emulator.rest import Exchange
from tests.emulator import formats as published
from tests.emulator.conftest import Start
from tests.emulator.formats import Formats
from tests.emulator.raw import RawClient

# Where discord.py 2.7.1 sends a number for the text of an id (Discord takes both), and where the
# types know no data though Discord sends a trace, and discord.py needs some.
QUIRKS = (
    "received 8: d: {'guild_id': ",
    "POST /users/@me/channels request: recipient_id:",
    "sent RESUMED: d: {'_trace':",
)


@pytest.fixture(scope="module")
def formats(tmp_path_factory: pytest.TempPathFactory) -> Formats:
    node_modules = Path(os.environ.get("NODE_MODULES", published.ROOT / "node_modules"))
    if absent := published.missing(node_modules):
        reason = f"npm install brings {', '.join(absent)}"
        if os.environ.get("REQUIRE_FORMATS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return Formats(tmp_path_factory.mktemp("formats"), node_modules)


class Watch:
    """Everything that was said, and what was wrong with it."""

    def __init__(self, emulated: Any, formats: Formats) -> None:
        self.faults: set[str] = set()
        self.frames: set[str] = set()
        self.routes: set[str] = set()
        self._formats = formats
        emulated.rest.recorder = self.exchange
        emulated.gateway.recorder = self.frame

    def exchange(self, one: Exchange) -> None:
        self.routes.add(f"{one.method} {one.template}")
        if one.request is not None and one.status < 400:
            self._note(self._formats.faults_of_request(one.method, one.template, one.request))
        if one.response is not None and one.status != 400:
            self._note(
                self._formats.faults_of_response(one.method, one.template, one.status, one.response)
            )

    def frame(self, direction: str, frame: dict[str, Any]) -> None:
        self.frames.add(frame.get("t") or str(frame["op"]))
        self._note(self._formats.faults_of_frame(direction, frame))

    def _note(self, fault: str | None) -> None:
        if fault is not None and not fault.startswith(QUIRKS):
            self.faults.add(fault)


async def test_everything_said_to_and_by_discordpy_is_as_discord_publishes_it(
    formats, emulated, start: Start
):
    watch = Watch(emulated, formats)
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

    assert watch.faults == set()
    assert {"READY", "GUILD_CREATE", "INTERACTION_CREATE", "RESUMED", "7"} <= watch.frames
    assert {"GUILD_MEMBERS_CHUNK", "GUILD_DELETE", "GUILD_MEMBER_ADD"} <= watch.frames
    assert len(watch.routes) >= 20


async def test_messages_webhooks_reactions_and_menus_are_as_discord_publishes_them(
    formats, emulated, start: Start
):
    watch = Watch(emulated, formats)
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

    assert watch.faults == set()
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


async def test_every_refusal_is_as_discord_publishes_it(formats, emulated, raw: RawClient):
    watch = Watch(emulated, formats)
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

    assert watch.faults == set()
