"""The newest frames of the log, in order. Pure: it does no input or output and never waits."""

from collections import deque
from itertools import islice

import msgspec

EARLY_MAX_FRAMES = 10_000


class _Data(msgspec.Struct):
    timestamp: str = ""


class _Frame(msgspec.Struct):
    data: _Data


_decoder = msgspec.json.Decoder(_Frame)


class Tail:
    """Puts frames that come late, twice or too early into the order of their `seq`.

    `last` is the newest seq that was let through; a frame is let through once, and only right
    after its predecessor. Up to `keep` of the newest frames can be had again.
    """

    def __init__(self, *, epoch: str, last: int, keep: int) -> None:
        self.epoch = epoch
        self.last = last
        self.duplicates = 0
        self._frames: deque[str] = deque(maxlen=keep)
        self._early: dict[int, tuple[str, str | None]] = {}

    def load(self, frames: list[str]) -> None:
        """Take the newest frames up to `last`, oldest first, as already let through."""
        self._frames.extend(frames)

    def offer(self, seq: int, frame: str, previous: str | None = None) -> list[str]:
        """Take one frame; return the frames that are now in order, oldest first (maybe none).

        `previous` is the time of the event before it, as its writer knew it: a frame that follows
        another event than the one let through last waits, as one whose predecessor is missing.
        """
        if seq <= self.last or seq in self._early:
            self.duplicates += 1
            return []
        if len(self._early) < EARLY_MAX_FRAMES:
            self._early[seq] = (frame, previous)
        ready: list[str] = []
        while self.last + 1 in self._early and self._continues(self._early[self.last + 1][1]):
            self.last += 1
            ready.append(self._early.pop(self.last)[0])
            self._frames.append(ready[-1])
        return ready

    def settle(self, rows: list[tuple[int, str]]) -> list[str]:
        """Take frames as the database has them, which counts for more than what the layer said."""
        for seq, _ in rows:
            self._early.pop(seq, None)
        return [ready for seq, frame in rows for ready in self.offer(seq, frame)]

    def _continues(self, previous: str | None) -> bool:
        return previous is None or not self._frames or _time_of(self._frames[-1]) == previous

    def contradicts(self, seq: int, frame: str) -> bool:
        """Tell whether another frame than this one was let through as `seq`, and is still kept."""
        back = self.last - seq
        if not 0 <= back < len(self._frames):
            return False
        kept = self._frames[-1 - back]
        return kept != frame and not _equal(kept, frame)

    def departs_from(self, other: "Tail") -> bool:
        """Tell whether this has the epoch of `other`, and cannot be what that has grown to."""
        if self.epoch != other.epoch:
            return False
        newest = other.newest(1)
        return self.last < other.last or any(self.contradicts(other.last, it) for it in newest)

    def forget_before(self, seq: int) -> None:
        """Let go of the frames before `seq`: they are no longer in the log."""
        while self._frames and self.last - len(self._frames) + 1 < seq:
            self._frames.popleft()

    @property
    def has_gap(self) -> bool:
        """Whether frames wait for one that is missing."""
        return bool(self._early)

    @property
    def newest_early(self) -> int:
        """The largest seq that waits, `last` if none does."""
        return max(self._early, default=self.last)

    def forget_early(self, upto: int) -> int:
        """Drop what waits with a seq up to `upto`; return how many frames that were."""
        forgotten = [seq for seq in self._early if seq <= upto]
        for seq in forgotten:
            del self._early[seq]
        return len(forgotten)

    def after(self, seq: int) -> list[str] | None:
        """Return all frames after `seq` up to `last`, oldest first; None if not all are kept."""
        missing = self.last - seq
        if missing < 0 or missing > len(self._frames):
            return None
        return list(islice(self._frames, len(self._frames) - missing, None))

    def newest(self, limit: int) -> list[str]:
        """Return up to `limit` of the newest frames, newest first."""
        return list(islice(reversed(self._frames), limit))


def _time_of(frame: str) -> str:
    try:
        return _decoder.decode(frame).data.timestamp
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return ""


def _equal(one: str, other: str) -> bool:
    """Compare what two frames say: the order of keys may have changed on the way."""
    try:
        return bool(msgspec.json.decode(one) == msgspec.json.decode(other))
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return False
