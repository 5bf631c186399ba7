"""Telling Discord our commands."""

import pytest
from discord import app_commands

from botworker.client import install, point_at
from botworker.database import in_database
from botworker.models import SyncedCommands
from botworker.options import BotOptions
from botworker.runner import log_in
from botworker.sync import digest_of, sync_if_changed, sync_if_different

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def client(emulated):
    """A client that is logged in, and not connected."""
    options = BotOptions(
        token=emulated.token, api_url=emulated.api_url, gateway_url=emulated.gateway_url
    )
    point_at(options)
    client = await log_in(options)
    await install(client)
    yield client
    await client.close()


async def test_commands_that_did_not_change_are_synced_once(client):
    first = await sync_if_changed(client.tree)
    second = await sync_if_changed(client.tree)

    assert (first, second) == (True, False)


async def test_a_changed_command_is_synced_again(client, emulated):
    await sync_if_changed(client.tree)
    client.tree.get_command("daily").description = "Another text."

    assert await sync_if_changed(client.tree)
    assert emulated.commands.find("daily", None)["description"] == "Another text."
    assert await in_database(SyncedCommands.objects.count) == 1


async def test_a_discord_that_shows_our_commands_is_told_nothing(client, emulated):
    first = await sync_if_different(client.tree)
    second = await sync_if_different(client.tree)

    assert (first, second) == (True, False)
    assert emulated.commands.syncs == 1


@pytest.mark.parametrize(
    "change",
    [
        {"description": "Another text."},
        {"default_member_permissions": "8"},
        {"options": [{"type": 3, "name": "note", "description": "A note."}]},
        {"nsfw": True},
    ],
)
async def test_a_discord_that_shows_another_command_is_told_ours(client, emulated, change):
    await sync_if_different(client.tree)
    daily = emulated.commands.find("daily", None)
    emulated.commands.edit(None, int(daily["id"]), change)

    assert await sync_if_different(client.tree)
    assert not await sync_if_different(client.tree)


async def test_a_discord_that_shows_one_command_more_is_told_ours(client, emulated):
    await sync_if_different(client.tree)
    emulated.commands.upsert(None, {"name": "roulette", "description": "Not ours."})

    assert await sync_if_different(client.tree)
    assert emulated.commands.find("roulette", None) is None


async def test_the_digest_does_not_depend_on_the_order_of_commands(client):
    before = digest_of(client.tree)

    daily = client.tree.remove_command("daily")
    client.tree.add_command(daily)

    assert digest_of(client.tree) == before


async def test_every_command_and_every_option_is_described(client):
    for command in client.tree.walk_commands():
        assert isinstance(command, app_commands.Command)
        assert command.description.endswith("."), command.name
        for option in command.parameters:
            assert option.description not in {"", "…"}, (command.name, option.name)


async def test_the_commands_are_those_of_the_game(client):
    names = {command.name for command in client.tree.get_commands()}

    assert names == {"balance", "daily", "history", "leaderboard", "ping", "transfer"}
