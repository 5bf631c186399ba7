"""The one way from the bot's event loop to the database."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections, connections

P = ParamSpec("P")
R = TypeVar("R")

KEEP_CONNECTION_SECONDS = 600


def keep_connections() -> None:
    """Let this process keep its connections, checked before each use. Call it before the first."""
    for options in connections.settings.values():
        options["CONN_MAX_AGE"] = KEEP_CONNECTION_SECONDS
        options["CONN_HEALTH_CHECKS"] = True


async def in_database(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run the synchronous `work` in the thread of the ORM and return what it returns.

    A connection that died since the last unit of work (a restarted PostgreSQL) is replaced before
    this one starts: without that, a long-lived process never recovers. Raises what `work` raises.
    """
    return await sync_to_async(_unit)(work, *args, **kwargs)


def _unit(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    close_old_connections()
    try:
        return work(*args, **kwargs)
    finally:
        close_old_connections()
