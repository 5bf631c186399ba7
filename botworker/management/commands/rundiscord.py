"""`manage.py rundiscord`."""

import argparse
import asyncio
import logging
import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from botworker.emulator.limits import Limits
from botworker.emulator.scenario import ScenarioError
from botworker.emulator.serve import DEMO, USUAL_PACE, Options, serve
from botworker.emulator.tls import UnusableCertificate

_INTENTS = {"members": 1 << 1, "presences": 1 << 8, "message_content": 1 << 15}


class Command(BaseCommand):
    help = (
        "Run an emulated Discord on this machine, with members who play. Loopback only. Faults on"
        " command: POST http://127.0.0.1:PORT/_control/reconnect; GET /_control lists them."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add = parser.add_argument
        add("--port", type=int, default=8790, help="port on 127.0.0.1; 0 takes a free one (8790)")
        add("--seed", type=int, default=1, help="which world and players (1)")
        add(
            "--pace",
            type=float,
            default=None,
            help="seconds between two commands, on average; 0: nobody plays. Without a scenario"
            " of your own it replaces the demo's day",
        )
        add("--token", default=None, help="the one bot token accepted; without it the demo's")
        add(
            "--scenario",
            default=None,
            help='file of scenes played in a loop; "none" for fair weather (the demo\'s day)',
        )
        add(
            "--heartbeat-seconds",
            type=float,
            default=5.0,
            help="heartbeat interval, at least 1; Discord's is 41.25, shorter shows latency sooner",
        )
        add(
            "--tls",
            type=Path,
            metavar="FILE",
            default=None,
            help="speak TLS with the certificate and key of this PEM file, made when absent;"
            " the bot trusts it by DISCORD_CA_FILE=FILE (plain)",
        )
        add("--guilds", type=int, default=5, help="how many guilds (5)")
        add("--members", type=int, default=60, help="how many people (60)")
        add("--max-concurrency", type=int, default=1, help="shards that may identify at once (1)")
        add(
            "--grant",
            nargs="*",
            default=[],
            choices=sorted(_INTENTS),
            help="privileged intents the application was granted (none)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            asyncio.run(serve(self._options(options), self._say))
        except ScenarioError as error:
            raise CommandError(f"{options['scenario']}: {error}") from None
        except UnusableCertificate as error:
            raise CommandError(f"{options['tls']}: {error}.") from None
        except OSError as error:
            reason = os.strerror(error.errno).lower() if error.errno else str(error)
            if error.filename is not None:
                raise CommandError(f"{error.filename} cannot be read: {reason}.") from None
            raise CommandError(
                f"Port {options['port']} on 127.0.0.1 cannot be used: {reason}."
                " Choose another with --port."
            ) from None

    def _options(self, options: dict[str, Any]) -> Options:
        logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
        for name, low, high in (
            ("port", 0, 65535),
            ("pace", 0, 86_400),
            ("heartbeat_seconds", 1, 600),
            ("guilds", 1, 2500),
            ("members", 1, 1_000_000),
            ("max_concurrency", 1, 64),
        ):
            value = options[name]
            if value is not None and not low <= value <= high:
                flag = name.replace("_", "-")
                raise CommandError(f"--{flag} {value} is not between {low} and {high}.")
        pace, scenario = options["pace"], options["scenario"]
        if scenario is None and pace is None:
            scenario = DEMO
        return Options(
            port=options["port"],
            seed=options["seed"],
            pace=USUAL_PACE if pace is None else pace,
            token=options["token"],
            scenario=None if scenario in {None, "none"} else Path(scenario),
            guilds=options["guilds"],
            members=options["members"],
            tls=options["tls"],
            limits=Limits(
                heartbeat_seconds=options["heartbeat_seconds"],
                max_concurrency=options["max_concurrency"],
                granted_intents=sum(_INTENTS[name] for name in set(options["grant"])),
            ),
        )

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
