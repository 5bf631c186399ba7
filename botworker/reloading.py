"""New code for the commands of a bot that runs: all of it, or none."""

import importlib
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import discord
from discord.ext import commands

from botworker import amounts, replies
from botworker.answers import describe
from botworker.callback import UNREACHABLE
from botworker.client import Bot, Made, tree_of
from botworker.cogs import economy, health
from botworker.controls import ActionFailed
from botworker.sync import digest_of, sync_if_changed

logger = logging.getLogger(__name__)

# What the commands are made of, each after those it imports. The services they call, the tree and
# the connection are not: those take a new process.
MODULES: tuple[ModuleType, ...] = (replies, amounts, economy, health)


class Reloader:
    """Reads the commands' code anew, and swaps the cogs between two commands.

    `tells_discord` is true in the one process that syncs. A command that runs goes on as it began.
    """

    def __init__(self, client: Bot, made: Made, *, tells_discord: bool) -> None:
        self._client = client
        self._made = made
        self._cogs = made.cogs
        self._tells_discord = tells_discord

    async def reload(self) -> str:
        """Return what was done. Raises `ActionFailed`; whatever it raises, the old code stays."""
        tree = tree_of(self._client)
        before = digest_of(tree)
        with _all_or_none():
            cogs = self._made_anew()
            try:
                await self._swap(self._cogs, cogs)
                told = await self._tell_discord(digest_of(tree) != before)
            except BaseException:
                await self._swap(cogs, self._cogs)
                raise
        self._cogs = cogs
        return f"commands reloaded: {len(tree.get_commands())}, {told}"

    def _made_anew(self) -> list[commands.Cog]:
        try:
            for module in MODULES:
                _forget_names(module)
                importlib.reload(module)
            cogs = self._made.anew()
        except Exception as error:
            logger.exception("the commands cannot be loaded anew")
            raise ActionFailed(f"{_fault(error)}; the old commands stay") from None
        names = [command.name for cog in cogs for command in cog.get_app_commands()]
        if len(set(names)) != len(names):
            raise ActionFailed("two of the new commands have one name; the old commands stay")
        return cogs

    async def _swap(self, old: list[commands.Cog], new: list[commands.Cog]) -> None:
        # Nothing here waits: no command can come in between and find none.
        for cog in old:
            await self._client.remove_cog(cog.qualified_name)
        for cog in new:
            await self._client.add_cog(cog)

    async def _tell_discord(self, changed: bool) -> str:
        if not changed:
            return "for Discord they are the same"
        if not self._tells_discord:
            return "the process with shard 0 tells Discord"
        try:
            await sync_if_changed(tree_of(self._client))
        except (discord.HTTPException, *UNREACHABLE) as error:
            logger.exception("Discord does not take the commands")
            raise ActionFailed(
                f"Discord did not take the new commands ({describe(error)}); the old ones stay"
            ) from None
        return "Discord was told"


def _forget_names(module: ModuleType) -> None:
    """Leave nothing that the new code could use without having it: a new process would not."""
    for name in [name for name in vars(module) if not name.startswith("__")]:
        delattr(module, name)


@contextmanager
def _all_or_none() -> Iterator[None]:
    """Have the modules be as before when what is done here fails."""
    before = [dict(vars(module)) for module in MODULES]
    try:
        yield
    except BaseException:
        for module, names in zip(MODULES, before, strict=True):
            vars(module).clear()
            vars(module).update(names)
        raise


def _fault(error: Exception) -> str:
    """Say where the new code is wrong: the type and the place, no text of the error."""
    if isinstance(error, SyntaxError):
        return f"SyntaxError in {Path(error.filename or '?').name}, line {error.lineno}"
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(place.filename).name}, line {place.lineno}"
