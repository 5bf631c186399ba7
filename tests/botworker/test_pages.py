"""Lists of several pages: who turns them, what they show, and how they end."""

import re

import pytest
from django.utils import timezone

from botworker.amounts import suggest
from botworker.database import in_database
from botworker.emulator.interactions import State
from dashboard.models import BotMode
from economy.history import history
from economy.services import claim_daily, transfer
from tests.botworker.running import database_away, events, eventually


def rich(member_id, name):
    claim_daily(request_id=f"claim {member_id}", member_id=member_id, member_name=name)


def people(number):
    for at in range(number):
        rich(1001 + at, f"member {at:02}")


def button(call, label):
    """The custom id of a button of the first answer, and whether it may be pressed."""
    (found,) = [
        item
        for row in call.original.components
        for item in row["components"]
        if item["label"] == label
    ]
    return found["custom_id"], not found.get("disabled")


@pytest.fixture
def leaderboard(emulated, guild, ada):
    async def call():
        interaction = await emulated.run_command("leaderboard", member=ada, guild=guild)
        await interaction.reply()
        return interaction

    return call


def shown(call):
    (embed,) = call.original.embeds
    return re.findall(r"^`[ \d]+` (.+) ·", embed["description"], re.M)


async def turn(emulated, call, label):
    custom_id, enabled = button(call, label)
    assert enabled
    await (await emulated.press(call, custom_id)).reply()


async def test_the_leaderboard_is_turned_to_its_end_and_back(bot, emulated, leaderboard):
    await in_database(people, 25)
    call = await leaderboard()
    assert shown(call) == [f"member {at:02}" for at in range(10)]
    assert not button(call, "Previous")[1]

    await turn(emulated, call, "Next")
    assert shown(call) == [f"member {at:02}" for at in range(10, 20)]
    await turn(emulated, call, "Next")
    assert shown(call) == [f"member {at:02}" for at in range(20, 25)]
    assert "`21`" in call.original.embeds[0]["description"]
    assert not button(call, "Next")[1]
    await turn(emulated, call, "Previous")
    assert shown(call) == [f"member {at:02}" for at in range(10, 20)]


async def test_a_list_of_one_page_has_no_buttons(bot, leaderboard):
    await in_database(people, 10)

    assert (await leaderboard()).original.components == []


async def test_only_the_caller_turns_the_pages(bot, emulated, leaderboard, juno):
    await in_database(people, 11)
    call = await leaderboard()

    press = await emulated.press(call, button(call, "Next")[0], member=juno)

    reply = await press.reply()
    assert reply.ephemeral
    assert "Only who called" in reply.text
    assert shown(call)[0] == "member 00"


async def test_no_page_is_turned_during_maintenance(bot, emulated, leaderboard):
    await in_database(people, 11)
    call = await leaderboard()
    await in_database(BotMode.objects.update_or_create, id=1, defaults={"maintenance": True})

    async def refused():  # the bot looks once a second
        label = next(name for name in ("Next", "Previous") if button(call, name)[1])
        press = await emulated.press(call, button(call, label)[0])
        return "maintenance" in (await press.reply()).text

    await eventually(refused)
    before = shown(call)
    assert await refused()
    assert shown(call) == before


async def test_buttons_nobody_presses_go_and_the_list_stays(start_bot, emulated, leaderboard):
    await start_bot(pages_seconds=0.2)
    await in_database(people, 11)

    call = await leaderboard()
    await call.edited(1)

    assert call.original.components == []
    assert shown(call)[0] == "member 00"


async def test_a_bot_that_stops_takes_its_buttons_along(bot, emulated, leaderboard):
    await in_database(people, 11)
    call = await leaderboard()

    await bot.stop()

    assert call.original.components == []


async def test_buttons_of_a_bot_that_was_killed_say_that_they_have_expired(
    start_bot, emulated, leaderboard
):
    first = await start_bot()
    await in_database(people, 11)
    call = await leaderboard()
    components = call.original.components
    await first.stop()
    call.original.components = components  # a killed one would not have taken them away
    await start_bot()

    press = await emulated.press(call, button(call, "Next")[0])

    reply = await press.reply()
    assert reply.ephemeral
    assert "expired" in reply.text


async def test_a_page_that_cannot_be_read_is_a_sentence_and_the_page_stays(
    bot, emulated, leaderboard
):
    await in_database(people, 11)
    call = await leaderboard()

    with database_away():
        press = await emulated.press(call, button(call, "Next")[0])
        await press.followup(0)

    assert "cannot be shown" in press.followups[0].content
    await turn(emulated, call, "Next")
    assert shown(call) == ["member 10"]


