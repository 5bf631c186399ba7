"""Whether a bot process lives, for whoever keeps it running."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from dashboard import bots
from dashboard.models import BotProcess


class Command(BaseCommand):
    help = "Exit with 0 if the bot process NAME is online, else with 1 and a line that tells why."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", default="bot", help="as it is shown (default: bot)")

    def handle(self, *, name: str, **_: Any) -> None:
        """Tell how it is by its last heartbeat. Raises `CommandError` if it is not online."""
        process = BotProcess.objects.filter(name=name).first()
        state = bots.state_of(process, timezone.now()) if process else "never seen"
        if state != "online":
            raise CommandError(f"{name} is {state}.")
        self.stdout.write(f"{name} is online.")
