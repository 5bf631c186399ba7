"""The connection to Discord, watched: what it is now, and each change of it in the log."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Coroutine, Iterable
from typing import Any, NamedTuple

import discord
from discord.ext import commands

from botworker.recorder import Recorder
from botworker.records import Record
from botworker.shardlink import Pulse, ShardLink, Turn

logger = logging.getLogger(__name__)

GIVE_UP_CODE = 4000
LEAP_MS = 100.0


class Snapshot(NamedTuple):
    """What a heartbeat tells. Null is what is not known while some shard is not connected."""

    connected: bool
    latency_ms: float | None
    guilds: int | None
    members: int | None
    shards: list[dict[str, Any]]


class Gateway(commands.Cog):
    """Knows the links of this process's shards. `changed` is set at each turn of one.

    Somebody has to `look`, several times a second.
    """

    def __init__(self, client: discord.Client, recorder: Recorder) -> None:
        self._client = client
        self._recorder = recorder
        self._sharded = isinstance(client, discord.AutoShardedClient)
        self.links: dict[int, ShardLink] = {}
        self._meet_shards()
        self.member_counts: dict[int, int] = {}
        """Numbers of members that are newer than those discord.py knows."""
        self.changed = asyncio.Event()
        self.turns = 0
        """How often `changed` was set."""
        self._told_ms: float | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def settled(self) -> bool:
        """Tell whether every shard is connected and all its guilds are known."""
        links = self.links.values()
        return bool(links) and all(link.connected and link.settled for link in links)

    def members_of(self, guild: discord.Guild) -> int | None:
        """Return how many members a guild has, None where that was never told."""
        return self.member_counts.get(guild.id, guild.member_count)

    async def look(self) -> None:
        """Read the links as they are now, and act on those that need it: measure, or give up."""
        now = time.perf_counter()
        self._meet_shards()
        for link in self.links.values():
            pulse = pulse_of(self._client, link.id)
            self._record(link.observe(pulse, now))
            if link.is_dead(pulse, now):
                self._give_up(link)
            elif link.asks(pulse, now):
                self._measure(link)
        latency_ms = self._latency_ms()
        if _far_apart(latency_ms, self._told_ms):
            self._told_ms = latency_ms
            self._turn()

    def _latency_ms(self) -> float | None:
        links = self.links.values()
        latencies = [link.latency_ms for link in links if link.latency_ms is not None]
        connected = all(link.connected for link in links)
        return round(sum(latencies) / len(latencies), 1) if connected and latencies else None

    def snapshot(self) -> Snapshot:
        """Return how things were when last looked at."""
        now = time.perf_counter()
        self._meet_shards()
        links = self.links.values()
        connected = bool(links) and all(link.connected for link in links)
        settled = self.settled
        guilds = self._client.guilds
        per_shard = Counter(guild.shard_id for guild in guilds)
        return Snapshot(
            connected=connected,
            latency_ms=self._latency_ms(),
            guilds=len(guilds) if settled else None,
            members=sum(self.members_of(guild) or 0 for guild in guilds) if settled else None,
            shards=[link.describe(per_shard[link.id], now) for link in links],
        )

    def _meet_shards(self) -> None:
        """Have a link for each shard. Discord tells an automatic number when the client starts."""
        client = self._client
        ids: Iterable[int] = [client.shard_id or 0]
        if isinstance(client, discord.AutoShardedClient):
            ids = client.shard_ids or range(client.shard_count or 0)
        for shard_id in ids:
            if shard_id not in self.links:
                self.links[shard_id] = ShardLink(shard_id)

    def _record(self, turn: Turn | None) -> None:
        if turn is None:
            return
        self._turn()
        self._recorder.add(
            Record(kind=turn.kind, level=turn.level, message=turn.message, data=turn.data)
        )

    def _turn(self) -> None:
        self.turns += 1
        self.changed.set()

    def _give_up(self, link: ShardLink) -> None:
        # discord.py waits for any frame, not for the ACK: with busy guilds it would wait for ever.
        logger.warning("shard %d: heartbeats go unanswered, connecting anew", link.id)
        self._record(link.lost(time.perf_counter()))
        websocket = self._client._get_websocket(shard_id=link.id)
        self._start(websocket.close(GIVE_UP_CODE))

    def _measure(self, link: ShardLink) -> None:
        websocket = self._client._get_websocket(shard_id=link.id)
        if websocket._keep_alive is not None:
            self._start(websocket.send_heartbeat(websocket._keep_alive.beat()))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.info("the connection ended meanwhile (%s)", type(error).__name__)

    def _link(self, shard_id: int | None) -> ShardLink | None:
        """Return the link an event is about; None for the second telling of a sharded client."""
        if (shard_id is not None) != self._sharded:
            return None
        self._meet_shards()
        return self.links[(self._client.shard_id or 0) if shard_id is None else shard_id]

    # Unsharded and sharded clients tell the same by different events; sharded ones tell both.

    def _connect(self, shard_id: int | None) -> None:
        if link := self._link(shard_id):
            self._record(link.identified(time.perf_counter()))

    def _resumed(self, shard_id: int | None) -> None:
        if link := self._link(shard_id):
            self._record(link.resumed(time.perf_counter()))

    def _disconnect(self, shard_id: int | None) -> None:
        if link := self._link(shard_id):
            self._record(link.lost(time.perf_counter()))

    def _ready(self, shard_id: int | None) -> None:
        if link := self._link(shard_id):
            link.ready()
            self._turn()

    @commands.Cog.listener()
    async def on_connect(self) -> None:
        """READY came."""
        self._connect(None)

    @commands.Cog.listener()
    async def on_shard_connect(self, shard_id: int) -> None:
        """READY came."""
        self._connect(shard_id)

    @commands.Cog.listener()
    async def on_resumed(self) -> None:
        """RESUMED came."""
        self._resumed(None)

    @commands.Cog.listener()
    async def on_shard_resumed(self, shard_id: int) -> None:
        """RESUMED came."""
        self._resumed(shard_id)

    @commands.Cog.listener()
    async def on_disconnect(self) -> None:
        """The connection ended, or could not be made."""
        self._disconnect(None)

    @commands.Cog.listener()
    async def on_shard_disconnect(self, shard_id: int) -> None:
        """The connection ended, or could not be made."""
        self._disconnect(shard_id)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """All guilds are known."""
        self._ready(None)

    @commands.Cog.listener()
    async def on_shard_ready(self, shard_id: int) -> None:
        """All guilds are known."""
        self._ready(shard_id)


def _far_apart(now: float | None, before: float | None) -> bool:
    """Tell whether somebody who looks at the latency should not wait for the next heartbeat."""
    if now is None or before is None:
        return now is not before
    return abs(now - before) > max(LEAP_MS, before / 2)


def pulse_of(client: discord.Client, shard_id: int) -> Pulse | None:
    """Return what discord.py last measured on a shard; None before its first connection.

    Nothing public tells when the last ACK came; these names are those of discord.py 2.7.
    """
    try:
        websocket: discord.gateway.DiscordWebSocket | None = client._get_websocket(
            shard_id=shard_id
        )
    except KeyError:
        return None
    beat = websocket._keep_alive if websocket is not None else None
    if beat is None or beat.interval is None:
        return None
    return Pulse(answered_at=beat._last_ack, seconds=beat.latency, interval=beat.interval)
