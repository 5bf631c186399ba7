"""Telling Discord our commands, by hand."""

import asyncio
from typing import Any

import discord
from django.core.management import BaseCommand, CommandError

from botworker.client import install, point_at
from botworker.errors import StartRefused
from botworker.options import BotOptions
from botworker.runner import log_in
from botworker.sync import sync
from dashboard.preflight import require_database


class Command(BaseCommand):
    help = (
        "Tell Discord this bot's slash commands. `runbot` does so by itself when they changed;"
        " this is for when Discord lost or refused them. The bot may run meanwhile."
    )
    requires_system_checks: list[str] = []

    def handle(self, **_: Any) -> None:
        """Sync once."""
        try:
            options = BotOptions.from_settings()
            require_database()
            number = asyncio.run(_sync(options))
        except StartRefused as refused:
            raise CommandError(str(refused), returncode=refused.exit_code) from None
        except discord.HTTPException as error:
            raise CommandError(f"Discord refused the commands: {error}") from None
        self.stdout.write(f"Discord has {number} commands of this bot.")


async def _sync(options: BotOptions) -> int:
    point_at(options)
    client = await log_in(options)
    try:
        await install(client)
        return await sync(client.tree)
    finally:
        await client.close()
