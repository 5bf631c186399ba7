"""Lists that are longer than a message: two buttons, for the member who called."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import discord
from discord.ext import commands

from botworker import replies
from botworker.answers import Interaction, Reply, acknowledge, describe, say
from botworker.busy import Busy
from botworker.callback import ALREADY_ACKNOWLEDGED, UNREACHABLE

logger = logging.getLogger(__name__)

PAGES_SECONDS = 120.0
"""How long the buttons wait for the next press; far less than the 15 minutes of a token."""
PREFIX = "pages"
END_SECONDS = 2.0


@dataclass(frozen=True)
class Page:
    """What is shown, and the key of the page after it; None for the last one."""

    embed: discord.Embed
    following: Any = None


Turn = Callable[[int, Any], Awaitable[Page]]
"""Return the page of a number, from 0, that begins after a key; the first one's key is None."""


class Pages(discord.ui.View):
    """The buttons under one answer. They go when nobody pressed them for a while."""

    def __init__(
        self, paging: "Paging", interaction: Interaction, turn: Turn, first: Page, seconds: float
    ) -> None:
        super().__init__(timeout=seconds)
        self._paging = paging
        self.id_of_call = interaction.id
        self._latest = interaction
        self._owner_id = interaction.user.id
        self._turn = turn
        self._keys: list[Any] = [None]
        self._at = 0
        self._turning = asyncio.Lock()
        self._previous = self._button("Previous", -1)
        self._next = self._button("Next", +1)
        self._show(first)

    def _button(self, label: str, step: int) -> discord.ui.Button[Any]:
        name = f"{PREFIX}:{label.lower()}:{self.id_of_call}"
        button: discord.ui.Button[Any] = discord.ui.Button(label=label, custom_id=name)

        async def pressed(interaction: Interaction) -> None:
            await self._go(interaction, step)

        button.callback = pressed  # type: ignore[method-assign]
        self.add_item(button)
        return button

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Let nobody else turn the pages, and nobody at all in maintenance or before the end."""
        self._paging.busy.enter()
        if self._paging.busy.stopping:
            why = replies.RESTARTING
        elif self._paging.maintenance:
            why = replies.MAINTENANCE
        elif interaction.user.id != self._owner_id:
            why = replies.NOT_YOURS
        else:
            return True
        await say(interaction, why)
        return False

    async def _go(self, interaction: Interaction, step: int) -> None:
        await acknowledge(interaction)  # at once: the database may be slow
        async with self._turning:
            at = self._at + step
            if not 0 <= at < len(self._keys):
                return  # pressed twice, and the first press came to the end
            page = await self._turn(at, self._keys[at])
            self._at, self._latest = at, interaction
            self._show(page)
            await interaction.edit_original_response(embed=page.embed, view=self)

    def _show(self, page: Page) -> None:
        del self._keys[self._at + 1 :]
        if page.following is not None:
            self._keys.append(page.following)
        self._previous.disabled = self._at == 0
        self._next.disabled = page.following is None

    async def on_error(
        self, interaction: Interaction, error: Exception, item: discord.ui.Item[Any], /
    ) -> None:
        """Log it, and tell the member in words of ours."""
        if isinstance(error, discord.HTTPException) and error.code == ALREADY_ACKNOWLEDGED:
            logger.info("a press was delivered again")
            return
        logger.error("turning a page failed", exc_info=error)
        try:
            if interaction.response.is_done():
                await interaction.followup.send(replies.TURN_FAILED, ephemeral=True)
        except (discord.HTTPException, *UNREACHABLE) as lost:
            logger.warning("cannot tell so (%s)", describe(lost))

    async def on_timeout(self) -> None:
        """Take the buttons away."""
        await self.end()

    async def end(self) -> None:
        """Take the buttons away; what is shown stays."""
        self.stop()
        try:
            async with asyncio.timeout(END_SECONDS):
                await self._latest.edit_original_response(view=None)
        except (discord.HTTPException, TimeoutError, *UNREACHABLE) as error:
            logger.info("the buttons of %d stay (%s)", self.id_of_call, describe(error))


class Paging(commands.Cog):
    """The pages that can be turned now, of one process. They outlive a reload of the commands."""

    def __init__(self, busy: Busy, seconds: float = PAGES_SECONDS) -> None:
        self.busy = busy
        self._seconds = seconds
        self._live: dict[int, Pages] = {}
        self.maintenance = False
        """No page is turned while this is true."""

    async def begin(self, interaction: Interaction, turn: Turn) -> Reply:
        """Return the answer with the first page; without buttons when there is no second one."""
        first = await turn(0, None)
        if first.following is None:
            return Reply(embed=first.embed)
        self._live = {id: pages for id, pages in self._live.items() if not pages.is_finished()}
        pages = Pages(self, interaction, turn, first, self._seconds)
        self._live[interaction.id] = pages
        return Reply(embed=first.embed, view=pages)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        """Tell who presses buttons of pages that nobody turns any more, as after a restart."""
        if interaction.type is not discord.InteractionType.component:
            return
        data: dict[str, Any] = dict(interaction.data or {})
        prefix, _, call = str(data.get("custom_id", "")).partition(":")
        pages = self._live.get(int(call.rpartition(":")[2] or 0)) if prefix == PREFIX else None
        if prefix != PREFIX or (pages is not None and not pages.is_finished()):
            return
        self.busy.enter()
        await say(interaction, replies.RESTARTING if self.busy.stopping else replies.EXPIRED)

    async def cog_unload(self) -> None:
        """Take all buttons away: the process ends, and nobody would answer them."""
        await asyncio.gather(*(pages.end() for pages in self._live.values()))
