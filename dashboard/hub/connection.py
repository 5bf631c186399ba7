"""One socket, as the hub sees it."""

import time

from django.conf import settings

from dashboard.hub.batch import Batch
from dashboard.hub.codes import TOO_SLOW
from dashboard.hub.link import Link


class Connection:
    """A way out, whose it is, and whether it takes what it is given."""

    __slots__ = (
        "_held", "_left_at", "_left_bytes", "_written_bytes", "link", "session_key", "user_id",
    )  # fmt: skip

    def __init__(self, link: Link, *, user_id: int, session_key: str) -> None:
        self.link = link
        self.user_id = user_id
        self.session_key = session_key
        self._held: list[str] | None = None
        self._written_bytes = 0  # but for those that left at once
        self._left_bytes = 0  # of those written, as far as seen
        self._left_at = time.monotonic()

    def deliver(self, frame: str) -> None:
        """Send `frame` in its turn. A socket with too much unsent is closed: it may resume."""
        if self._held is not None:
            self._held.append(frame)
            return
        self._written_bytes += len(frame.encode())
        self.link.write(frame)
        if self.link.unsent_bytes > settings.SOCKET_UNSENT_MAX_BYTES:
            self.link.close(TOO_SLOW)

    def pass_on(self, batch: Batch) -> None:
        """Send what everybody is given, as `deliver` would each of its frames."""
        if self._held is not None:
            self._held += batch.texts
            return
        if unsent := self.link.pass_on(batch):
            self._written_bytes += len(batch.wire)
            if unsent > settings.SOCKET_UNSENT_MAX_BYTES:
                self.link.close(TOO_SLOW)

    @property
    def holds(self) -> bool:
        """Whether live frames wait until older ones are replayed."""
        return self._held is not None

    def hold(self) -> None:
        """Keep live frames back from now on, until `release`."""
        self._held = []

    def release(self, replayed: list[str]) -> None:
        """Send what was replayed, then what was held back, and go on live."""
        held, self._held = self._held or [], None
        for frame in [*replayed, *held]:
            self.deliver(frame)

    def is_stalled(self, now: float) -> bool:
        """Tell whether something is unsent and none of it has left for too long."""
        unsent = self.link.unsent_bytes
        left = self._written_bytes - unsent
        if unsent <= 0 or left > self._left_bytes:
            self._left_bytes, self._left_at = left, now
        return now - self._left_at > settings.SOCKET_STALLED_SECONDS
