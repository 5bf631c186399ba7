"""The guilds this process serves, told to the dashboard: at each new session and each change."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice

import discord
from discord.ext import commands
from django.utils import timezone

from botworker.answers import describe
from botworker.callback import UNREACHABLE
from botworker.cogs.gateway import Gateway
from botworker.database import reporting
from botworker.options import BotOptions
from botworker.ticking import every
from dashboard.services import GuildState, guild_left, guilds_left_since, record_guilds

logger = logging.getLogger(__name__)

BATCH_MAX_GUILDS = 200
"""How many are written at once: few enough that no command waits for them."""


class Guilds(commands.Cog):
    """Keeps the newest of each guild until it is written; a database that is away loses nothing.

    Discord tells how many members a guild has when a session begins, and later joins and leaves
    only to bots with the privileged intent. For the others `count` asks, now and then.
    """

    def __init__(self, client: discord.Client, gateway: Gateway, options: BotOptions) -> None:
        self._client = client
        self._gateway = gateway
        self._options = options
        self._told: dict[int, GuildState] = {}
        self._waiting: dict[int, GuildState | None] = {}
        self._all_since: datetime | None = None
        self._changed = asyncio.Event()

    async def run_telling(self) -> None:
        """Write what changed, for ever; try again a heartbeat later when that fails."""
        await every(self._options.heartbeat_seconds, self.tell, wake=self._changed)

    async def run_refreshing(self) -> None:
        """Look for what changed without an event of its own, for ever."""
        await every(self._options.sample_seconds, self.refresh, at_once=False)

    async def run_counting(self) -> None:
        """Ask Discord for the numbers of members, for ever."""
        await every(self._options.count_seconds, self.count, at_once=False)

    async def tell(self) -> None:
        """Write what waits to be written. Raises what the database raises."""
        while self._waiting:
            batch = dict(islice(self._waiting.items(), BATCH_MAX_GUILDS))
            await reporting(_write, batch, self._options.name)
            for guild_id, state in batch.items():
                if self._waiting[guild_id] is state:  # else it changed again meanwhile
                    del self._waiting[guild_id]
        if self._all_since is not None:
            since = self._all_since
            await reporting(guilds_left_since, since, bot=self._options.name)
            if self._all_since == since:
                self._all_since = None

    async def refresh(self) -> None:
        """Note the guilds that are not as they were told."""
        if self._gateway.settled:
            for guild in self._client.guilds:
                if self._state(guild) != self._told.get(guild.id):
                    self._note(guild)

    async def count(self) -> None:
        """Ask how many members the guilds have: one request for 200 of them."""
        if self._client.intents.members or not self._gateway.settled:
            return
        try:
            async for found in self._client.fetch_guilds(limit=None, with_counts=True):
                if (guild := self._client.get_guild(found.id)) and found.approximate_member_count:
                    self._gateway.member_counts[guild.id] = found.approximate_member_count
        except (discord.HTTPException, *UNREACHABLE) as error:
            logger.warning("cannot count the members of guilds (%s)", describe(error))
        await self.refresh()

    def forget(self) -> int:
        """Tell every guild anew, with the number of members Discord told last; return how many."""
        self._gateway.member_counts.clear()
        for guild in self._client.guilds:
            self._note(guild)
        return len(self._client.guilds)

    def _state(self, guild: discord.Guild) -> GuildState:
        if guild.unavailable:
            return GuildState(guild.id, guild.name, available=False)
        me: discord.Member | None = guild.me  # not there before the guild is
        joined_at = me.joined_at if me is not None else None
        return GuildState(
            guild.id, guild.name, self._gateway.members_of(guild), joined_at=joined_at
        )

    def _note(self, guild: discord.Guild) -> None:
        self._told[guild.id] = self._waiting[guild.id] = self._state(guild)
        self._changed.set()

    def _meet(self, guilds: Iterable[discord.Guild]) -> None:
        """Tell the guilds of a new session; all there are, once the last shard is there.

        Those that were left while nobody listened are known by not being told.
        """
        settled = self._gateway.settled
        for guild in self._client.guilds if settled else guilds:
            self._gateway.member_counts.pop(guild.id, None)
            self._note(guild)
        if settled:
            self._all_since = timezone.now()
            self._changed.set()

    # Unsharded and sharded clients tell the same by different events; sharded ones tell both.

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """All guilds are known."""
        if not isinstance(self._client, discord.AutoShardedClient):
            self._meet(self._client.guilds)

    @commands.Cog.listener()
    async def on_shard_ready(self, shard_id: int) -> None:
        """All guilds of a shard are known."""
        self._meet([guild for guild in self._client.guilds if guild.shard_id == shard_id])

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """The bot was added to a guild."""
        self._note(guild)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """A guild is back from an outage, with the number of its members."""
        self._gateway.member_counts.pop(guild.id, None)
        self._note(guild)

    @commands.Cog.listener()
    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        """A guild has an outage."""
        self._note(guild)

    @commands.Cog.listener()
    async def on_guild_update(self, before: discord.Guild, after: discord.Guild) -> None:
        """A guild changed, perhaps its name."""
        if self._state(after) != self._told.get(after.id):
            self._note(after)

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was removed from a guild."""
        self._told.pop(guild.id, None)
        self._gateway.member_counts.pop(guild.id, None)
        self._waiting[guild.id] = None
        self._changed.set()


def _write(batch: Mapping[int, GuildState | None], bot: str) -> None:
    record_guilds([state for state in batch.values() if state is not None], bot=bot)
    for guild_id, state in batch.items():
        if state is None:
            guild_left(guild_id)
