"""The discord.py client, put together: intents, shards, commands, and where Discord is."""

from typing import TypeAlias

import discord
import yarl
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from botworker.cogs.economy import Economy
from botworker.cogs.gateway import Gateway
from botworker.cogs.health import Health
from botworker.options import BotOptions
from botworker.paging import PAGES_SECONDS
from botworker.tree import OutcomeTree

Bot: TypeAlias = commands.Bot | commands.AutoShardedBot


def point_at(options: BotOptions) -> None:
    """Let every client of this process talk to the Discord of `options`.

    The settings have refused any host but Discord's and this machine: the token goes there.
    """
    # What a bot without voice need not be told at each start.
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    Route.BASE = options.api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(options.gateway_url)


def build(options: BotOptions) -> Bot:
    """Return a client that knows only guilds, pings nobody, and has no commands yet."""
    intents = discord.Intents(guilds=True)
    mentions = discord.AllowedMentions.none()
    if options.shards is None:
        return commands.Bot(
            commands.when_mentioned,
            help_command=None,
            tree_cls=OutcomeTree,
            intents=intents,
            allowed_mentions=mentions,
            max_messages=None,
            guild_ready_timeout=options.guild_ready_seconds,
        )
    return commands.AutoShardedBot(
        commands.when_mentioned,
        help_command=None,
        tree_cls=OutcomeTree,
        intents=intents,
        allowed_mentions=mentions,
        max_messages=None,
        guild_ready_timeout=options.guild_ready_seconds,
        shard_ids=list(range(options.shards.first, options.shards.last + 1)),
        shard_count=options.shards.total,
    )


def tree_of(client: Bot) -> OutcomeTree:
    """Return the client's commands."""
    tree = client.tree
    assert isinstance(tree, OutcomeTree)  # noqa: S101
    return tree


async def install(client: Bot, pages_seconds: float = PAGES_SECONDS) -> Gateway:
    """Add the cogs, and return the one that watches the connection."""
    gateway = Gateway(client, tree_of(client).recorder)
    await client.add_cog(gateway)
    await client.add_cog(Health(gateway))
    await client.add_cog(Economy(pages_seconds))
    return gateway
