"""The game: `/daily`, `/balance`, `/transfer`, `/leaderboard`, `/history`."""

import asyncio
import logging
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands
from django.db import DatabaseError

from botworker import invocation, replies
from botworker.amounts import suggest
from botworker.answers import Interaction
from botworker.database import in_database
from botworker.paging import Page, Paging
from economy import queries, services
from economy.history import history

logger = logging.getLogger(__name__)

SUGGESTING_SECONDS = 2.0


class Economy(commands.Cog):
    """Asks the economy, and says what it answered. What it refuses, the tree says.

    Coins belong to a member wherever they are, so the commands work in direct messages too. Not
    `/transfer`: nobody is there to send to, and whoever gets coins should see it said.
    """

    def __init__(self, paging: Paging) -> None:
        self._paging = paging

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
    @app_commands.guild_only()
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

    @transfer.autocomplete("amount")
    async def amounts(self, interaction: Interaction, typed: Any) -> list[app_commands.Choice[int]]:
        """Suggest what the member has; nothing when the database does not say so in time."""
        try:
            async with asyncio.timeout(SUGGESTING_SECONDS):
                balance = await in_database(queries.balance, interaction.user.id)
        except (DatabaseError, TimeoutError) as error:
            logger.info("no amounts to suggest (%s)", type(error).__name__)
            return []
        found = suggest(balance, str(typed))
        return [app_commands.Choice(name=label, value=amount) for label, amount in found]

    @app_commands.command(description="See who has the most coins.", extras={"cooldown": (3, 15.0)})
    async def leaderboard(self, interaction: Interaction) -> None:
        """Show the richest members, page by page."""

        async def turn(number: int, after: Any) -> Page:
            # One more than is shown tells whether there is another page.
            found = await in_database(queries.leaderboard, replies.LEADERS + 1, after)
            shown = found[: replies.LEADERS]
            more = len(found) > len(shown)
            return Page(replies.leaderboard(shown, number), shown[-1] if more else None)

        await invocation.of(interaction).answer(await self._paging.begin(interaction, turn))

    @app_commands.command(
        description="See what happened to your coins.",
        extras={"private": True, "cooldown": (3, 15.0)},
    )
    async def history(self, interaction: Interaction) -> None:
        """Show the member's own ledger, page by page, to them alone."""

        async def turn(number: int, before: Any) -> Page:
            found = await in_database(history, interaction.user.id, replies.LINES + 1, before)
            shown = found[: replies.LINES]
            more = len(found) > len(shown)
            return Page(replies.history(shown, number), shown[-1].entry_id if more else None)

        reply = await self._paging.begin(interaction, turn)
        await invocation.of(interaction).answer(reply._replace(private=True))
