"""Telling Discord our commands: only when they changed, for it counts how often they do."""

import hashlib
import json
import logging
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands
from django.db import DatabaseError

from botworker.callback import UNREACHABLE
from botworker.database import in_database
from botworker.models import SyncedCommands

logger = logging.getLogger(__name__)

# What changes a command or an option even where it is not ours to set.
_MEANINGFUL = frozenset(
    ("options", "choices", "required", "autocomplete", "channel_types")
    + ("min_value", "max_value", "min_length", "max_length", "default_member_permissions")
)

Tree = app_commands.CommandTree[Any]


def digest_of(tree: Tree) -> str:
    """Return what changes when, and only when, something changes that Discord shows."""
    payload = sorted((c.to_dict(tree) for c in tree.get_commands()), key=lambda c: str(c["name"]))
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()


async def sync(tree: Tree) -> int:
    """Make Discord's commands ours, remember their digest, and return how many there are.

    Raises `discord.HTTPException`, `aiohttp.ClientError`, and what the database raises.
    """
    # Should the answer get lost, or this process end: nobody is sure then what Discord has.
    await in_database(_remember, _application_id(tree), "")
    synced = await tree.sync()
    await in_database(_remember, _application_id(tree), digest_of(tree))
    logger.info("synced %d commands", len(synced))
    return len(synced)


async def sync_if_changed(tree: Tree) -> bool:
    """Sync unless the last sync of this application was of the same commands; tell whether."""
    if await in_database(_last_digest, _application_id(tree)) == digest_of(tree):
        return False
    await sync(tree)
    return True


async def sync_if_different(tree: Tree) -> bool:
    """Sync unless Discord itself shows our commands; tell whether. Raises what `sync` does."""
    kept = await tree.client.http.get_global_commands(_application_id(tree))
    there = {(command["type"], command["name"]): command for command in kept}
    ours = [command.to_dict(tree) for command in tree.get_commands()]
    same = all(_is_shown(one, there.get((one["type"], one["name"]))) for one in ours)
    if same and len(there) == len(ours):
        return False
    await sync(tree)
    return True


def _is_shown(ours: Any, theirs: Any) -> bool:
    """Tell whether `theirs` is what Discord makes of `ours`: with more fields, without defaults."""
    if isinstance(ours, dict):
        others = dict(theirs or {})
        for key, value in ours.items():
            by_default = key == "integration_types" and value is None
            if not by_default and not _is_shown(value, others.get(key)):
                return False
        return not any(others.get(key) for key in _MEANINGFUL - ours.keys())
    if isinstance(ours, list) and ours:
        theirs = theirs or []
        return len(ours) == len(theirs) and all(map(_is_shown, ours, theirs))
    if ours is None or ours is False or ours in ("", [], {}):
        return not theirs
    return str(ours) == str(theirs)


class CommandSync(commands.Cog):
    """Syncs before the first connection; an emulated Discord, which forgets, at each new session.

    A sync that fails does not stop the bot, whose old commands work: the log has the remedy.
    """

    def __init__(self, tree: Tree, *, forgetful: bool) -> None:
        self._tree = tree
        self._forgetful = forgetful
        self._began = False

    async def begin(self) -> None:
        """Sync for this start."""
        try:
            await (sync_if_different if self._forgetful else sync_if_changed)(self._tree)
        except (discord.HTTPException, DatabaseError, *UNREACHABLE) as error:
            logger.error(
                "the commands were not synced (%s); try: manage.py sync_commands",
                type(error).__name__,
            )

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """A session began."""
        if self._began and self._forgetful:
            await self.begin()
        self._began = True


def _application_id(tree: Tree) -> int:
    application_id: int | None = tree.client.application_id
    if application_id is None:
        raise app_commands.MissingApplicationID
    return application_id


def _last_digest(application_id: int) -> str:
    kept = SyncedCommands.objects.filter(application_id=application_id)
    return kept.values_list("digest", flat=True).first() or ""


def _remember(application_id: int, digest: str) -> None:
    SyncedCommands.objects.update_or_create(
        application_id=application_id, defaults={"digest": digest}
    )
