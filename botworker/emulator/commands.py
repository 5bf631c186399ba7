"""The application's commands as Discord keeps them: synced, with ids and versions."""

import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from botworker.emulator.command_rules import check_command, check_commands
from botworker.emulator.errors import DiscordError, unknown
from botworker.emulator.snowflakes import Snowflakes

Json = dict[str, Any]
Scope = int | None
"""A guild's id, or None for the global commands."""

CREATES_A_DAY = 200
DAY_SECONDS = 86_400.0
SUB_COMMAND, SUB_COMMAND_GROUP = 1, 2


class CommandRegistry:
    """Every synced command by scope. A command never synced does not exist."""

    def __init__(self, application_id: int, snowflakes: Snowflakes) -> None:
        self._application_id = application_id
        self._snowflakes = snowflakes
        self._scopes: dict[Scope, dict[int, Json]] = {}
        self._created: dict[Scope, deque[float]] = {}
        self.syncs = 0
        """How many bulk overwrites were accepted."""

    def all(self, scope: Scope = None) -> list[Json]:
        """The commands of one scope, oldest first."""
        return list(self._scopes.get(scope, {}).values())

    def everywhere(self) -> list[Json]:
        """The commands of every scope."""
        return [command for scope in self._scopes.values() for command in scope.values()]

    def get(self, scope: Scope, command_id: int) -> Json:
        """One command, or 404/10063."""
        command = self._scopes.get(scope, {}).get(command_id)
        if command is None:
            raise unknown("application command")
        return command

    def find(self, name: str, guild_id: int | None, kind: int = 1) -> Json | None:
        """The command a member sees under `name`: the guild's own before the global one."""
        for scope in (guild_id, None) if guild_id is not None else (None,):
            for command in self.all(scope):
                if command["name"] == name and command["type"] == kind:
                    return command
        return None

    def overwrite(self, scope: Scope, bodies: Any) -> list[Json]:
        """Replace the whole scope; commands of the same name and type keep their id."""
        check_commands(bodies)
        before = {(c["type"], c["name"]): c for c in self.all(scope)}
        after = [self._made(scope, body, before) for body in bodies]
        self._scopes[scope] = {int(command["id"]): command for command in after}
        self.syncs += 1
        return after

    def upsert(self, scope: Scope, body: Any) -> tuple[Json, bool]:
        """Create one command or replace its namesake; tells whether it is new."""
        check_command(body)
        before = {(c["type"], c["name"]): c for c in self.all(scope)}
        command = self._made(scope, body, before)
        new = (command["type"], command["name"]) not in before
        self._scopes.setdefault(scope, {})[int(command["id"])] = command
        return command, new

    def edit(self, scope: Scope, command_id: int, body: Json) -> Json:
        """Change some fields of one command."""
        old = self.get(scope, command_id)
        merged = {key: value for key, value in {**old, **body}.items() if key in _WRITABLE}
        check_command(merged)
        changed = self._normal(scope, merged, str(command_id))
        self._scopes[scope][command_id] = changed
        return changed

    def delete(self, scope: Scope, command_id: int) -> None:
        """Remove one command, or 404/10063."""
        self.get(scope, command_id)
        del self._scopes[scope][command_id]

    def _made(self, scope: Scope, body: Json, before: dict[tuple[int, str], Json]) -> Json:
        known = before.get((body.get("type") or 1, body["name"]))
        if known is None:
            created, now = self._created.setdefault(scope, deque()), time.monotonic()
            while created and created[0] <= now - DAY_SECONDS:
                created.popleft()
            created.append(now)
            if len(created) > CREATES_A_DAY:
                created.pop()
                raise DiscordError(
                    400, 30034, "Max number of daily application command creates has been reached"
                )
            return self._normal(scope, body, str(self._snowflakes()))
        fresh = self._normal(scope, body, known["id"])
        same = {**fresh, "version": None} == {**known, "version": None}
        return known if same else fresh

    def _normal(self, scope: Scope, body: Json, command_id: str) -> Json:
        permissions = body.get("default_member_permissions")
        command: Json = {
            "id": command_id,
            "application_id": str(self._application_id),
            "version": str(self._snowflakes()),
            "default_member_permissions": None if permissions is None else str(permissions),
            "type": body.get("type") or 1,
            "name": body["name"],
            "name_localizations": body.get("name_localizations"),
            "description": body.get("description") or "",
            "description_localizations": body.get("description_localizations"),
            "dm_permission": body.get("dm_permission") is not False,
            "integration_types": body.get("integration_types") or [0],
            "nsfw": bool(body.get("nsfw")),
        }
        if scope is None:
            command["contexts"] = body.get("contexts")
        else:
            command["guild_id"] = str(scope)
        if body.get("options"):
            command["options"] = [_option(option) for option in body["options"]]
        return command


_WRITABLE = {
    "name",
    "name_localizations",
    "description",
    "description_localizations",
    "options",
    "default_member_permissions",
    "dm_permission",
    "contexts",
    "integration_types",
    "type",
    "nsfw",
    "handler",
}


def _option(body: Json) -> Json:
    option = {key: value for key, value in body.items() if value is not None}
    if "options" in option:
        option["options"] = [_option(inner) for inner in option["options"]]
        if not option["options"]:
            del option["options"]
    if option.get("required") is False:
        del option["required"]
    if not option.get("choices", True):
        del option["choices"]
    return option


def leaves(command: Json) -> Iterable[tuple[str, list[Json]]]:
    """Every callable of a chat command: its full name ("daily", "config set") and its options."""
    yield from _leaves(command["name"], command.get("options", []))


def _leaves(name: str, options: list[Json]) -> Iterable[tuple[str, list[Json]]]:
    inner = [option for option in options if option["type"] in {SUB_COMMAND, SUB_COMMAND_GROUP}]
    for option in inner:
        yield from _leaves(f"{name} {option['name']}", option.get("options", []))
    if not inner:
        yield name, options