def movements(ada_id, juno_id, number):
    rich(ada_id, "ada")
    for at in range(number):
        transfer(
            request_id=str(at), sender_id=ada_id, receiver_id=juno_id, receiver_name="juno",
            amount=at + 1,
        )  # fmt: skip


async def test_history_is_for_the_caller_alone_the_latest_first_and_has_pages(
    bot, emulated, guild, ada, juno
):
    await in_database(movements, ada.id, juno.id, 12)

    call = await emulated.run_command("history", member=ada, guild=guild)
    reply = await call.reply()

    assert reply.ephemeral
    first, *_ = call.original.embeds[0]["description"].split("\n")
    assert "`-12` to juno" in first
    assert "32 coins" in first
    await turn(emulated, call, "Next")
    assert "daily claim" in call.original.embeds[0]["description"]


async def test_history_of_nobody_teaches(bot, emulated, guild, ada):
    call = await emulated.run_command("history", member=ada, guild=guild)

    assert "/daily" in (await call.reply()).text


@pytest.mark.django_db
def test_history_pages_by_entry_and_costs_the_same_however_long_it_is(
    django_assert_num_queries,
):
    movements(1001, 1002, 12)

    with django_assert_num_queries(2):
        first = history(1001, 5)
    rest = history(1001, 50, before=first[-1].entry_id)

    assert [line.amount for line in first] == [-12, -11, -10, -9, -8]
    assert [line.amount for line in rest] == [-7, -6, -5, -4, -3, -2, -1, 110]
    assert {line.other for line in first} == {1002}
    assert history(1002, 1)[0].other == 1001
    assert history(77777, 5) == []


async def test_amounts_are_suggested_from_what_the_member_has(bot, emulated, guild, ada, juno):
    await in_database(rich, ada.id, "ada")

    call = await emulated.autocomplete("transfer", "amount", "", member=ada, guild=guild)
    await call.acknowledged()

    assert [choice["value"] for choice in call.choices] == [10, 50, 55, 100, 110]
    assert call.choices[-1]["name"] == "110 coins (all you have)"


async def test_no_amount_is_suggested_without_a_database(bot, emulated, guild, ada):
    with database_away():
        call = await emulated.autocomplete("transfer", "amount", "1", member=ada, guild=guild)
        await call.acknowledged()

    assert call.choices == []


@pytest.mark.parametrize(
    ("balance", "typed", "amounts"),
    [
        (0, "", []),
        (1, "", [1]),
        (600, "5", [5, 50, 500]),
        (600, "601", []),
        (600, "x", []),
        (600, "9" * 400, []),
        (2**63 - 1, "900", [900, 2**53 - 1]),
    ],
)
def test_suggestions_begin_with_what_is_typed_and_can_be_paid(balance, typed, amounts):
    assert [amount for _, amount in suggest(balance, typed)] == amounts


async def test_one_ping_too_many_is_refused_with_the_time_of_the_next(bot, emulated, guild, ada):
    async def ping():
        call = await emulated.run_command("ping", member=ada, guild=guild)
        return await call.reply()

    for _ in range(5):
        assert "Pong" in (await ping()).text
    before = timezone.now().timestamp()

    reply = await ping()

    assert reply.ephemeral
    at = int(reply.text.split("<t:")[1].split(":R>")[0])
    assert before < at <= before + 11

    async def refused():
        return await events("bot.command_refused")

    assert "was too quick for /ping" in (await eventually(refused))[0].message


async def test_a_cooldown_is_of_one_member_alone(bot, emulated, guild, ada, juno):
    for _ in range(6):
        await (await emulated.run_command("ping", member=ada, guild=guild)).reply()

    call = await emulated.run_command("ping", member=juno, guild=guild)

    assert "Pong" in (await call.reply()).text


async def test_transfer_is_not_offered_in_direct_messages_and_refused_when_forged(
    bot, emulated, guild, ada, juno
):
    options = {"member": juno, "amount": 5}
    command = emulated.commands.find("transfer", None)
    assert command["contexts"] == [0]
    command["contexts"] = [0, 1]  # what a client that was tampered with pretends

    call = await emulated.run_command("transfer", member=ada, direct=True, options=options)

    reply = await call.reply()
    assert reply.ephemeral
    assert "server" in reply.text
    assert call.state is State.ANSWERED
