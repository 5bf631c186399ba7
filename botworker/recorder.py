"""What happened in the bot, on its way into the log: after the answer, in order."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from botworker.database import in_database
from dashboard.events import NOWHERE, Origin, record_event
from dashboard.frames import timestamp
from dashboard.models import Event, Level

logger = logging.getLogger(__name__)

SPOOL_MAX_RECORDS = 10_000
BATCH_MAX_RECORDS = 20
RETRY_SECONDS = 1.0
LATE_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Record:
    """An event that is going to be recorded.

    Of several records with the same `once` and request only the first gets into the log: `once`
    names the family of kinds, such as `bot.command_`.
    """

    kind: str
    message: str
    level: Level = Level.INFO
    origin: Origin = NOWHERE
    duration_ms: float | None = None
    data: dict[str, Any] = field(default_factory=dict)
    once: str = ""
    at: datetime = field(default_factory=timezone.now)


class Recorder:
    """A bounded spool of records and the one task, `run`, that writes them in their order.

    While the database is away they are kept, the oldest giving way at `SPOOL_MAX_RECORDS`, and
    written when it is back, each with the time it happened at. `lost` counts those that were not.
    """

    def __init__(self) -> None:
        self.lost = 0
        self._spool: deque[Record] = deque()
        self._filled = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    def add(self, record: Record) -> None:
        """Take `record` and return at once."""
        if len(self._spool) >= SPOOL_MAX_RECORDS:
            self._spool.popleft()
            self.lost += 1
        self._spool.append(record)
        self._filled.set()
        self._empty.clear()

    async def flush(self, timeout_seconds: float) -> bool:
        """Wait until everything is written; return False if that took too long."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._empty.wait()
        except TimeoutError:
            logger.error("%d records were not written before the end", len(self._spool))
            return False
        return True

    async def run(self) -> None:
        """Write records for ever; end it by cancelling."""
        away = False
        batch_size = BATCH_MAX_RECORDS
        while True:
            await self._filled.wait()
            batch = [self._spool.popleft() for _ in range(min(batch_size, len(self._spool)))]
            try:
                await in_database(write, batch)
            except (OperationalError, InterfaceError) as error:
                if not away:
                    away = True
                    logger.warning("cannot record (%s); keeping what happens", type(error).__name__)
                self._spool.extendleft(reversed(batch))
                await asyncio.sleep(RETRY_SECONDS)
                continue
            except Exception:
                if len(batch) > 1:  # one of them is bad: the others must not suffer for it
                    self._spool.extendleft(reversed(batch))
                    batch_size = 1
                    continue
                self.lost += 1
                logger.exception("cannot record %s", batch[0].kind)
            if away:
                away = False
                logger.info("recording works again")
            if not self._spool:
                batch_size = BATCH_MAX_RECORDS
                self._filled.clear()
                self._empty.set()


@transaction.atomic
def write(records: Sequence[Record]) -> None:
    """Record all of `records` in one transaction."""
    for record in records:
        if record.once and _is_known(record):
            continue
        delay = (timezone.now() - record.at).total_seconds()
        late = {"happenedAt": timestamp(record.at)} if delay > LATE_SECONDS else {}
        record_event(
            kind=record.kind,
            message=record.message,
            level=record.level,
            origin=record.origin,
            duration_ms=record.duration_ms,
            data=record.data | late,
        )


def _is_known(record: Record) -> bool:
    # After a lost connection or a redelivered interaction, its outcome may be in the log already.
    events = Event.objects.filter(request_id=record.origin.request_id)
    return events.filter(kind__startswith=record.once).exists()
