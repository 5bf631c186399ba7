"""Where a reader stands in the log, and what each frame means to it. Pure: no socket, no clock.

The rules are those of `static/js/stream.js`: apply only the next event, ask for what is missing,
never show a mixture of two logs.
"""

from enum import Enum
from typing import Any

BEHIND_SECONDS = 2.0
REPLAY_SECONDS = 10.0


class Verdict(Enum):
    """What is to be done after a frame, or after a silence."""

    NOTHING = "nothing"
    SHOW = "show the event: it is the next one"
    ASK = "ask for what is missing"
    CAUGHT_UP = "nothing is missing any more"
    RECONNECT = "give this connection up and try another"
    TOO_FAR = "too much is missing for a replay: read it elsewhere"
    OTHER_LOG = "this is another log: begin again"


class Course:
    """A position in the log of `epoch`, after event `last`, on one connection after another.

    Times are seconds of any clock that does not jump. `due` is when to call `overdue`.
    """

    def __init__(self, epoch: str, last: int) -> None:
        self.epoch = epoch
        self.last = last
        self._resuming = False
        self._replay_due: float | None = None
        self._behind: tuple[float, int] | None = None

    def begin(self) -> None:
        """A new connection was asked to replay what follows `last`."""
        self._resuming = True
        self._replay_due = self._behind = None

    def asked(self, now: float) -> None:
        """A `RESUME` was sent."""
        self._resuming = True
        self._replay_due = now + REPLAY_SECONDS

    def take(self, frame: dict[str, Any], now: float) -> Verdict:
        """Take one frame in; `SHOW` moves the position on."""
        if self._resuming and self._replay_due is None:
            self._replay_due = now + REPLAY_SECONDS
        kind, data = frame.get("type"), frame.get("data", {})
        if kind == "STATS_UPDATE":
            return self._stats(data["stream"], now)
        if kind == "NEW_EVENT":
            return self._event(data.get("seq") or 0, now)  # 0: not of the log
        if kind == "RESUMED":
            return self._resumed(data)
        return Verdict.NOTHING

    @property
    def due(self) -> float | None:
        """When a silence will mean something, if it will."""
        times = [self._replay_due, self._behind[0] if self._behind else None]
        return min((at for at in times if at is not None), default=None)

    def overdue(self, now: float) -> Verdict:
        """Say what it means that it is `now` and no frame came."""
        if self._replay_due is not None and now >= self._replay_due:
            return Verdict.RECONNECT
        if self._behind is not None and now >= self._behind[0]:
            head, self._behind = self._behind[1], None
            if head > self.last and not self._resuming:
                return Verdict.ASK
        return Verdict.NOTHING

    def _stats(self, stream: dict[str, Any], now: float) -> Verdict:
        if stream["epoch"] != self.epoch:
            return Verdict.OTHER_LOG
        if stream["head"] > self.last and self._behind is None:
            self._behind = (now + BEHIND_SECONDS, stream["head"])
        return Verdict.NOTHING

    def _event(self, seq: int, now: float) -> Verdict:
        if seq <= self.last:
            return Verdict.NOTHING
        if seq > self.last + 1:
            return Verdict.NOTHING if self._resuming else Verdict.ASK
        self.last = seq
        if self._replay_due is not None:
            self._replay_due = now + REPLAY_SECONDS  # it moves on
        return Verdict.SHOW

    def _resumed(self, data: dict[str, Any]) -> Verdict:
        self._resuming, self._replay_due = False, None
        if not data["complete"]:
            return Verdict.TOO_FAR
        if self.last < data["to"]:
            return Verdict.RECONNECT  # said to be whole, and is not
        return Verdict.CAUGHT_UP
