"""The discord.py client, put together: intents, shards, commands, and where Discord is."""

import asyncio
from http.client import UNAUTHORIZED
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeAlias

import aiohttp
import discord
import yarl
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from botworker.callback import forget_lately
from botworker.cogs import economy, health
from botworker.cogs.gateway import Gateway
from botworker.options import BotOptions
from botworker.paging import PAGES_SECONDS, Paging
from botworker.tree import OutcomeTree

IDENTIFY_SECONDS = 5.0
"""Discord lets one shard of each key identify in that time; `max_concurrency` is how many keys."""


class ShardedBot(commands.AutoShardedBot):
    """Identifies its shards as quickly as Discord lets this bot, instead of always one in 5 s."""

    _keys = 1

    async def setup_hook(self) -> None:
        """Ask how many shards may identify together. Raises what `login` may raise."""
        self._keys = (await self.fetch_session_start_limits()).max_concurrency
        self._identified_at: dict[int, float] = {}
        self._met: set[int] = set()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Wait for the turn of a shard; as long as ever for one whose session Discord refused."""
        loop, shard = asyncio.get_running_loop(), shard_id or 0
        key = shard % self._keys
        due = self._identified_at.get(key, float("-inf")) + IDENTIFY_SECONDS
        if shard in self._met:
            due = loop.time() + IDENTIFY_SECONDS
        self._met.add(shard)
        await asyncio.sleep(due - loop.time())
        self._identified_at[key] = loop.time()


Bot: TypeAlias = commands.Bot | ShardedBot


def point_at(options: BotOptions) -> None:
    """Let every client of this process talk to the Discord of `options`.

    The settings have refused any host but Discord's and this machine: the token goes there.
    """
    # What a bot without voice need not be told at each start.
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    Route.BASE = options.api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(options.gateway_url)


def build(options: BotOptions) -> Bot:
    """Return a client that knows only guilds, pings nobody, and has no commands yet.

    It dispatches `token_refused` when Discord no longer accepts the token of a request.
    """
    forget_lately()
    connector = None
    if options.trusted is not None:
        connector = aiohttp.TCPConnector(ssl=options.trusted, limit=0)
    trace = aiohttp.TraceConfig()
    settings: dict[str, Any] = {
        "help_command": None,
        "tree_cls": OutcomeTree,
        "intents": discord.Intents(guilds=True),
        "allowed_mentions": discord.AllowedMentions.none(),
        "max_messages": None,
        "guild_ready_timeout": options.guild_ready_seconds,
        "connector": connector,
        "http_trace": trace,
    }
    client: Bot
    if options.shards is None:
        client = commands.Bot(commands.when_mentioned, **settings)
    else:
        own, total = range(options.shards.first, options.shards.last + 1), options.shards.total
        client = ShardedBot(
            commands.when_mentioned, shard_ids=list(own), shard_count=total, **settings
        )

    async def on_request_end(
        session: aiohttp.ClientSession, _: SimpleNamespace, ended: aiohttp.TraceRequestEndParams
    ) -> None:
        # Answers to interactions bear a token of their own, in their path.
        if ended.response.status == UNAUTHORIZED and "Authorization" in ended.headers:
            client.dispatch("token_refused")

    trace.on_request_end.append(on_request_end)
    return client


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
    tree = tree_of(client)
    made = Made(Gateway(client, tree.recorder), Paging(tree.busy, pages_seconds), [])
    made.cogs.extend(made.anew())
    for cog in (made.gateway, made.paging, *made.cogs):
        await client.add_cog(cog)
    return made
