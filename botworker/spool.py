"""What waits to be recorded: a queue in memory, and a file beside it that survives a `kill -9`.

The file is a line of JSON for the spool itself, `{"spool": id, "next": number}`, then one line for
each record, `{"number": ..., "record": ...}`, appended as it is added and handed to the kernel at
once. Nothing is marked there as done: the database keeps, in the transaction that records them, up
to which number it has them (`SpoolMark`), so that none is recorded twice.
"""

import fcntl
import logging
import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from botworker.records import Numbered, Record, from_json, to_json

logger = logging.getLogger(__name__)

MAX_RECORDS = 10_000
MAX_BYTES = 8 * 1024 * 1024
SHRINK_BYTES = 64 * 1024
"""An idle file longer than this is cut down to its first line."""


class _Head(msgspec.Struct):
    spool: str
    next: int


class _Line(msgspec.Struct):
    number: int
    record: msgspec.Raw


class Spool:
    """Records in their order, at most `MAX_RECORDS` and `max_bytes`; `lost` gave way to others.

    One that gives way while it is being written is lost only if that fails: when it is not dropped
    before `first` is asked again.

    With a `path` what an earlier process left there comes first. A file that cannot be written,
    or that another process uses, is said once, and the spool is in memory alone.
    """

    def __init__(self, path: Path | None = None, *, max_bytes: int = MAX_BYTES) -> None:
        self.lost = 0
        self.id = uuid4().hex
        self._max_bytes = max_bytes
        self._waiting: deque[Numbered] = deque()
        self._waiting_bytes = 0
        self._next = 1
        self._lent_upto = 0
        self._lent_gone = 0
        self._file: int | None = None
        self._file_bytes = 0
        if path is not None:
            self._open(path)

    def __len__(self) -> int:
        return len(self._waiting)

    def append(self, record: Record) -> None:
        """Take `record`; the oldest give way when there is no more room."""
        line = msgspec.json.encode(_Line(self._next, msgspec.Raw(to_json(record)))) + b"\n"
        self._take(Numbered(self.id, self._next, record, len(line)))
        self._next += 1
        if self._file_bytes + len(line) > self._max_bytes:
            self._rewrite()
        else:
            self._write(line)

    def first(self, count: int) -> list[Numbered]:
        """Return the oldest `count` records, to be written; they stay until `drop`."""
        self.lost += self._lent_gone
        self._lent_gone = 0
        items = [self._waiting[at] for at in range(min(count, len(self._waiting)))]
        self._lent_upto = items[-1].number if items else 0
        return items

    def drop(self, upto: int) -> None:
        """Let go of the records up to the number `upto`: they are recorded."""
        self._lent_upto = self._lent_gone = 0
        while self._waiting and self._waiting[0].number <= upto:
            self._waiting_bytes -= self._waiting.popleft().size
        if not self._waiting and self._file_bytes > SHRINK_BYTES:
            self._rewrite()

    def close(self) -> None:
        """Let go of the file: what waits stays in it for the next process."""
        if self._file is not None:
            if not self._waiting:
                self._rewrite()
            os.close(self._file)
            self._file = None

    def _take(self, item: Numbered) -> None:
        self._waiting.append(item)
        self._waiting_bytes += item.size
        room = self._max_bytes - 128  # for the first line
        if self._waiting_bytes <= room and len(self._waiting) <= MAX_RECORDS:
            return
        # A quarter at once where bytes are short: the file is written anew each time.
        room = room * 3 // 4 if self._waiting_bytes > room else room
        while self._waiting_bytes > room or len(self._waiting) > MAX_RECORDS:
            oldest = self._waiting.popleft()
            self._waiting_bytes -= oldest.size
            if oldest.number <= self._lent_upto:
                self._lent_gone += 1
            else:
                self.lost += 1

    def _open(self, path: Path) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            logger.warning("cannot keep what happens in %s (%s)", path, error.strerror)
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with path.open("rb") as left:
                self._load(left.read())
        except OSError as error:
            os.close(file)
            logger.warning("cannot keep what happens in %s (%s)", path, error.strerror)
            return
        self._file = file
        self._rewrite()

    def _load(self, text: bytes) -> None:
        head, *lines = text.split(b"\n")
        try:
            found = msgspec.json.decode(head, type=_Head)
        except msgspec.DecodeError:
            return  # a new file, or none of ours
        self.id, self._next = found.spool, found.next
        for item in _items(found.spool, lines):
            self._take(item)
            self._next = item.number + 1
        if self._waiting:
            logger.info("%d records of an earlier process are there", len(self._waiting))

    def _rewrite(self) -> None:
        """Leave in the file what waits, and nothing else."""
        if self._file is None:
            return
        lines = [
            msgspec.json.encode(_Line(item.number, msgspec.Raw(to_json(item.record))))
            for item in self._waiting
        ]
        self._file_bytes = 0
        head: dict[str, Any] = {"spool": self.id, "next": self._next}
        try:
            os.ftruncate(self._file, 0)
        except OSError as error:
            self._give_up(error)
        self._write(b"\n".join([msgspec.json.encode(head), *lines, b""]))

    def _write(self, text: bytes) -> None:
        if self._file is None:
            return
        try:
            while text:
                written = os.write(self._file, text)
                self._file_bytes += written
                text = text[written:]
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        logger.error("what happens is kept in memory only (%s)", error.strerror)
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _items(spool: str, lines: list[bytes]) -> Iterator[Numbered]:
    for line in filter(None, lines):
        try:
            found = msgspec.json.decode(line, type=_Line)
            record = from_json(found.record)
        except msgspec.DecodeError:  # the end of the process cut it, or a version wrote otherwise
            logger.warning("a record of an earlier process cannot be read")
        else:
            yield Numbered(spool, found.number, record, len(line) + 1)
