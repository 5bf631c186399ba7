"""What a process makes sure of before it starts: one plain line when it may not, never a traceback.

No line shows a password: addresses are printed without what stands before the `@` or after the `?`.
"""

import time
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.core import checks
from django.core.management import CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from redis.backoff import NoBackoff
from redis.retry import Retry

from dashboard.checks import TAG, exposed

ATTEMPT_SECONDS = 2.0
ONCE = Retry(NoBackoff(), 0)  # by itself redis-py tries for eight seconds
PAUSE_SECONDS = 0.1
EXIT_CONFIGURATION = 78
"""The exit status that says: starting it again does not help."""


class BrokerRefused(CommandError):
    """The broker answers, and does not take the password in REDIS_URL; waiting does not help."""


def address(url: str) -> str:
    """Return `url` without the user, the password and the options in it."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}"


def require_settings(bind: str = "127.0.0.1") -> None:
    """Return when nothing speaks against a start, for a server at the address `bind`.

    Raises `CommandError` with a line for each thing that does: what it is, and its remedy.
    """
    found = [*checks.run_checks(tags=[TAG]), *exposed(bind)]
    refused = [
        f"{one.msg}. {one.hint} ({one.id})"
        for one in found
        if one.level >= checks.ERROR and not one.is_silenced()
    ]
    if refused:
        raise CommandError("\n".join(refused), returncode=EXIT_CONFIGURATION)


def require_database(*, migrated: bool = True) -> None:
    """Return when the database answers and, if `migrated`, has every migration.

    Raises `CommandError` otherwise. Leaves the connection of this thread open.
    """
    try:
        connection.ensure_connection()
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes()) if migrated else []
    except DatabaseError as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CommandError(
            f"The database cannot be used: {reason.rstrip('.')}. Check DATABASE_URL."
        ) from None
    if plan:
        raise CommandError(
            f"The database lacks {len(plan)} migrations, the first is {plan[0][0]}."
            " Run: manage.py migrate"
        )


def require_broker(wait_seconds: float) -> None:
    """Return when the broker at REDIS_URL answers; it may take `wait_seconds` to come up.

    Raises `CommandError` when it did not, and `BrokerRefused` at once when it refuses the password.
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        reason = _ping()
        if not reason:
            return
        if time.monotonic() >= deadline:
            raise CommandError(
                f"The broker at {address(settings.REDIS_URL)} did not answer within"
                f" {wait_seconds:g} s ({reason}). Check REDIS_URL, or start it:"
                " manage.py runbroker"
            )
        time.sleep(PAUSE_SECONDS)


def _ping() -> str:
    """Return why the broker cannot be used now, empty when it can."""
    limits = {"socket_connect_timeout": ATTEMPT_SECONDS, "socket_timeout": ATTEMPT_SECONDS}
    with redis.Redis.from_url(settings.REDIS_URL, retry=ONCE, **limits) as client:
        try:
            client.ping()
        except redis.AuthenticationError:
            parts = urlsplit(settings.REDIS_URL)
            why = (
                "refuses the user or password in REDIS_URL: correct it"
                if parts.password
                else "wants a password: put it into REDIS_URL"
            )
            raise BrokerRefused(f"The broker at {address(settings.REDIS_URL)} {why}.") from None
        except (redis.RedisError, OSError) as error:
            return type(error).__name__
    return ""
