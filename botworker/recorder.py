"""From the bot into the log: after the answer, in order, once."""

import asyncio
import logging

from django.db import DatabaseError, DataError, IntegrityError

from botworker.database import reporting
from botworker.records import Record, write
from botworker.spool import Spool

logger = logging.getLogger(__name__)

BATCH_MAX_RECORDS = 20
RETRY_SECONDS = 1.0


class Recorder:
    """A bounded spool of records and the one task, `run`, that writes them in their order.

    While the database is away they are kept, and written when it is back, each with the time it
    happened at. `lost` counts those that were not.
    """

    def __init__(self) -> None:
        self._refused = 0
        self._spool = Spool()
        self._filled = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def lost(self) -> int:
        """How many records never got into the log."""
        return self._spool.lost + self._refused

    def use(self, spool: Spool) -> None:
        """Keep records in `spool` from now on, and write what it holds first."""
        for item in self._spool.first(len(self._spool)):
            spool.append(item.record)
        self._spool = spool
        if len(spool):
            self._filled.set()
            self._empty.clear()

    def add(self, record: Record) -> None:
        """Take `record` and return at once."""
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

    def close(self) -> None:
        """Let go of the spool's file."""
        self._spool.close()

    async def run(self) -> None:
        """Write records for ever; end it by cancelling."""
        away = False
        batch_size = BATCH_MAX_RECORDS
        while True:
            await self._filled.wait()
            batch = self._spool.first(batch_size)
            try:
                await reporting(write, batch)
            except Exception as error:
                if _is_kept(error):
                    if not away:
                        away = True
                        name = type(error).__name__
                        logger.warning("cannot record (%s); keeping what happens", name)
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                if len(batch) > 1:  # one of them is bad: the others must not suffer for it
                    batch_size = 1
                    continue
                self._refused += 1
                logger.exception("cannot record %s", batch[0].record.kind)
            if away:
                away = False
                logger.info("recording works again")
            self._spool.drop(batch[-1].number)
            if not len(self._spool):
                batch_size = BATCH_MAX_RECORDS
                self._filled.clear()
                self._empty.set()


def _is_kept(error: Exception) -> bool:
    """Tell whether it is the database that cannot, and not the record that is bad.

    It may be away, but also read-only, or restored without its migrations.
    """
    bad_record = isinstance(error, DataError | IntegrityError)
    return isinstance(error, DatabaseError) and not bad_record
