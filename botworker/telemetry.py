"""What the bot reports about itself, for as long as it lives."""

from datetime import datetime

from botworker.cogs.gateway import Gateway
from botworker.database import in_database, reporting
from botworker.options import BotOptions
from botworker.ticking import every
from botworker.vitals import memory_bytes, ping_database
from dashboard import services

WATCH_SECONDS = 0.25


class Telemetry:
    """Heartbeats and samples of one process. Either goes on when the other, or a write, fails."""

    def __init__(self, options: BotOptions, gateway: Gateway, started_at: datetime) -> None:
        self._options = options
        self._gateway = gateway
        self._started_at = started_at
        self._told: int | None = None  # of the gateway's turns

    async def run_heartbeats(self) -> None:
        """Beat for ever, and at once when the connection changes."""
        await every(self._options.heartbeat_seconds, self.beat, wake=self._gateway.changed)

    async def run_watch(self) -> None:
        """Look at the connection for ever: Discord's silence is no event of its own."""
        await every(WATCH_SECONDS, self._gateway.look)

    async def run_samples(self) -> None:
        """Sample for ever."""
        await every(self._options.sample_seconds, self.sample, at_once=False)

    async def beat(self) -> None:
        """Write how things are."""
        turns, now = self._gateway.turns, self._gateway.snapshot()

        def write() -> None:
            services.record_heartbeat(
                name=self._options.name,
                started_at=self._started_at,
                emulated=self._options.emulated,
                connected=now.connected,
                latency_ms=now.latency_ms,
                guilds=now.guilds,
                members=now.members,
                shards=now.shards,
                memory_bytes=memory_bytes(),
                database_ms=ping_database(),
            )
            if turns != self._told:
                services.tell_at_once()

        await reporting(write)
        self._told = turns

    async def say_goodbye(self) -> None:
        """Write that this run has ended, whatever it still had to report."""
        await in_database(services.mark_stopped, self._options.name, started_at=self._started_at)

    async def sample(self) -> None:
        """Keep how things are, for the trends."""
        now = self._gateway.snapshot()

        def write() -> None:
            services.record_sample(
                name=self._options.name,
                latency_ms=now.latency_ms,
                guilds=now.guilds,
                members=now.members,
                memory_bytes=memory_bytes(),
                database_ms=ping_database(),
            )

        await reporting(write)
