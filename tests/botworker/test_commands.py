"""What a member reads and what gets into the log, from a slash command on the gateway."""

import pytest

from botworker.database import in_database
from economy.models import Account, Transaction
from economy.queries import balance
from tests.botworker.running import event, events

pytestmark = pytest.mark.usefixtures("bot")


@pytest.fixture
def call(emulated, guild):
    async def call(name, caller, **options):
        interaction = await emulated.run_command(name, member=caller, guild=guild, options=options)
        return await interaction.reply()

    return call


async def test_daily_pays_and_says_when_the_next_one_opens(call, ada):
    reply = await call("daily", ada)

    assert "110 coins" in reply.text
    assert "<t:" in reply.text
    assert ":R>" in reply.text
    assert not reply.ephemeral
    assert await in_database(balance, ada.id) == 110


async def test_a_second_daily_is_refused_to_the_member_alone(call, ada):
    await call("daily", ada)

    reply = await call("daily", ada)

    assert reply.ephemeral
    assert "already" in reply.text
    assert ":R>" in reply.text
    assert await in_database(balance, ada.id) == 110


async def test_a_completed_command_is_recorded_after_the_change_it_made(call, ada, guild):
    await call("daily", ada)

    completed = await event("bot.command_completed")
    (claimed,) = await events("economy.daily_claimed")
    assert claimed.seq < completed.seq
    assert claimed.request_id == completed.request_id
    assert completed.message == f"/daily for {ada.display_name}"
    assert completed.level == "info"
    assert (completed.actor_id, completed.actor_name) == (ada.id, ada.display_name)
    assert (completed.guild_id, completed.guild_name) == (guild.id, guild.name)
    assert completed.command == "daily"
    assert completed.duration_ms is not None
    assert 0 < completed.duration_ms < 5000


async def test_a_refused_command_says_why_in_the_log(call, ada, juno):
    await call("daily", ada)

    await call("transfer", ada, member=juno, amount=500)

    refused = await event("bot.command_refused")
    assert refused.message == f"Refused: {ada.display_name} has 110 coins, /transfer needs 500"
    assert refused.level == "info"
    assert refused.command == "transfer"
    assert refused.duration_ms is not None


async def test_transfer_moves_coins_and_pings_nobody(call, ada, juno):
    await call("daily", ada)

    reply = await call("transfer", ada, member=juno, amount=60)

    assert "60 coins" in reply.text
    assert "50 coins" in reply.text
    assert reply.mentions == []
    assert await in_database(balance, juno.id) == 60


@pytest.mark.parametrize("amount", [0, -1, -(2**53), 2**53 - 1, 2**63, 2**64])
async def test_an_impossible_amount_is_a_sentence_and_no_row(emulated, guild, ada, juno, amount):
    interaction = await emulated.run_command(
        "transfer",
        member=ada,
        guild=guild,
        options={"member": juno, "amount": amount},
        forged=True,
    )

    reply = await interaction.reply()

    assert reply.ephemeral
    assert reply.text.endswith(".")
    await event("bot.command_refused")
    assert await in_database(Transaction.objects.count) == 0
    assert await in_database(Account.objects.filter(system="").count) == 0


async def test_transfer_to_oneself_is_refused(call, ada):
    assert "yourself" in (await call("transfer", ada, member=ada, amount=1)).text


async def test_transfer_to_a_bot_is_refused(call, ada, emulated):
    reply = await call("transfer", ada, member=emulated.world.bot, amount=1)

    assert reply.ephemeral
    assert "Bots" in reply.text


async def test_balance_is_for_the_asker_alone(call, ada):
    reply = await call("balance", ada)

    assert reply.ephemeral
    assert "0 coins" in reply.text
    assert "/daily" in reply.text


async def test_balance_of_another_member_names_them(call, ada, juno):
    await call("daily", juno)

    reply = await call("balance", ada, member=juno)

    assert f"<@{juno.id}> has **110 coins**" in reply.text
    assert reply.mentions == []


async def test_the_leaderboard_lists_the_richest_first(call, ada, juno):
    await call("daily", ada)
    await call("daily", juno)
    await call("transfer", ada, member=juno, amount=10)

    reply = await call("leaderboard", ada)

    assert reply.text.index(juno.display_name) < reply.text.index(ada.display_name)


@pytest.mark.parametrize("name", ["@everyone", "@here", "<@{ada}>", "<@!{ada}>", "@here <@&{ada}>"])
async def test_no_answer_mentions_anybody_whatever_a_member_is_called(
    call, emulated, ada, juno, name
):
    """Names are what members can type and others read; every command, asked and refused."""
    juno.nick = name.format(ada=ada.id)

    asked = [
        ("daily", {}), ("daily", {}), ("balance", {"member": juno}), ("ping", {}),
        ("transfer", {"member": ada, "amount": 10}), ("transfer", {"member": ada, "amount": 500}),
        ("transfer", {"member": juno, "amount": 1}), ("leaderboard", {}), ("history", {}),
    ]  # fmt: skip
    known = {command["name"] for command in emulated.commands.everywhere()}
    assert {command for command, _ in asked} == known
    for command, options in asked:
        reply = await call(command, juno, **options)
        for part in (reply, *reply.edits, *reply.followups):
            assert not part.mention_everyone, command
            assert part.mentions == [], command


async def test_ping_answers_without_the_database(call, ada):
    reply = await call("ping", ada)

    assert "Pong" in reply.text


async def test_daily_works_in_direct_messages(emulated, ada):
    interaction = await emulated.run_command("daily", member=ada, direct=True)

    assert "110 coins" in (await interaction.reply()).text
    completed = await event("bot.command_completed")
    assert completed.guild_id is None
