"""The discord.py client, put together: intents, shards, commands, and where Discord is."""

from typing import NamedTuple, TypeAlias

import aiohttp
import discord
import yarl
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from botworker.cogs import economy, health
from botworker.cogs.gateway import Gateway
from botworker.options import BotOptions
from botworker.paging import PAGES_SECONDS, Paging
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
    connector = None
    if options.trusted is not None:
        connector = aiohttp.TCPConnector(ssl=options.trusted, limit=0)
    if options.shards is None:
        return commands.Bot(
            commands.when_mentioned,
            help_command=None,
            tree_cls=OutcomeTree,
            intents=intents,
            allowed_mentions=mentions,
            max_messages=None,
            guild_ready_timeout=options.guild_ready_seconds,
            connector=connector,
        )
    return commands.AutoShardedBot(
        commands.when_mentioned,
        help_command=None,
        tree_cls=OutcomeTree,
        intents=intents,
        allowed_mentions=mentions,
        max_messages=None,
        guild_ready_timeout=options.guild_ready_seconds,
        connector=connector,
        shard_ids=list(range(options.shards.first, options.shards.last + 1)),
        shard_count=options.shards.total,
    )


def tree_of(client: Bot) -> OutcomeTree:
    """Return the client's commands."""
    tree = client.tree
    assert isinstance(tree, OutcomeTree)  # noqa: S101
    return tree


class Made(NamedTuple):
    """What a client was given."""

    gateway: Gateway
    paging: Paging
    cogs: list[commands.Cog]
    """Those with commands."""

    def anew(self) -> list[commands.Cog]:
        """Return the cogs with commands, as their modules have them now."""
        return [health.Health(self.gateway), economy.Economy(self.paging)]


async def install(client: Bot, pages_seconds: float = PAGES_SECONDS) -> Made:
    """Add the cogs to a client: the one that watches the connection, and those with commands."""
    made = Made(Gateway(client, tree_of(client).recorder), Paging(pages_seconds), [])
    made.cogs.extend(made.anew())
    for cog in (made.gateway, made.paging, *made.cogs):
        await client.add_cog(cog)
    return made
