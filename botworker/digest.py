"""Commands refused during maintenance: each one counts, but they do not fill the feed."""

import time
from dataclasses import replace

from botworker.recorder import Recorder
from botworker.records import Record

TELL_SECONDS = 60.0


class Digest:
    """Tells the first refusal as it is, and of those after it how many, once a minute."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._told_at: float | None = None
        self._untold = 0

    def add(self, record: Record) -> None:
        """Take the record of a refused command."""
        if self._told_at is None:
            self._told_at = time.monotonic()
            self._recorder.add(record)
            return
        self._untold += 1
        self._recorder.add(replace(record, counted_only=True))

    def tell(self, *, over: bool) -> None:
        """Tell of those that were not told, when a minute is over or the maintenance is."""
        if self._told_at is None or not (over or time.monotonic() - self._told_at >= TELL_SECONDS):
            return
        if self._untold:
            number = f"{self._untold} more command{'s' if self._untold > 1 else ''}"
            message = f"Refused: {number} during maintenance"
            data = {"refusal": "UnderMaintenance", "count": self._untold}
            self._recorder.add(Record(kind="bot.commands_refused", message=message, data=data))
        self._untold = 0
        self._told_at = None if over else time.monotonic()
