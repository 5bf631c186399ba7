"""The bot."""

import asyncio
import logging
import os
import time
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import DatabaseError, connections

from botworker.database import keep_connections
from botworker.errors import StartRefused
from botworker.options import BotOptions, ShardRange
from botworker.runner import run
from dashboard.models import BotProcess
from dashboard.preflight import (
    BrokerRefused,
    require_broker,
    require_database,
    require_settings,
)

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = """Run the bot: connect to Discord, answer commands, report to the dashboard.

Set DISCORD_TOKEN first. SIGTERM or Ctrl-C stops it: what it is answering may finish within
10 s, and it signs off from Discord. A second one ends it at once.

Large bots run as several processes, each with a range of the shards:

    manage.py runbot --shards 0-3/8
    manage.py runbot --shards 4-7/8

Exit codes:
   0  stopped as told
   1  the database cannot be used, or lacks migrations
   2  an option is wrong
  69  Discord cannot be reached; starting again may help
  78  a setting is wrong, such as the token; starting again does not help"""
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.formatter_class = RawDescriptionHelpFormatter
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--shards",
            type=_shards,
            metavar="FIRST-LAST/TOTAL",
            help="the shards of this process, such as 0-3/8; 4 stands for all of four"
            " (default: unsharded, which serves bots in up to 2,500 guilds)",
        )
        parser.add_argument(
            "--name",
            type=_name,
            default="",
            help='how the dashboard calls this process (default: "bot", with its shards)',
        )
        parser.add_argument(
            "--linger",
            type=float,
            default=0.0,
            metavar="SECONDS",
            help="when a setting is wrong (78), end only after so long: for supervisors that start"
            " anything again at once, such as Docker (default: 0)",
        )

    def handle(self, *, shards: ShardRange | None, name: str, linger: float, **_: Any) -> None:
        """Serve until told to stop."""
        try:
            require_settings()
            options = BotOptions.from_settings(name=name, shards=shards)
            keep_connections()
            require_database()
            connections.close_all()
            asyncio.run(run(replace(options, broker_refused=not _broker_takes_us())))
        except StartRefused as refused:
            if refused.exit_code == os.EX_CONFIG and linger:
                self.stderr.write(f"{refused} Ends in {linger:g} s.")
                time.sleep(linger)  # a signal ends it
            raise CommandError(str(refused), returncode=refused.exit_code) from None
        except DatabaseError as error:  # at the very start: a bot that serves waits for it
            reason = type(error).__name__
            raise CommandError(
                f"The database went away while the bot started ({reason}). Start it again."
            ) from None
        except KeyboardInterrupt:  # before the bot listens to signals itself
            raise CommandError("Interrupted.", returncode=130) from None


def _broker_takes_us() -> bool:
    """Tell whether the broker does not refuse us; the log says that, and whether it is away.

    Either way the bot works: pages find in the database what they are not told.
    """
    without = "The bot starts without it; events reach pages some seconds late."
    try:
        require_broker(settings.STARTUP_WAIT_SECONDS)
    except BrokerRefused as error:
        logger.error("%s %s", error, without)
        return False
    except CommandError as error:
        logger.warning("%s %s", error, without)
    return True


def _name(text: str) -> str:
    longest = BotProcess._meta.get_field("name").max_length
    if longest is not None and len(text) > longest:
        raise ArgumentTypeError(f"{text!r} is longer than {longest} characters")
    return text


def _shards(text: str) -> ShardRange:
    try:
        return ShardRange.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
