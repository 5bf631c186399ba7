"""`manage.py rundiscord`."""

import argparse
import asyncio
import logging
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from botworker.emulator.serve import Options, serve


class Command(BaseCommand):
    help = "Run an emulated Discord on this machine, with members who play. Loopback only."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--port", type=int, default=8790, help="port on 127.0.0.1; 0 takes a free one (8790)"
        )
        parser.add_argument("--seed", type=int, default=1, help="which world and players (1)")
        parser.add_argument(
            "--pace",
            type=float,
            default=2.5,
            help="seconds between two commands, on average; 0: nobody plays (2.5)",
        )
        parser.add_argument(
            "--token", default=None, help="the one bot token accepted; without it the demo's"
        )
        parser.add_argument(
            "--heartbeat-seconds",
            type=float,
            default=5.0,
            help="heartbeat interval; Discord's is 41.25, shorter shows latency sooner (5)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
        try:
            asyncio.run(
                serve(
                    Options(
                        port=options["port"],
                        seed=options["seed"],
                        pace=options["pace"],
                        token=options["token"],
                        heartbeat_seconds=options["heartbeat_seconds"],
                    ),
                    self._say,
                )
            )
        except OSError as error:
            reason = os.strerror(error.errno).lower() if error.errno else str(error)
            raise CommandError(
                f"Port {options['port']} on 127.0.0.1 cannot be used: {reason}."
                " Choose another with --port."
            ) from None

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
