"""Performs rows on the database that the environment names: see tests/drill/__main__.py."""

import argparse
import asyncio
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterable
from urllib.parse import urlsplit

import psycopg

from tests import environment
from tests.environment import DATABASE_VARIABLE, TEMPORARY

TEMPLATE = "drill_template"
USERS = 100


def name_template() -> None:
    """Have the default database be one that rows can be copied from."""
    given = os.environ.get(DATABASE_VARIABLE)
    if given is None:
        os.environ[DATABASE_VARIABLE] = f"sqlite:///{TEMPORARY / 'template.sqlite3'}"
    else:
        with psycopg.connect(given, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {TEMPLATE}")
        os.environ[DATABASE_VARIABLE] = urlsplit(given)._replace(path=f"/{TEMPLATE}").geturl()


name_template()
environment.load_django()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.test import Client  # noqa: E402

from tests.drill import rows  # noqa: E402, F401
from tests.drill.report import Progress, Result, table  # noqa: E402
from tests.drill.row import ROWS, Row, Seen  # noqa: E402
from tests.drill.world import World  # noqa: E402


def make_template() -> list[str]:
    """Migrate the template, make users; return a cookie of each, good for every copy."""
    call_command("migrate", verbosity=0)
    settings.STATIC_ROOT.mkdir()  # no page is asked for, but its place is looked for
    cookies = []
    for number in range(USERS):
        client = Client()
        client.force_login(User.objects.create_superuser(f"page{number}"))
        name = settings.SESSION_COOKIE_NAME
        cookies.append(f"{name}={client.cookies[name].value}")
    connections.close_all()
    return cookies


async def perform(row: Row, world: World) -> Seen:
    """Perform one row in its world. What breaks it is a miss, and stands in the table."""
    seen = Seen()
    try:
        async with world:
            await row.play(world, seen)
        tracebacks = sum(web.tracebacks for web in world.webs)  # also those of their end
        seen.require(not tracebacks, f"{tracebacks} tracebacks in the logs of the web processes")
    except (Exception, ExceptionGroup) as error:  # noqa: BLE001 - the others are still to be seen
        traceback.print_exception(error)
        seen.misses.append(f"{type(error).__name__}: {error}")
    if seen.misses:
        for web in world.webs:
            print("".join(f"    {line}" for line in list(web.lines)[-30:]), flush=True)
    return seen


async def perform_all(
    names: Iterable[str], cookies: list[str], *, seed: str, short: bool, lanes: int
) -> list[Result]:
    """Perform rows, so many at a time; return them in the order of the names."""
    progress = Progress()
    room = asyncio.Semaphore(lanes)

    async def one(name: str) -> Result:
        async with room:
            began = time.monotonic()
            world = World(
                name.replace("-", "_"),
                cookies=cookies,
                seed=seed,
                short=short,
                say=lambda text: progress.say(name, text),
            )
            seen = await perform(ROWS[name], world)
            result = Result(ROWS[name], seen, time.monotonic() - began)
            progress.end(result)
            return result

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(name)) for name in names]
    return [task.result() for task in tasks]


async def main(options: argparse.Namespace, cookies: list[str]) -> int:
    """Perform what is asked for, print the table; return 0 when every row is as expected."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is not None:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    began = time.monotonic()
    names = options.rows or list(ROWS)
    results = await perform_all(
        names, cookies, seed=options.seed, short=options.short, lanes=options.lanes
    )
    missed = [result.row.name for result in results if result.seen.misses]
    vendor = connections["default"].vendor
    print(f"\n{table(results)}\n")
    print(f"{vendor}: {len(results) - len(missed)} of {len(results)} rows as expected", end=" ")
    print(f"in {time.monotonic() - began:.0f} s, seed {options.seed}")
    if missed:
        print(f"missed: {' '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", required=True)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--lanes", type=int, required=True)
    parser.add_argument("--ordinary-writes", action="store_true")
    parser.add_argument("rows", nargs="*")
    options = parser.parse_args()
    os.environ["SOCKET_DIRECT_WRITES"] = str(not options.ordinary_writes)
    if unknown := set(options.rows) - set(ROWS):
        sys.exit(f"drill: there is no row {', '.join(unknown)}. There are: {' '.join(ROWS)}")
    try:
        sys.exit(asyncio.run(main(options, make_template())))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(130)
