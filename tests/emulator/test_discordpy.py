"""What the real discord.py sees of the emulated Discord."""

import asyncio

import discord
import pytest

from botworker.emulator import EmulatedDiscord, InteractionFailed, Limits, NotCallable, State
from tests.emulator.conftest import Start
from tests.emulator.smallbot import SmallShardedBot


async def test_a_bot_logs_in_and_sees_every_guild_with_its_channels(emulated, start: Start):
    bot = await start()

    assert {guild.id for guild in bot.guilds} == set(emulated.world.guilds)
    assert all(len(guild.text_channels) == 3 for guild in bot.guilds)
    assert emulated.unknown_routes == []


async def test_a_reply_shows_content_embed_flags_and_mentions_as_the_member_reads_them(
    emulated, start: Start
):
    await start()
    guild = next(iter(emulated.world.guilds.values()))
    anna, bert = guild.people[:2]

    call = await emulated.run_command(
        "hello", member=anna, guild=guild, options={"who": bert, "times": 3}
    )
    reply = await call.reply()

    assert reply.content == f"hello <@{bert.id}> @everyone"
    assert reply.embeds[0]["title"] == "Hello"
    assert reply.embeds[0]["description"] == "xxx"
    assert reply.ephemeral
    assert not reply.deferred
    assert reply.mentions == []
    assert not reply.mention_everyone
    assert (await call.followup()).content == "and more"


async def test_a_deferred_reply_tells_when_it_was_acknowledged_and_when_it_could_be_read(
    emulated, start: Start
):
    await start()

    reply = await (await emulated.run_command("slow")).reply()

    assert (reply.content, reply.deferred, reply.ephemeral) == ("done", True, True)
    assert reply.acknowledged_seconds < reply.seconds


async def test_a_command_nobody_answers_fails_for_the_member(start: Start, monkeypatch):
    async with EmulatedDiscord(limits=Limits(response_seconds=0.2)) as hasty:
        monkeypatch.setattr(discord.http.Route, "BASE", hasty.api_url)
        bot = await _on(hasty, start, monkeypatch)
        call = await hasty.run_command("silent")

        with pytest.raises(InteractionFailed):
            await call.reply()
        assert hasty.interactions.failed == [call]
        await bot.close()


async def test_an_answer_after_the_deadline_is_refused_with_10062(start: Start, monkeypatch):
    async with EmulatedDiscord(limits=Limits(response_seconds=0.1)) as hasty:
        bot = await _on(hasty, start, monkeypatch)
        call = await hasty.run_command("late")
        with pytest.raises(InteractionFailed):
            await call.reply()

        bot.go_on.set()
        await asyncio.wait_for(bot.failed.wait(), 5)

        assert (bot.errors[0].status, bot.errors[0].code) == (404, 10062)
        await bot.close()


async def test_a_second_answer_to_an_interaction_is_refused_with_40060(emulated, start: Start):
    bot = await start()

    call = await emulated.run_command("twice")
    await asyncio.wait_for(bot.failed.wait(), 5)

    assert (bot.errors[0].status, bot.errors[0].code) == (400, 40060)
    assert (await call.reply()).content == "one"


async def test_pressing_a_button_changes_the_message_it_sits_on(emulated, start: Start):
    await start()
    call = await emulated.run_command("buttons")
    assert (await call.reply()).content == "page 1"

    pressed = await emulated.press(call, "next")

    assert (await pressed.reply()).content == "page 2"
    chosen = await emulated.press(call, "choose", values=["b"])
    assert (await chosen.reply()).content == "chose b"
    with pytest.raises(NotCallable):
        await emulated.press(call, "no such button")


async def test_a_form_is_shown_and_its_values_arrive(emulated, start: Start):
    await start()
    call = await emulated.run_command("form")
    assert (await call.reply()).modal["title"] == "A form"

    sent = await emulated.submit(call, {"wish": "rain"})

    assert (await sent.reply()).content == "wished rain"


async def test_typing_into_an_option_offers_choices(emulated, start: Start):
    await start()

    typed = await emulated.autocomplete("look", "word", "ab")
    await typed.acknowledged()

    assert typed.choices == [{"name": "ab!", "value": "ab"}]


async def test_a_sub_command_is_called_by_its_full_name(emulated, start: Start):
    await start()

    call = await emulated.run_command("config set", options={"number": 4})

    assert (await call.reply()).content == "set to 4"


async def test_a_member_can_call_a_command_in_direct_messages(emulated, start: Start):
    await start()

    call = await emulated.run_command("slow", direct=True)

    assert (await call.reply()).content == "done"
    assert call.guild is None


async def test_latency_is_the_delay_of_the_ack(start: Start, monkeypatch):
    async with EmulatedDiscord(limits=Limits(heartbeat_seconds=1)) as slow:
        await slow.faults.ack_delay(0.12)
        bot = await _on(slow, start, monkeypatch)

        await slow.wait_until(lambda: slow.gateway.heartbeats >= 2)  # the first was acknowledged

        assert 0.12 <= bot.latency < 0.6
        await bot.close()


async def test_requesting_members_brings_them_all(emulated, start: Start):
    intents = discord.Intents(guilds=True, members=True)

    bot = await start(intents=intents)

    for guild in bot.guilds:
        assert {member.id for member in guild.members} == set(
            emulated.world.guilds[guild.id].members
        )


async def test_each_shard_sees_its_own_guilds_and_all_interactions_arrive(emulated, start: Start):
    bot = await start(SmallShardedBot, shard_count=2)

    assert {guild.shard_id for guild in bot.guilds} == {0, 1}
    assert all(guild.shard_id == (guild.id >> 22) % 2 for guild in bot.guilds)
    for guild in emulated.world.guilds.values():
        call = await emulated.run_command("slow", guild=guild)
        assert (await call.reply()).content == "done"


async def test_a_wrong_token_is_refused_at_login(emulated, monkeypatch):
    monkeypatch.setattr(discord.http.Route, "BASE", emulated.api_url)
    async with discord.Client(intents=discord.Intents.none()) as client:
        with pytest.raises(discord.LoginFailure):
            await client.login("MTE4.wrong.token")


async def test_an_interaction_can_be_sent_anew_under_the_same_id(emulated, start: Start):
    await start()
    first = await emulated.run_command("slow")
    await first.reply()

    again = await emulated.run_command("slow", interaction_id=first.id)

    assert (await again.reply()).content == "done"
    assert again.id == first.id
    assert again.token != first.token
    assert again.state is State.ANSWERED


async def _on(emulated: EmulatedDiscord, start: Start, monkeypatch: pytest.MonkeyPatch):
    """A bot on another emulated Discord than the fixture's."""
    import yarl
    from discord.gateway import DiscordWebSocket

    monkeypatch.setattr(discord.http.Route, "BASE", emulated.api_url)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(emulated.gateway_url))
    return await start()
