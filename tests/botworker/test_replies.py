"""The words."""

import inspect
import re

import pytest
from discord import app_commands

from botworker import replies
from economy import errors, services
from economy.queries import Standing

PROMISED = {
    name
    for service in (services.claim_daily, services.transfer)
    for name in re.findall(r"`([A-Z]\w+)`", inspect.getdoc(service) or "")
}


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_every_refusal_that_a_service_promises_has_words(name):
    assert getattr(errors, name) in replies._REFUSALS


def test_a_refused_transfer_says_what_there_is_and_what_it_needs():
    error = errors.InsufficientFunds(balance=12, needed=500)

    assert replies.refusal(error).text == "You have **12 coins**; that needs **500 coins**."
    assert (
        replies.reason(error, member="juno", command="/transfer")
        == "juno has 12 coins, /transfer needs 500"
    )


def test_a_refusal_is_for_the_member_alone():
    assert replies.refusal(errors.SelfTransfer(member_id=1)).private


def test_a_name_with_braces_is_no_template():
    error = errors.SelfTransfer(member_id=1)

    assert "{e.member_id}" in replies.reason(error, member="{e.member_id}", command="/transfer")


def test_an_unknown_refusal_has_words_too():
    error = app_commands.CheckFailure("secret detail")

    assert "secret" not in replies.refusal(error).text
    assert "secret" not in replies.reason(error, member="ada", command="/daily")


def test_the_name_of_a_leader_is_text_and_not_markup():
    embed = replies.leaderboard([Standing(1001, "**@everyone** _x_", 5)])

    assert r"\*\*@everyone\*\*" in (embed.description or "")


@pytest.mark.parametrize(
    "name", ["<@1001>", "<@!1001>", "<@&1001>", "<#1001>", "</daily:1001>", "<t:1:R>", "<:x:1001>"]
)
def test_the_name_of_a_leader_shows_nobody_else(name):
    text = replies.leaderboard([Standing(1001, name, 5)]).description or ""

    assert text.replace(r"\<", "").count("<") == 0
    assert text.count(r"\<") == 1


def test_an_empty_leaderboard_teaches():
    assert "/daily" in str(replies.leaderboard([]).description)


def test_a_latency_that_is_not_known_is_not_invented():
    assert "not measured yet" in replies.pong(None).text
