"""How a member gets an answer: in time, once, and without a ping for anybody named in it."""

import asyncio
import logging
from typing import NamedTuple

import discord

from botworker.callback import (
    ALREADY_ACKNOWLEDGED,
    ANSWER_SECONDS,
    UNHEARD,
    UNREACHABLE,
    TakenUnheard,
    promptly,
    slowest_lately,
)
from botworker.errors import NotAnswered

logger = logging.getLogger(__name__)

Interaction = discord.Interaction[discord.Client]

DEFER_AFTER_SECONDS = 0.7
"""Discord gives up on an interaction after 3 s, which the deferral may need when Discord is slow;
a deferred one has 15 minutes."""
DEFER_MARGIN_SECONDS = 0.3
"""What is left of the 3 s when Discord takes as long for a deferral as it took of late."""
PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""Between the attempts to write a later answer, which has the time: outages last for minutes."""


class Reply(NamedTuple):
    """What to say: text or an embed, with buttons; `private` shows it to the member alone."""

    text: str = ""
    embed: discord.Embed | None = None
    private: bool = False
    view: discord.ui.View | None = None


class Deferral:
    """Buys time by itself when the answer takes long; sooner while Discord is slow."""

    def __init__(self, interaction: Interaction, *, private: bool) -> None:
        self._interaction = interaction
        self._private = private
        latest = ANSWER_SECONDS - DEFER_MARGIN_SECONDS - slowest_lately()
        after = max(0.0, min(DEFER_AFTER_SECONDS, latest))
        self._timer = asyncio.get_running_loop().call_later(after, self._start)
        self._deferring: asyncio.Task[None] | None = None
        self.unheard = False
        """Nobody knows whether Discord took the deferral: the response got lost."""

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
            with promptly():
                await self._interaction.response.defer(ephemeral=self._private)
        except TakenUnheard:
            self.unheard = True
        except (discord.HTTPException, *UNREACHABLE) as error:
            self.unheard = isinstance(error, UNHEARD)
            logger.warning("cannot defer %d: %s", self._interaction.id, describe(error))


async def send(interaction: Interaction, reply: Reply, deferral: Deferral) -> None:
    """Answer `interaction`, in the place of its deferral where there is one. Raises `NotAnswered`.

    After a deferral Discord decides by that one whether the answer is private. Should the response
    to a first answer get lost, it is written once more over what Discord may have.
    """
    await deferral.settle()
    try:
        if interaction.response.is_done() or not await _answer(interaction, reply, deferral):
            await _write(interaction, reply)
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


async def _answer(interaction: Interaction, reply: Reply, deferral: Deferral) -> bool:
    """Give the first answer; return False when Discord has, or may have, one of ours already."""
    try:
        with promptly():
            await interaction.response.send_message(
                reply.text or None,
                embed=reply.embed or discord.utils.MISSING,
                view=reply.view or discord.utils.MISSING,
                ephemeral=reply.private,
            )
    except (TakenUnheard, *UNHEARD):
        return False
    except discord.HTTPException as error:
        if deferral.unheard and error.code == ALREADY_ACKNOWLEDGED:
            return False
        raise
    return True


async def _write(interaction: Interaction, reply: Reply) -> None:
    """Put `reply` in the place of the first answer. Doing it again changes nothing."""
    for pause in (*PAUSES_SECONDS, None):
        try:
            await interaction.edit_original_response(
                content=reply.text or None,
                embed=reply.embed or discord.utils.MISSING,
                view=reply.view or discord.utils.MISSING,
            )
            return
        except UNHEARD:
            if pause is None:
                raise
            await asyncio.sleep(pause)


async def acknowledge(interaction: Interaction) -> None:
    """Take a press of a button in at once. Raises `discord.HTTPException`, and `UNREACHABLE`."""
    with promptly():
        try:
            await interaction.response.defer()
        except TakenUnheard:
            logger.info("interaction %d was acknowledged unheard", interaction.id)


async def say(interaction: Interaction, text: str) -> None:
    """Answer in one private sentence, or log that it cannot be."""
    try:
        with promptly():
            await interaction.response.send_message(text, ephemeral=True)
    except TakenUnheard:
        return
    except (discord.HTTPException, *UNREACHABLE) as error:
        logger.warning("cannot answer %d: %s", interaction.id, describe(error))


async def suggest_nothing(interaction: Interaction) -> None:
    """Answer somebody who types into an option with no suggestion at all."""
    try:
        with promptly():
            await interaction.response.autocomplete([])
    except TakenUnheard:
        return
    except (discord.HTTPException, *UNREACHABLE) as error:
        logger.info("cannot answer an autocomplete (%s)", describe(error))


def describe(error: Exception) -> str:
    """Return what went wrong, without the URL, which holds the interaction's token."""
    if isinstance(error, discord.HTTPException):
        return f"{type(error).__name__} {error.status}/{error.code}"
    return type(error).__name__
