"""What happened in the bot, as it waits to get into the log, in memory and in a file."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from django.db import transaction
from django.utils import timezone

from botworker.models import SpoolMark
from dashboard.events import NOWHERE, Fact, Origin, record_events
from dashboard.frames import timestamp
from dashboard.models import Event, Level
from dashboard.runs import Fault, Outcome, Run, count_runs
from dashboard.text import storable

LATE_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Record:
    """An event that is going to be recorded.

    Of several records with the same `once` and request only the first gets into the log: `once`
    names the family of kinds, such as `bot.command_`. One with an `outcome` is a command that
    ended, and is counted with its duration. One that is `counted_only` is not in the log itself.
    """

    kind: str
    message: str
    level: Level = Level.INFO
    origin: Origin = NOWHERE
    duration_ms: float | None = None
    data: dict[str, Any] = field(default_factory=dict)
    once: str = ""
    at: datetime = field(default_factory=timezone.now)
    outcome: Outcome | None = None
    fault: Fault | None = None
    counted_only: bool = False

    @property
    def run(self) -> Run | None:
        """The command that ended, None for any other record."""
        if self.outcome is None:
            return None
        return Run(
            self.origin.command,
            self.outcome,
            self.duration_ms or 0.0,
            self.at,
            self.fault,
            self.origin.guild,
        )


def to_json(record: Record) -> bytes:
    """Return `record` as one line of JSON, without what no database could keep."""
    return msgspec.json.encode(storable(msgspec.to_builtins(record)))


def from_json(line: bytes | msgspec.Raw) -> Record:
    """Return the record of a line. Raises `msgspec.DecodeError`."""
    return _decoder.decode(line)


_decoder = msgspec.json.Decoder(Record)


class Numbered:
    """A record in its place in a spool: `spool` and `number` tell it from all others, ever."""

    __slots__ = ("number", "record", "size", "spool")

    def __init__(self, spool: str, number: int, record: Record, size: int) -> None:
        self.spool, self.number, self.record, self.size = spool, number, record, size


@transaction.atomic
def write(waiting: Sequence[Numbered]) -> None:
    """Record all of `waiting`, which are of one spool, in one transaction, and that they are.

    Those that were recorded before, by this process or by one that was killed, are left out.
    """
    spool, last = waiting[-1].spool, waiting[-1].number
    mark, _ = SpoolMark.objects.select_for_update().get_or_create(spool=spool)
    new = [item.record for item in waiting if item.number > mark.upto]
    if last > mark.upto:
        SpoolMark.objects.filter(spool=spool).update(upto=last)
    known: set[tuple[str, str]] = set()
    records = [record for record in new if not _is_known(record, known)]
    count_runs([run for record in records if (run := record.run)])
    record_events([_fact(record) for record in records if not record.counted_only])


def _fact(record: Record) -> Fact:
    delay = (timezone.now() - record.at).total_seconds()
    late = {"happenedAt": timestamp(record.at)} if delay > LATE_SECONDS else {}
    return Fact(
        kind=record.kind,
        message=record.message,
        level=record.level,
        origin=record.origin,
        duration_ms=record.duration_ms,
        data=record.data | late,
    )


def _is_known(record: Record, known: set[tuple[str, str]]) -> bool:
    # After a lost connection or a redelivered interaction, its outcome may be in the log already.
    request_id = record.origin.request_id
    if not record.once or not request_id:
        return False
    if (record.once, request_id) in known:
        return True
    known.add((record.once, request_id))
    return Event.objects.filter(request_id=request_id, kind__startswith=record.once).exists()
