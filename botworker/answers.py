"""How a member gets an answer: in time, once, and without a ping for anybody named in it."""

import asyncio
import logging
from typing import NamedTuple

import aiohttp
import discord

from botworker.errors import NotAnswered

logger = logging.getLogger(__name__)

Interaction = discord.Interaction[discord.Client]

DEFER_AFTER_SECONDS = 1.5
"""Discord gives up on an interaction after 3 s; a deferred one has 15 minutes."""
ALREADY_ACKNOWLEDGED = 40060

UNREACHABLE = (aiohttp.ClientError, OSError)


class Reply(NamedTuple):
    """What to say: text or an embed, with buttons; `private` shows it to the member alone."""

    text: str = ""
    embed: discord.Embed | None = None
    private: bool = False
    view: discord.ui.View | None = None


class Deferral:
    """Buys time by itself when the answer takes longer than `DEFER_AFTER_SECONDS`."""

    def __init__(self, interaction: Interaction, *, private: bool) -> None:
        self._interaction = interaction
        self._private = private
        self._timer = asyncio.get_running_loop().call_later(DEFER_AFTER_SECONDS, self._start)
        self._deferring: asyncio.Task[None] | None = None

    async def settle(self) -> None:
        """Start no deferral any more, and wait for one that is under way."""
        self._timer.cancel()
        if self._deferring is not None:
            await self._deferring

    def cancel(self) -> None:
        """Start no deferral any more."""
        self._timer.cancel()

    def _start(self) -> None:
        self._deferring = asyncio.create_task(self._defer())

    async def _defer(self) -> None:
        try:
            await self._interaction.response.defer(ephemeral=self._private)
        except (discord.HTTPException, *UNREACHABLE) as error:
            logger.warning("cannot defer %d: %s", self._interaction.id, describe(error))


async def send(interaction: Interaction, reply: Reply) -> None:
    """Answer `interaction`, by a follow-up where it was deferred. Raises `NotAnswered`.

    After a deferral Discord decides by that one whether the answer is private.
    """
    content = reply.text or None
    embed = reply.embed or discord.utils.MISSING
    view = reply.view or discord.utils.MISSING
    try:
        if interaction.response.is_done():
            await interaction.followup.send(
                content or discord.utils.MISSING, embed=embed, view=view, ephemeral=reply.private
            )
        else:
            await interaction.response.send_message(
                content, embed=embed, view=view, ephemeral=reply.private
            )
    except discord.HTTPException as error:
        if error.code == ALREADY_ACKNOWLEDGED:
            # Delivered twice, and the other delivery (another process, or one before) was quicker.
            logger.warning("interaction %d was answered before", interaction.id)
            return
        logger.warning("cannot answer %d: %s", interaction.id, describe(error))
        raise NotAnswered from error
    except UNREACHABLE as error:
        logger.warning("cannot answer %d: %s", interaction.id, describe(error))
        raise NotAnswered from error


async def suggest_nothing(interaction: Interaction) -> None:
    """Answer somebody who types into an option with no suggestion at all."""
    try:
        await interaction.response.autocomplete([])
    except (discord.HTTPException, *UNREACHABLE) as error:
        logger.info("cannot answer an autocomplete (%s)", describe(error))


def describe(error: Exception) -> str:
    """Return what went wrong, without the URL, which holds the interaction's token."""
    if isinstance(error, discord.HTTPException):
        return f"{type(error).__name__} {error.status}/{error.code}"
    return type(error).__name__
