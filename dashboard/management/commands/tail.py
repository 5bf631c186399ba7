"""The live feed in a terminal."""

import asyncio
import logging
import os
import signal
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

import aiohttp
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.core.management import BaseCommand, CommandError
from django.db import DatabaseError

from dashboard.client.follower import Follower
from dashboard.client.lines import Lines
from dashboard.client.options import PAST_EVENTS, Options, read_options
from dashboard.client.past import begin, read_past
from dashboard.client.server import Lost, Refused, Server
from dashboard.client.signin import headers_for, origins_for
from dashboard.client.terminal import Terminal, when_unread
from dashboard.operator_session import LIFETIME, NobodyToBe, Session, find_user, session_of
from dashboard.parameters import BadParameter
from dashboard.preflight import require_database

logger = logging.getLogger(__name__)

EXAMPLES = """
examples:
  manage.py tail --level warn,error
  manage.py tail --kind 'economy.*' --since 2h
  manage.py tail --json -n 0 | jq -r .message
"""


class Command(BaseCommand):
    help = (
        "Show the live feed of a running web process in this terminal: the last events, then each"
        " one as it commits, without a hole or a duplicate whatever breaks meanwhile. Signs in by"
        " itself, on this machine's database. What it says of the connection goes to standard"
        " error. Ctrl-C ends it."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        own = f"http://127.0.0.1:{settings.PORT}"
        add = parser.add_argument
        add("--url", default=own, help=f"the web process (default: {own})")
        add("--user", help="whom to be (default: the first active superuser)")
        add("--level", help="only these levels: success, info, warn, error; commas between them")
        add("--kind", help="only this kind, or a whole family: 'economy.*'")
        add("--guild", help="only this guild, by its id")
        add("--actor", help="only this member, by their id")
        add("--command", help="only this slash command")
        add("--fingerprint", help="only the failures of one error group")
        add("--text", help="only events in whose sentence or names this stands")
        add("--since", help="from an event's number on, or 15m, 2h, 1d ago, or an ISO time (UTC)")
        add("-n", "--limit", type=int, metavar="N", help="how many past events at most"
            f" (default: {PAST_EVENTS}; with --since all)")  # fmt: skip
        add("--json", action="store_true", help="write each event as one JSON object a line")

    def handle(self, **options: Any) -> None:
        """Show events until Ctrl-C, SIGTERM, or nobody reads; else raise `CommandError`."""
        try:
            asked = read_options(options)
        except BadParameter as error:
            raise CommandError(str(error)) from None
        require_database()
        lines = None if options["json"] else Lines(coloured=_coloured(options))
        terminal = Terminal(self.stdout, self.stderr, wanted=asked.wanted, lines=lines)
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            user = find_user(options["user"])
            with session_of(user) as session:
                terminal.say(f"{asked.url} as {user.get_username()}")
                asyncio.run(_tail(asked, session, terminal))
        except NobodyToBe as error:
            raise CommandError(_nobody(error)) from None
        except BadParameter as error:
            raise CommandError(str(error)) from None
        except Refused as error:
            raise CommandError(f"{asked.url} refuses: {error}.") from None
        except Lost as error:
            raise CommandError(
                f"No web process answers at {asked.url} ({error})."
                " Start one: manage.py runweb. Or name another with --url."
            ) from None
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left in it
        except (KeyboardInterrupt, asyncio.CancelledError):
            pass
        finally:
            signal.signal(signal.SIGTERM, before)


async def _tail(asked: Options, session: Session, terminal: Terminal) -> None:
    """Show the past, then what happens; ends only by an exception."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        when_unread(sys.stdout, task.cancel)

    async def renew() -> None:
        try:
            await database_sync_to_async(session.save)()
        except UpdateError:
            raise Refused("the session has ended") from None
        except DatabaseError as error:
            logger.warning("the session could not be renewed: %s", error)

    async def keep_signed_in() -> None:
        while True:
            await asyncio.sleep(LIFETIME.total_seconds() / 3)
            await renew()

    async with aiohttp.ClientSession() as http:
        headers = headers_for(asked.url, session.session_key)
        server = Server(http, asked.url, headers, origins_for(asked.url))
        course = await begin(server)
        async for event in read_past(
            server, course, asked.wanted, limit=asked.limit, since=asked.since
        ):
            terminal.show(event)
        follower = Follower(server, course, terminal.tell, before_trying=renew)
        await asyncio.gather(follower.run(), keep_signed_in())


def _coloured(options: dict[str, Any]) -> bool:
    if options["no_color"] or options["force_color"]:
        return bool(options["force_color"])
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


def _nobody(error: NobodyToBe) -> str:
    if error.name is None:
        return (
            "There is no active superuser to be. Name somebody who may view the dashboard with"
            " --user, or make one: manage.py createsuperuser"
        )
    if error.exists:
        return f"The user {error.name!r} is disabled, or may not view the dashboard."
    return f"There is no user {error.name!r}."
