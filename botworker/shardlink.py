"""The connection of one shard, as we know it ourselves: `is_ready()` stays true in an outage."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from dashboard.models import Level

# In discord.py 2.7.1 an ACK that overtakes the keep-alive thread is measured against the heartbeat
# before: the figure is one interval plus next to nothing (fixed upstream in #10448).
OVERTAKEN_SECONDS = 0.05

# Discord's own heartbeat comes every 41 s: too seldom for a page that has to say within seconds
# what is wrong. So there is one of ours in between, far below the 120 payloads a minute.
ASK_SECONDS = 2.0
ASK_AGAIN_SECONDS = 4.0
SILENT_SECONDS = 2.0
FIRST_ACK_SECONDS = 5.0
"""Of a session: it is sent before READY, but discord.py may have to read it after much else."""
DEAD_SECONDS = 20.0
LOOK_MAX_SECONDS = 1.0
"""Who looks later than this was held up, and so may have been who reads the ACKs."""


class Pulse(NamedTuple):
    """What discord.py measured last; times are those of `time.perf_counter()`.

    `seconds` is infinite and `answered_at` the time of connecting until the first ACK came.
    """

    answered_at: float
    seconds: float
    interval: float

    @property
    def needs_asking(self) -> bool:
        """Tell whether heartbeats are too far apart by themselves."""
        return self.interval >= 2 * ASK_SECONDS


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
    _asked_at: float | None = None
    _unanswered: int = 0
    _looked_at: float = 0.0

    @property
    def connected(self) -> bool:
        """Tell whether heartbeats of an open connection are being answered."""
        return self.state == "connected"

    def identified(self, now: float) -> Turn | None:
        """A new session began; its guilds are not all known before `ready`."""
        self._identified_at, self.settled = now, False
        return self._came_back("gateway.connected", Level.SUCCESS, "connected", now)

    def resumed(self, now: float) -> Turn | None:
        """The session before goes on."""
        return self._came_back("gateway.resumed", Level.INFO, "resumed", now)

    def ready(self) -> None:
        """All guilds of the session are known."""
        self.settled = True

    def lost(self, now: float) -> Turn | None:
        """The connection ended; discord.py says so again at each failing attempt."""
        self._forget()
        if self.state in {"connecting", "disconnected"}:
            return None
        self.state, self._lost_at = "disconnected", now
        return self._turn("gateway.disconnected", Level.WARN, "lost its connection to Discord")

    def observe(self, pulse: Pulse | None, now: float) -> Turn | None:
        """Take the newest measurement, and notice when heartbeats are no longer answered."""
        if pulse is None or self.state not in {"connected", "silent"}:
            return None
        prompt, self._looked_at = now - self._looked_at <= LOOK_MAX_SECONDS, now
        measured = self._measure(pulse)
        age = now - pulse.answered_at
        first = pulse.seconds == float("inf")
        # Of a session that began anew, the first was sent 5 s before the IDENTIFY.
        since = max(pulse.answered_at, self._identified_at) if first else pulse.answered_at
        if self.connected and (self._is_late(now, prompt) or now - since > _patience(pulse)):
            self.state, self.latency_ms = "silent", None
            message = f"got no answer to its heartbeat for {age:.0f} s"
            return self._turn("gateway.heartbeat_missed", Level.WARN, message, age)
        if self.state == "silent":
            quick = measured and pulse.seconds < SILENT_SECONDS
            if quick if pulse.needs_asking else age <= pulse.interval:
                self.state = "connected"
                return self._turn("gateway.heartbeat_answered", Level.INFO, "answers again")
            self.latency_ms = None
        return None

    def _measure(self, pulse: Pulse) -> bool:
        """Take the figure of `pulse` if it is a new one that can be believed; tell whether."""
        if pulse.seconds == float("inf") or pulse.answered_at == self.last_ack:
            return False
        self.last_ack = pulse.answered_at
        sent_at = pulse.answered_at - pulse.seconds
        if self._asked_at is None or not pulse.needs_asking:
            # discord.py sleeps up to 5 s while it identifies, and reads that first ACK so much late
            overtaken = 0 <= pulse.seconds - pulse.interval < OVERTAKEN_SECONDS
            good = sent_at > self._identified_at and not overtaken
            self._unanswered = 0
        elif pulse.answered_at < self._asked_at:
            return False
        else:
            # That of discord.py's own heartbeat, or of one of several, tells nothing.
            ours = abs(sent_at - self._asked_at) < OVERTAKEN_SECONDS
            good = ours and self._unanswered == 1
            self._unanswered = 0
        if good:
            self.latency_ms = round(pulse.seconds * 1000, 1)
        return good

    def _is_late(self, now: float, prompt: bool) -> bool:
        if self._asked_at is None or not self._unanswered or not prompt:
            return False
        return now - self._asked_at > SILENT_SECONDS

    def is_dead(self, pulse: Pulse | None, now: float) -> bool:
        """Tell whether to give the connection up, as Discord asks when an ACK stays away."""
        if pulse is None or self.state != "silent":
            return False
        limit = 2 * pulse.interval + 2
        if pulse.needs_asking:
            limit = min(limit, DEAD_SECONDS)
        return now - pulse.answered_at > limit

    def asks(self, pulse: Pulse | None, now: float) -> bool:
        """Tell that a heartbeat of ours is due now, and count on it being sent.

        One when the first figure of a session was no measurement; then, where Discord's own are
        far apart, one every `ASK_SECONDS`.
        """
        if pulse is None or pulse.seconds == float("inf"):
            return False
        if self.state not in {"connected", "silent"}:
            return False
        if self._asked_at is None:
            due = pulse.needs_asking or (self.connected and self.latency_ms is None)
        else:
            wait = ASK_AGAIN_SECONDS if self._unanswered else ASK_SECONDS
            due = pulse.needs_asking and now - self._asked_at >= wait
        if due:
            self._asked_at = now
            self._unanswered += 1
        return due

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
        self._forget()
        return self._turn(kind, level, verb + (f" after {away:.1f} s" if away else ""), away)

    def _forget(self) -> None:
        self.latency_ms = self.last_ack = self._asked_at = None
        self._unanswered = 0

    def _turn(self, kind: str, level: Level, what: str, seconds: float | None = None) -> Turn:
        data = {"shard": self.id} | ({} if seconds is None else {"seconds": round(seconds, 2)})
        return Turn(kind, level, f"Shard {self.id} {what}", data)


def _patience(pulse: Pulse) -> float:
    """Return how old the last ACK may be."""
    usual = 1.5 * pulse.interval + 1
    return min(usual, FIRST_ACK_SECONDS) if pulse.seconds == float("inf") else usual
