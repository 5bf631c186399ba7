"""The connection of one shard, as we know it ourselves: `is_ready()` stays true in an outage."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from dashboard.models import Level

# In discord.py 2.7.1 an ACK that overtakes the keep-alive thread is measured against the heartbeat
# before: the figure is one interval plus next to nothing (fixed upstream in #10448).
OVERTAKEN_SECONDS = 0.05


class Pulse(NamedTuple):
    """What discord.py measured last; times are those of `time.perf_counter()`.

    `seconds` is infinite and `answered_at` the time of connecting until the first ACK came.
    """

    answered_at: float
    seconds: float
    interval: float


class Turn(NamedTuple):
    """A change of the connection, as it gets into the log."""

    kind: str
    level: Level
    message: str
    data: dict[str, Any]


@dataclass
class ShardLink:
    """Turns what discord.py reports, perhaps repeatedly, into one turn for each real change."""

    id: int
    state: str = "connecting"
    settled: bool = False
    latency_ms: float | None = None
    last_ack: float | None = None
    _identified_at: float = 0.0
    _lost_at: float | None = None
    _asked: bool = False

    @property
    def connected(self) -> bool:
        """Tell whether heartbeats of an open connection are being answered."""
        return self.state == "connected"

    def identified(self, now: float) -> Turn | None:
        """A new session began; its guilds are not all known before `ready`."""
        self._identified_at, self.settled, self._asked = now, False, False
        return self._came_back("gateway.connected", Level.SUCCESS, "connected", now)

    def resumed(self, now: float) -> Turn | None:
        """The session before goes on."""
        return self._came_back("gateway.resumed", Level.INFO, "resumed", now)

    def ready(self) -> None:
        """All guilds of the session are known."""
        self.settled = True

    def lost(self, now: float) -> Turn | None:
        """The connection ended; discord.py says so again at each failing attempt."""
        self.latency_ms = self.last_ack = None
        if self.state in {"connecting", "disconnected"}:
            return None
        self.state, self._lost_at = "disconnected", now
        return self._turn("gateway.disconnected", Level.WARN, "lost its connection to Discord")

    def observe(self, pulse: Pulse | None, now: float) -> Turn | None:
        """Take the newest measurement, and notice when heartbeats are no longer answered."""
        if pulse is None or self.state not in {"connected", "silent"}:
            return None
        sent_at = pulse.answered_at - pulse.seconds
        overtaken = 0 <= pulse.seconds - pulse.interval < OVERTAKEN_SECONDS
        if pulse.seconds != float("inf"):
            self.last_ack = pulse.answered_at
            # discord.py sleeps up to 5 s while it identifies, and reads that first ACK so much late
            if sent_at > self._identified_at and not overtaken:
                self.latency_ms = round(pulse.seconds * 1000, 1)
        age = now - pulse.answered_at
        if self.connected and age > 1.5 * pulse.interval + 1:
            self.state, self.latency_ms = "silent", None
            message = f"got no answer to its heartbeat for {age:.0f} s"
            return self._turn("gateway.heartbeat_missed", Level.WARN, message, age)
        if self.state == "silent":
            if age <= pulse.interval:
                self.state = "connected"
                return self._turn("gateway.heartbeat_answered", Level.INFO, "answers again")
            self.latency_ms = None
        return None

    def is_dead(self, pulse: Pulse | None, now: float) -> bool:
        """Tell whether to give the connection up, as Discord asks when an ACK stays away."""
        if pulse is None or self.state != "silent":
            return False
        return now - pulse.answered_at > 2 * pulse.interval + 2

    def wants_measurement(self, pulse: Pulse | None) -> bool:
        """Tell, once a session, that its first figure was no measurement and a heartbeat is due.

        The next one by itself comes 41 s later: too long to know nothing.
        """
        if self._asked or not self.connected or self.latency_ms is not None or pulse is None:
            return False
        self._asked = pulse.seconds != float("inf")
        return self._asked

    def describe(self, guilds: int, now: float) -> dict[str, Any]:
        """Return the shard as `docs/wire.md` has it; null is what is not known."""
        known = self.connected or self.state == "silent"
        ack_age = round(now - self.last_ack, 1) if self.last_ack is not None and known else None
        return {
            "id": self.id,
            "state": self.state,
            "latencyMs": self.latency_ms if self.connected else None,
            "lastAckSeconds": ack_age,
            "guilds": guilds if self.connected and self.settled else None,
        }

    def _came_back(self, kind: str, level: Level, verb: str, now: float) -> Turn | None:
        if self.connected and kind == "gateway.resumed":
            return None
        away = None if self._lost_at is None else now - self._lost_at
        self.state, self._lost_at = "connected", None
        self.latency_ms = self.last_ack = None
        return self._turn(kind, level, verb + (f" after {away:.1f} s" if away else ""), away)

    def _turn(self, kind: str, level: Level, what: str, seconds: float | None = None) -> Turn:
        data = {"shard": self.id} | ({} if seconds is None else {"seconds": round(seconds, 2)})
        return Turn(kind, level, f"Shard {self.id} {what}", data)
