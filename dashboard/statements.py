"""Writing many rows in one statement, and several statements in one round trip."""

from collections.abc import Sequence
from typing import Any

from django.db import connection

Statement = tuple[str, Sequence[Any]]


def execute(statements: Sequence[Statement], then: Sequence[Statement] = ()) -> Any:
    """Execute all of `statements` in order; return the first row of the first, None without one.

    What comes `then` has nothing to do unless the last of `statements` changed a row.

    PostgreSQL gets them at once: what is locked meanwhile is locked for one round trip instead of
    several. Each statement still sees what those before it did, and what others committed before
    it began. Call it inside a transaction.
    """
    at_once = connection.vendor == "postgresql" and not connection.settings_dict["OPTIONS"].get(
        "server_side_binding"  # a prepared statement is only one
    )
    with connection.cursor() as cursor:
        if at_once:
            everything = [*statements, *then]
            every_value = [value for _, values in everything for value in values]
            cursor.execute("; ".join(sql for sql, _ in everything), every_value)
            return cursor.fetchone() if cursor.description else None
        (sql, values), *others = statements
        cursor.execute(sql, values)
        row = cursor.fetchone() if cursor.description else None
        for sql, values in others:
            cursor.execute(sql, values)
        for sql, values in then if cursor.rowcount else ():
            cursor.execute(sql, values)
        return row


def upsert(into: str, conflict: str, rows: Sequence[Sequence[Any]]) -> None:
    """Insert `rows` into the table and columns `into`; `conflict` says what to do with known ones.

    One statement. Give the rows in the order of their keys, each key once: then two who write the
    same rows at once wait for each other, and do not deadlock.
    """
    if not rows:
        return
    places = ", ".join([f"({', '.join(['%s'] * len(rows[0]))})"] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {into} VALUES {places} ON CONFLICT {conflict}",  # noqa: S608 - ours
            [value for row in rows for value in row],
        )
