"""Several statements for one round trip, where the database can take them so."""

from collections.abc import Sequence
from typing import Any

from django.db import connection

Statement = tuple[str, Sequence[Any]]


def execute(statements: Sequence[Statement]) -> Any:
    """Execute all of `statements` in order; return the first row of the first, None without one.

    PostgreSQL gets them at once: what is locked meanwhile is locked for one round trip instead of
    several. Each statement still sees what those before it did, and what others committed before
    it began. Call it inside a transaction.
    """
    at_once = connection.vendor == "postgresql" and not connection.settings_dict["OPTIONS"].get(
        "server_side_binding"  # a prepared statement is only one
    )
    with connection.cursor() as cursor:
        if at_once:
            every_value = [value for _, values in statements for value in values]
            cursor.execute("; ".join(sql for sql, _ in statements), every_value)
            return cursor.fetchone() if cursor.description else None
        (sql, values), *others = statements
        cursor.execute(sql, values)
        row = cursor.fetchone() if cursor.description else None
        for sql, values in others:
            cursor.execute(sql, values)
        return row
