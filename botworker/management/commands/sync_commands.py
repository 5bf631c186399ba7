"""Telling Discord our commands, by hand."""

import asyncio
from typing import Any

import discord
from django.core.management import BaseCommand, CommandError
from django.db import DatabaseError

from botworker.client import install, point_at
from botworker.database import in_database
from botworker.errors import StartRefused
from botworker.options import BotOptions
from botworker.runner import log_in
from botworker.sync import Tree, sync
from dashboard import audit
from dashboard.preflight import require_database


class Command(BaseCommand):
    help = (
        "Tell Discord this bot's slash commands. `runbot` does so by itself when they changed;"
        " this is for when Discord lost or refused them. The bot may run meanwhile. It is kept in"
        " the audit log, which the database role of the bot may not write."
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
        await in_database(_keep, client.tree)
        return await sync(client.tree)
    finally:
        await client.close()


def _keep(tree: Tree) -> None:
    """Keep who did it, before it begins; without that it is not done."""
    names = sorted(command.name for command in tree.get_commands())
    try:
        audit.record(action="bot.sync_requested", target="Discord", after={"commands": names})
    except DatabaseError as error:
        raise CommandError(
            f"The audit log cannot be written: {str(error).strip().splitlines()[0]}. Nothing was"
            " synced. Set DATABASE_URL to that of aurora_migrate: docs/operations.md."
        ) from None
