"""For bots that are not ours: a cog that reports another discord.py bot to the dashboard.

Needs the apps `dashboard` and `botworker`, and nothing of the economy. docs/your-own-bot.md.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands
from discord.http import Route
from django.utils import timezone

from botworker.answers import Interaction, say, suggest_nothing
from botworker.cogs.gateway import Gateway
from botworker.cogs.guilds import Guilds
from botworker.controls import ActionFailed, Controls
from botworker.digest import Digest
from botworker.errors import fingerprint
from botworker.options import BotOptions
from botworker.recorder import Recorder
from botworker.records import Record
from botworker.spool import Spool
from botworker.telemetry import Telemetry
from dashboard.events import Origin, Ref
from dashboard.models import ControlAction, Level
from dashboard.runs import Fault

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 5.0
MAINTENANCE = "I am under maintenance and do nothing for now. Please try again later."
_BEGAN = "aurora.began"

Check = Callable[[Interaction], Coroutine[Any, Any, bool]]
Handler = Callable[[Interaction, app_commands.AppCommandError], Coroutine[Any, Any, None]]


class Dashboard(commands.Cog):
    """Reports how slash commands end, how the connection is, and that the process lives.

    Nothing waits for it: what cannot be recorded is kept, in `spool` across a kill as well. A check
    that failed counts as refused, any other error as failed; the bot's own handler still runs.
    """

    def __init__(
        self,
        bot: commands.Bot | commands.AutoShardedBot,
        *,
        name: str = "bot",
        spool: Path | None = None,
        heartbeat_seconds: float = 5.0,
    ) -> None:
        """Several processes need several names."""
        self._bot = bot
        self._name = name
        self._recorder = Recorder()
        self._recorder.use(Spool(spool))
        self._gateway = Gateway(bot, self._recorder)
        self._options = BotOptions(
            token="", api_url=Route.BASE, gateway_url="", name=name,
            heartbeat_seconds=heartbeat_seconds,
        )  # fmt: skip
        self._guilds = Guilds(bot, self._gateway, self._options)
        actions = {
            ControlAction.RELOAD_COMMANDS: self._reload,
            ControlAction.CLEAR_CACHE: self._clear_cache,
        }
        self._controls = Controls(name, self._maintain, actions)
        self._maintenance = False
        self._refusals = Digest(self._recorder)
        self._tasks: list[asyncio.Task[None]] = []
        self._handler: Handler | None = None
        self._check: Check | None = None

    async def cog_load(self) -> None:
        """Begin to report."""
        await self._bot.add_cog(self._gateway)
        await self._bot.add_cog(self._guilds)
        tree: app_commands.CommandTree[Any] = self._bot.tree
        self._handler = tree.on_error
        tree.error(self._on_error)
        check = tree.interaction_check

        async def timed(interaction: Interaction) -> bool:
            interaction.extras[_BEGAN] = time.perf_counter()
            if self._maintenance:
                await self._refuse(interaction)
                return False
            return await check(interaction)

        tree.interaction_check = timed  # type: ignore[method-assign]
        self._check = check
        self._telemetry = Telemetry(self._options, self._gateway, timezone.now())
        told, guilds = self._telemetry, self._guilds
        work = (
            self._recorder.run,
            *(told.run_heartbeats, told.run_watch, told.run_samples),
            *(guilds.run_telling, guilds.run_refreshing, guilds.run_counting),
            self._controls.run,
        )
        self._tasks = [asyncio.create_task(each()) for each in work]
        self._recorder.add(Record(kind="bot.started", message=f"Bot {self._bot.user} started"))

    async def cog_unload(self) -> None:
        """Leave the bot as it was, record what is left, and say goodbye."""
        tree: app_commands.CommandTree[Any] = self._bot.tree
        if self._check is not None and self._handler is not None:
            tree.interaction_check = self._check  # type: ignore[method-assign]
            tree.on_error = self._handler  # type: ignore[method-assign]
        self._recorder.add(Record(kind="bot.stopped", message="Bot stopped"))
        recorded = await self._recorder.flush(FLUSH_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._recorder.close()
        if recorded:  # else the database is away
            await self._telemetry.say_goodbye()

    def _maintain(self, on: bool) -> None:
        self._maintenance = on
        self._refusals.tell(over=not on)

    async def _reload(self) -> str:
        names = list(self._bot.extensions)
        if not names:
            raise ActionFailed("this bot has no extensions to reload")
        for done, name in enumerate(names):
            try:
                await self._bot.reload_extension(name)
            except commands.ExtensionError as error:
                logger.exception("%s cannot be reloaded", name)
                cause = type(error.__cause__ or error).__name__
                raise ActionFailed(
                    f"{name} stays as it was ({cause}); reloaded before it: {done}"
                ) from None
        return f"extensions reloaded: {len(names)}; Discord was not told"

    async def _clear_cache(self) -> str:
        return f"guilds told anew: {self._guilds.forget()}"

    async def _refuse(self, interaction: Interaction) -> None:
        """Tell a member that nothing runs now; buttons and forms stay the bot's own matter."""
        if interaction.type is discord.InteractionType.autocomplete:
            await suggest_nothing(interaction)
            return
        await say(interaction, MAINTENANCE)
        message = f"Refused: {interaction.user.display_name} used /{_name(interaction)}"
        self._refusals.add(
            Record(kind="bot.command_refused", message=f"{message} during maintenance",
                   data={"refusal": "UnderMaintenance"}, outcome="refused", **_about(interaction))
        )  # fmt: skip

    @commands.Cog.listener()
    async def on_app_command_completion(self, interaction: Interaction, command: object) -> None:
        """Report a command that ended well."""
        message = f"/{_name(interaction)} for {interaction.user.display_name}"
        self._recorder.add(
            Record(kind="bot.command_completed", message=message, outcome="completed",
                   **_about(interaction))
        )  # fmt: skip

    async def _on_error(
        self, interaction: Interaction, error: app_commands.AppCommandError
    ) -> None:
        message = f"/{_name(interaction)} for {interaction.user.display_name}"
        if isinstance(error, app_commands.CheckFailure):
            self._recorder.add(
                Record(kind="bot.command_refused", message=f"Refused: {message}",
                       outcome="refused", **_about(interaction))
            )  # fmt: skip
        else:
            cause: Exception = getattr(error, "original", error)
            fault = Fault(fingerprint(cause)[0], type(cause).__name__, fingerprint(cause)[1])
            self._recorder.add(
                Record(kind="bot.command_failed", level=Level.ERROR, outcome="failed", fault=fault,
                       message=f"{message} failed: {fault.error}", data=fault._asdict(),
                       **_about(interaction))
            )  # fmt: skip
        if self._handler is not None:
            await self._handler(interaction, error)


def _name(interaction: Interaction) -> str:
    return interaction.command.qualified_name if interaction.command else "?"


def _about(interaction: Interaction) -> dict[str, Any]:
    now = time.perf_counter()
    guild: discord.Guild | None = interaction.guild
    where = (
        None
        if interaction.guild_id is None
        else Ref(interaction.guild_id, guild.name if guild else "")
    )
    who = Ref(interaction.user.id, interaction.user.display_name)
    return {
        "origin": Origin(where, who, _name(interaction), str(interaction.id)),
        "duration_ms": round((now - interaction.extras.get(_BEGAN, now)) * 1000, 1),
        "once": "bot.command_",
    }
