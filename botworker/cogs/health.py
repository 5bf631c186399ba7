"""`/ping`: is the bot there, and how far is Discord?"""

from discord import app_commands
from discord.ext import commands

from botworker import invocation, replies
from botworker.answers import Interaction
from botworker.cogs.gateway import Gateway


class Health(commands.Cog):
    """Answers without the database, so that it works when nothing else does."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    @app_commands.command(
        description="Check that the bot is there.", extras={"private": True, "cooldown": (5, 10.0)}
    )
    async def ping(self, interaction: Interaction) -> None:
        """Say how far Discord is."""
        await invocation.of(interaction).answer(replies.pong(self._gateway.snapshot().latency_ms))
