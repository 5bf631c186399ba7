"""All slash commands pass here, in and out; the one error handler is here."""

import asyncio
import logging
from collections import OrderedDict

import discord
from discord import app_commands

from botworker import replies
from botworker.answers import Interaction, suggest_nothing
from botworker.busy import Busy
from botworker.cooldowns import Cooldowns
from botworker.digest import Digest
from botworker.errors import NotAnswered, Stopping, UnderMaintenance
from botworker.invocation import Invocation, begin, of
from botworker.outcomes import record_of
from botworker.recorder import Recorder
from economy.errors import EconomyError

logger = logging.getLogger(__name__)

REMEMBERED_MAX = 10_000
LAST_WORDS_SECONDS = 2.0

REFUSALS = (EconomyError, app_commands.CheckFailure)


class OutcomeTree(app_commands.CommandTree[discord.Client]):
    """Gives every command a clock, an answer whatever happens, and an outcome in the log.

    An interaction that is delivered again, as Discord does after a resume, is not run again by
    this process, unless its answer got lost. What arrives while `busy` is stopping is refused, and
    so is whatever arrives while `maintenance` is true.
    """

    def __init__(self, client: discord.Client) -> None:
        super().__init__(client)
        self.recorder = Recorder()
        self.busy = Busy()
        self.maintenance = False
        self._refusals = Digest(self.recorder)
        self._cut: list[Invocation] = []
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._cooldowns = Cooldowns()

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Take a command in; False for one that was taken before."""
        typing = interaction.type is discord.InteractionType.autocomplete
        if not typing and interaction.type is not discord.InteractionType.application_command:
            return True
        if interaction.id in self._seen:
            logger.info("interaction %d was delivered again", interaction.id)
            return False
        self._remember(interaction.id)
        if typing:
            self.busy.enter()
            if self.maintenance or self.busy.stopping:
                await suggest_nothing(interaction)
                return False
            return True
        invocation = begin(interaction)
        self.busy.enter().add_done_callback(lambda task: self._finish(task, invocation))
        if self.busy.stopping:
            raise Stopping
        if self.maintenance:
            raise UnderMaintenance
        self._guard(interaction)
        return True

    def _guard(self, interaction: Interaction) -> None:
        """Refuse what the command itself does not allow. Raises `CheckFailure`."""
        command = interaction.command
        if command is None:
            return
        # Discord does not offer it elsewhere, but a client that was tampered with may send it.
        if command.guild_only and interaction.guild_id is None:
            raise app_commands.NoPrivateMessage
        if rule := command.extras.get("cooldown"):
            self._cooldowns.take(command.qualified_name, interaction.user.id, rule)

    async def on_error(
        self, interaction: Interaction, error: app_commands.AppCommandError, /
    ) -> None:
        """Classify the error of a command and tell its member, in words of ours."""
        cause: Exception = getattr(error, "original", error)
        if interaction.type is discord.InteractionType.autocomplete:
            # Such as for a command that Discord still shows and this bot has no more.
            logger.info("nothing to suggest (%s)", type(cause).__name__)
            await suggest_nothing(interaction)
            return
        invocation = of(interaction)
        if isinstance(cause, NotAnswered):
            invocation.failure = cause
            return
        if isinstance(cause, REFUSALS):
            invocation.refusal = cause
            reply = replies.refusal(cause)
        else:
            invocation.failure = cause
            reply = replies.FAILED
            logger.error("/%s failed", invocation.command, exc_info=cause)
        try:
            await invocation.answer(reply)
        except NotAnswered as lost:
            invocation.failure = invocation.failure or lost

    async def finish(self, timeout_seconds: float, hurry: asyncio.Event) -> None:
        """Stop: let what is being answered finish (`Busy.finish`), and tell whom it was cut off."""
        if await self.busy.finish(timeout_seconds, hurry):
            return
        words = [each.answer(replies.FAILED) for each in self._cut if not each.answered]
        try:
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await asyncio.gather(*words, return_exceptions=True)
        except TimeoutError:
            logger.warning("not all whose command was cut off could be told")

    def maintain(self, on: bool) -> None:
        """Run no commands while `on`. Call it often: it tells of those that were refused."""
        self.maintenance = on
        self._refusals.tell(over=not on)

    def forget_cooldowns(self) -> int:
        """Let everybody call everything again; return how many cooldowns that were."""
        return self._cooldowns.clear()

    def _remember(self, interaction_id: int) -> None:
        self._seen[interaction_id] = None
        if len(self._seen) > REMEMBERED_MAX:
            self._seen.popitem(last=False)

    def _finish(self, task: asyncio.Task[object], invocation: Invocation) -> None:
        invocation.deferral.cancel()
        if task.cancelled():
            invocation.failure = asyncio.CancelledError()
            self._cut.append(invocation)
        elif (escaped := task.exception()) is not None:
            logger.error("/%s failed", invocation.command, exc_info=escaped)
            invocation.failure = escaped
        if not invocation.answered:
            self._seen.pop(invocation.interaction.id, None)
        record = record_of(invocation)
        if isinstance(invocation.refusal, UnderMaintenance) and invocation.failure is None:
            self._refusals.add(record)
        else:
            self.recorder.add(record)
