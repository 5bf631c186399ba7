"""After a bot process was given up, or another name."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from dashboard import audit, bots, services
from dashboard.frames import timestamp
from dashboard.models import BotProcess


class Command(BaseCommand):
    help = (
        "Forget the bot process NAME, which crashed and will not come back under that name: the "
        "dashboard would call it offline for a day. Its past stays in the charts and the log."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="as the dashboard shows it, such as bot:0-3/8")

    def handle(self, *, name: str, **_: Any) -> None:
        """Forget it. Raises `CommandError` if it lives or was never seen."""
        processes = {process.name: process for process in BotProcess.objects.all()}
        if name not in processes:
            known = ", ".join(sorted(processes)) or "none"
            raise CommandError(f"There is no bot process {name}. Known: {known}.")
        found = processes[name]
        state, seen_at = bots.state_of(found, timezone.now()), found.heartbeat_at
        with transaction.atomic():
            if state not in ("offline", "stopped") or not services.forget_bot(
                name, seen_at=seen_at
            ):
                raise CommandError(f"{name} lives. Stop it first.")
            before = {"state": state, "heartbeat_at": timestamp(seen_at)}
            audit.record(action="bot.forgotten", target=f"bot process {name}", before=before)
        self.stdout.write(f"{name} is forgotten.")
