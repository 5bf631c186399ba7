"""The game: `/daily`, `/balance`, `/transfer`, `/leaderboard`."""

import discord
from discord import app_commands
from discord.ext import commands

from botworker import invocation, replies
from botworker.answers import Interaction
from botworker.database import in_database
from economy import queries, services


class Economy(commands.Cog):
    """Asks the economy, and says what it answered. What it refuses, the tree says."""

    @app_commands.command(description="Claim your coins of the day.")
    async def daily(self, interaction: Interaction) -> None:
        """Pay the daily reward."""
        call = invocation.of(interaction)
        claim = await in_database(
            services.claim_daily,
            request_id=str(interaction.id),
            member_id=interaction.user.id,
            member_name=interaction.user.display_name,
            origin=call.origin,
        )
        await call.answer(replies.claimed(claim))

    @app_commands.command(description="See how many coins you have.", extras={"private": True})
    @app_commands.describe(member="Somebody else whose coins you want to see")
    async def balance(self, interaction: Interaction, member: discord.User | None = None) -> None:
        """Show a balance."""
        whose = member or interaction.user
        amount = await in_database(queries.balance, whose.id)
        own = whose.id == interaction.user.id
        await invocation.of(interaction).answer(replies.balance(whose, amount, own=own))

    @app_commands.command(description="Send some of your coins to another member.")
    @app_commands.describe(member="Who gets the coins", amount="How many coins, 1 or more")
    async def transfer(self, interaction: Interaction, member: discord.User, amount: int) -> None:
        """Move coins. Impossible amounts are refused by the economy, with a sentence."""
        call = invocation.of(interaction)
        transfer = await in_database(
            services.transfer,
            request_id=str(interaction.id),
            sender_id=interaction.user.id,
            receiver_id=member.id,
            amount=amount,
            sender_name=interaction.user.display_name,
            receiver_name=member.display_name,
            receiver_is_bot=member.bot,
            origin=call.origin,
        )
        await call.answer(replies.transferred(transfer))

    @app_commands.command(description="See who has the most coins.")
    async def leaderboard(self, interaction: Interaction) -> None:
        """Show the richest members."""
        standings = await in_database(queries.leaderboard, replies.LEADERS)
        await invocation.of(interaction).answer(replies.leaderboard(standings))
