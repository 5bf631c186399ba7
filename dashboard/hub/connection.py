"""One socket, as the hub sees it."""

import time
from collections import deque

from django.conf import settings

from dashboard.frames import Resume
from dashboard.hub.batch import Batch
from dashboard.hub.codes import TOO_SLOW
from dashboard.hub.daphne import DirectLink
from dashboard.hub.link import Link

HELD_MAX_FRAMES = 10_000
"""How far a browser may fall behind the log while it is sent what it missed before."""
ASKED_MAX = 10


class Connection:
    """A way out, whose it is, and whether it takes what it is given."""

    __slots__ = (
        "_asked", "_held", "_left_at", "_left_bytes", "_too_slow", "_written_bytes", "link",
        "session_key", "user_id",
    )  # fmt: skip

    def __init__(self, link: Link, *, user_id: int, session_key: str) -> None:
        self.link = link
        self.user_id = user_id
        self.session_key = session_key
        self._held: deque[str] | None = None
        self._asked: list[Resume] | None = None
        self._too_slow = False
        self._written_bytes = 0  # but for those that left at once
        self._left_bytes = 0  # of those written, as far as seen
        self._left_at = time.monotonic()

    @property
    def straight(self) -> DirectLink | None:
        """The link, if what everybody is given may be written to it straight."""
        return None if self._held is not None else self.link.straight

    def deliver(self, frame: str) -> None:
        """Send `frame` in its turn. A socket with too much unsent is closed: it may resume."""
        if self._held is not None:
            self._hold_back([frame])
        else:
            self._write(frame)
            if self.link.unsent_bytes > settings.SOCKET_UNSENT_MAX_BYTES:
                self.close_as_too_slow()

    def pass_on(self, batch: Batch, sent_bytes: int = 0) -> None:
        """Send what everybody is given, but for what left, as `deliver` would each frame."""
        if self._held is not None:
            self._hold_back(batch.texts)
        elif unsent := self.link.pass_on(batch, sent_bytes):
            self._written_bytes += len(batch.wire)
            if unsent > settings.SOCKET_UNSENT_MAX_BYTES:
                self.close_as_too_slow()

    def close_as_too_slow(self) -> bool:
        """Close with 4008, once; return whether this was the first time."""
        first, self._too_slow = not self._too_slow, True
        if first:
            self.link.close(TOO_SLOW)
        return first

    # ------------------------------------------------------------------ held back

    @property
    def holds(self) -> bool:
        """Whether live frames wait until older ones are replayed."""
        return self._held is not None

    def hold(self) -> None:
        """Keep live frames back from now on, until they are taken and there are none left."""
        self._held = deque()

    def ask_later(self, wanted: Resume) -> None:
        """Keep what is asked for while something else is replayed; of very many the newest."""
        self._asked = [*(self._asked or []), wanted][-ASKED_MAX:]

    def asked(self) -> list[Resume]:
        """Return what was asked for meanwhile, in order, and forget it."""
        wanted, self._asked = self._asked or [], None
        return wanted

    def put_first(self, frames: list[str]) -> None:
        """Put what was missed before what is held back."""
        if self._held is not None:
            self._held.extendleft(reversed(frames))

    def send_held(self, unsent_max_bytes: int) -> bool:
        """Send of what is held back while no more than that is unsent; return whether all is sent.

        Then live frames go out at once again.
        """
        while self._held and self.link.unsent_bytes <= unsent_max_bytes:
            self._write(self._held.popleft())
        if self._held:
            return False
        self._held = None
        return True

    def _hold_back(self, frames: list[str]) -> None:
        if self._held is not None:
            self._held.extend(frames)
            if len(self._held) > HELD_MAX_FRAMES:
                self._held.clear()
                self.close_as_too_slow()

    def _write(self, frame: str) -> None:
        self._written_bytes += len(frame.encode())
        self.link.write(frame)

    def is_stalled(self, now: float) -> bool:
        """Tell whether something is unsent and none of it has left for too long."""
        unsent = self.link.unsent_bytes
        left = self._written_bytes - unsent
        if unsent <= 0 or left > self._left_bytes:
            self._left_bytes, self._left_at = left, now
        return now - self._left_at > settings.SOCKET_STALLED_SECONDS
