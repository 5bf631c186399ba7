"""A request is done once: its id is kept with what it did, and a repetition gets the same reply."""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from django.db import OperationalError, connection, transaction

from dashboard.events import Origin, Ref, record_event
from dashboard.models import Level
from economy.errors import RequestMismatch
from economy.ledger import Posting
from economy.models import Kind, Transaction

logger = logging.getLogger(__name__)

ATTEMPTS_MAX = 8
BACKOFF_SECONDS = 0.01
REQUEST_ID_MAX = 64

_SQLITE_BUSY_OR_LOCKED = {5, 6}
_POSTGRES_SERIALIZATION_OR_DEADLOCK = {"40001", "40P01"}

Reply = TypeVar("Reply")


@dataclass(frozen=True, kw_only=True)
class Request:
    """What somebody asked for, and when: `at` is the only look at the clock.

    `parameters` are what makes it the same request when its `id` comes again.
    """

    id: str
    kind: Kind
    parameters: dict[str, str]
    at: datetime
    origin: Origin
    author: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.id) <= REQUEST_ID_MAX:
            raise ValueError(f"a request id has 1 to {REQUEST_ID_MAX} characters")

    def origin_of(self, actor: Ref | None) -> Origin:
        """Return the origin for this request's event, `actor` and id filled in where absent."""
        return self.origin._replace(
            actor=self.origin.actor or actor, request_id=self.origin.request_id or self.id
        )


def once(
    request: Request, *, do: Callable[[Posting], Reply], again: Callable[[Transaction], Reply]
) -> Reply:
    """Return `do(posting)`, or `again(transaction)` when the request was done before.

    All of it is one database transaction. Outside of another one, it is tried up to
    `ATTEMPTS_MAX` times when the database says that it lost against a concurrent one. Raises what
    `do` raises, `RequestMismatch` (and records that) when the id was used for something else.
    """

    def attempt() -> Reply:
        transaction_id = _open(request)
        if transaction_id is not None:
            return do(Posting(transaction_id, request.at))
        first = Transaction.objects.get(request_id=request.id)
        if (first.kind, first.parameters) != (request.kind, request.parameters):
            raise RequestMismatch(
                request_id=request.id,
                kind=request.kind,
                parameters=request.parameters,
                first_kind=first.kind,
                first_parameters=first.parameters,
            )
        return again(first)

    try:
        return atomically(attempt)
    except RequestMismatch as error:
        mismatch = error
    atomically(lambda: _record_mismatch(request, mismatch))
    raise mismatch


def atomically(work: Callable[[], Reply]) -> Reply:
    """Return `work()`, done in one database transaction, again when it lost against another.

    Within a transaction of the caller it is tried once: only the caller could repeat the whole.
    """
    attempts = 1 if connection.in_atomic_block else ATTEMPTS_MAX
    for attempt in range(1, attempts + 1):
        try:
            with transaction.atomic():
                return work()
        except OperationalError as error:
            if attempt == attempts or not _lost_a_race(error):
                raise
            logger.info("attempt %d of %d lost a race, trying again", attempt, attempts)
        time.sleep(random.uniform(0, BACKOFF_SECONDS * 2**attempt))  # noqa: S311
    raise AssertionError("unreachable: the last attempt returns or raises")


def _lost_a_race(error: OperationalError) -> bool:
    cause: Any = error.__cause__
    if connection.vendor == "sqlite":
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _SQLITE_BUSY_OR_LOCKED
    return getattr(cause, "sqlstate", None) in _POSTGRES_SERIALIZATION_OR_DEADLOCK


def _open(request: Request) -> int | None:
    """Insert the transaction and return its id; None when the request id is taken.

    On PostgreSQL a second delivery waits here, holding nothing, until the first is decided.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO economy_transaction"
            " (kind, request_id, parameters, author, reason, created_at)"
            # A guard refuses what is taken, on SQLite before the conflict is met.
            " SELECT %s, %s, %s, %s, %s, %s"
            " WHERE NOT EXISTS (SELECT 1 FROM economy_transaction WHERE request_id = %s)"
            " ON CONFLICT (request_id) DO NOTHING RETURNING id",
            [
                request.kind.value,
                request.id,
                msgspec.json.encode(request.parameters).decode(),
                request.author,
                request.reason,
                connection.ops.adapt_datetimefield_value(request.at),
                request.id,
            ],
        )
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def _record_mismatch(request: Request, error: RequestMismatch) -> None:
    record_event(
        kind="economy.request_mismatched",
        level=Level.ERROR,
        message=f"request {request.id} came again, asking for something else",
        origin=request.origin_of(None),
        data={
            "request": request.id,
            "kind": error.kind,
            "parameters": error.parameters,
            "firstKind": error.first_kind,
            "firstParameters": error.first_parameters,
        },
    )
