"""The little SQL that the rules share, where it is not the same on both databases."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

HALF = 2**32
"""Sums are taken of both halves of a bigint (`/ HALF`, `% HALF`): SQLite's SUM can overflow."""


def rows(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Return all rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def within(column: str, ids: Sequence[int] | None) -> str:
    """Return the SQL for `column` being one of `ids`, or anything when they are None."""
    if ids is None:
        return "TRUE"
    return f"{column} IN ({', '.join(map(str, ids))})" if ids else "FALSE"


def whole(high: Any, low: Any) -> int:
    """Return the sum of which these are the halves."""
    return int(high) * HALF + int(low)


def day_of(moment: str) -> str:
    """Return the SQL of the UTC day of a column's moment, as ISO 8601."""
    if connection.vendor == "sqlite":
        return f"substr({moment}, 1, 10)"
    return f"to_char({moment} AT TIME ZONE 'UTC', 'YYYY-MM-DD')"


def day_before(day: str) -> str:
    """Return the SQL of the day before that of a column."""
    return f"date({day}, '-1 day')" if connection.vendor == "sqlite" else f"({day} - 1)"


@contextmanager
def one_moment() -> Iterator[None]:
    """Let all queries inside see the database as it was at the first one; nobody waits for it."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "sqlite":
        # Not `atomic`: that would begin IMMEDIATE here, and keep writers out.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
    else:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
