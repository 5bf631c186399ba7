"""What a member's click or typed command becomes: the data of INTERACTION_CREATE."""

from collections.abc import Mapping
from typing import Any

from botworker.emulator.commands import SUB_COMMAND, SUB_COMMAND_GROUP, CommandRegistry
from botworker.emulator.messages import Message
from botworker.emulator.things import Channel, Guild, Member, Role, User
from botworker.emulator.world import World

Json = dict[str, Any]

STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER = range(3, 11)
ATTACHMENT_SIZE_LIMIT = 10_485_760


class NotCallable(Exception):
    """A member's own client would not send this: no such command, or impossible options."""


def command_data(
    world: World,
    registry: CommandRegistry,
    name: str,
    guild: Guild | None,
    options: Mapping[str, Any],
    *,
    user_id: int,
    focused: str | None = None,
    forged: bool = False,
) -> Json:
    """The `data` of a chat command called as `name` ("daily", "config set") with `options`.

    Values may be plain, or a User, Member, Channel or Role. What Discord's client refuses raises
    NotCallable; `forged` skips the checks of values, as if the client had been tampered with.
    """
    root, *path = name.split()
    command = registry.find(root, guild.id if guild else None)
    if command is None:
        raise NotCallable(f"/{root} was never synced{f' to {guild.name}' if guild else ''}")
    _check_visible(command, guild, user_id)
    known = command.get("options", [])
    wrappers: list[Json] = []
    for part in path:
        step = next((o for o in known if o["name"] == part and o["type"] in {1, 2}), None)
        if step is None:
            raise NotCallable(f"/{name}: there is no {part!r}")
        wrappers.append({"name": part, "type": step["type"]})
        known = step.get("options", [])
    if any(option["type"] in {SUB_COMMAND, SUB_COMMAND_GROUP} for option in known):
        raise NotCallable(f"/{name} needs a sub-command")
    resolved: Json = {}
    given = _given(name, known, options, focused=focused, forged=forged)
    for entry in given:
        if entry["type"] in {USER, CHANNEL, ROLE, MENTIONABLE}:
            _resolve(world, guild, entry["type"], int(entry["value"]), resolved)
    for wrapper in reversed(wrappers):
        given = [{**wrapper, "options": given}]
    data: Json = {"id": command["id"], "name": command["name"], "type": 1}
    if given:
        data["options"] = given
    if resolved:
        data["resolved"] = resolved
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    return data


def menu_data(
    world: World,
    registry: CommandRegistry,
    name: str,
    guild: Guild | None,
    target: Member | User | Message,
    *,
    user_id: int,
) -> Json:
    """The `data` of a command of the context menu called on `target`; raises NotCallable."""
    kind = 3 if isinstance(target, Message) else 2
    command = registry.find(name, guild.id if guild else None, kind)
    if command is None:
        raise NotCallable(f"{name!r} was never synced as a command of kind {kind}")
    _check_visible(command, guild, user_id)
    resolved: Json = {}
    if isinstance(target, Message):
        resolved["messages"] = {str(target.id): target.payload()}
    else:
        _resolve(world, guild, USER, target.id, resolved)
    data: Json = {"id": command["id"], "name": name, "type": kind}
    data |= {"target_id": str(target.id), "resolved": resolved}
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    return data


def _check_visible(command: Json, guild: Guild | None, user_id: int) -> None:
    contexts = command.get("contexts")
    here = 0 if guild else 1
    hidden = here not in contexts if contexts else not guild and not command["dm_permission"]
    if hidden:
        raise NotCallable(f"/{command['name']} is not shown {'in guilds' if guild else 'in DMs'}")
    needed = command["default_member_permissions"]
    if guild and needed is not None:
        held = guild.permissions_of(user_id)
        allowed = held & int(needed) == int(needed) if int(needed) else held & 0x8
        if not allowed:
            raise NotCallable(f"/{command['name']} is not shown to this member")


def _given(
    name: str,
    known: list[Json],
    options: Mapping[str, Any],
    *,
    focused: str | None,
    forged: bool,
) -> list[Json]:
    strange = set(options) - {option["name"] for option in known}
    if strange:
        raise NotCallable(f"/{name} has no option {', '.join(sorted(strange))}")
    given: list[Json] = []
    for option in known:
        if option["name"] not in options:
            if option.get("required") and focused is None and not forged:
                raise NotCallable(f"/{name} needs the option {option['name']!r}")
            continue
        value = options[option["name"]]
        if isinstance(value, User | Member | Channel | Role):
            value = value.id
        if not forged and option["name"] != focused:
            _check_value(name, option, value)
        if option["type"] in {USER, CHANNEL, ROLE, MENTIONABLE}:
            value = str(int(value))
        entry: Json = {"name": option["name"], "type": option["type"], "value": value}
        if option["name"] == focused:
            entry["focused"] = True
            if option["type"] in {INTEGER, NUMBER}:
                entry["value"] = str(value)
        given.append(entry)
    return given


def _check_value(name: str, option: Json, value: Any) -> None:
    what = f"/{name} {option['name']}={value!r}"
    kind = option["type"]
    if kind == STRING:
        if not isinstance(value, str):
            raise NotCallable(f"{what}: not a text")
        if not option.get("min_length", 0) <= len(value) <= option.get("max_length", 6000):
            raise NotCallable(f"{what}: not within its lengths")
    elif kind == BOOLEAN:
        if not isinstance(value, bool):
            raise NotCallable(f"{what}: neither true nor false")
    elif kind in {INTEGER, NUMBER}:
        wanted: tuple[type, ...] = (int,) if kind == INTEGER else (int, float)
        if isinstance(value, bool) or not isinstance(value, wanted):
            raise NotCallable(f"{what}: not a number of its kind")
        if not option.get("min_value", -(2**53)) <= value <= option.get("max_value", 2**53):
            raise NotCallable(f"{what}: outside its limits")
    choices = option.get("choices")
    if choices and value not in [choice["value"] for choice in choices]:
        raise NotCallable(f"{what}: not one of its choices")


def _resolve(world: World, guild: Guild | None, kind: int, thing: int, resolved: Json) -> None:
    key = str(thing)
    if kind in {USER, MENTIONABLE} and thing in world.users:
        resolved.setdefault("users", {})[key] = world.users[thing].payload()
        if guild and thing in guild.members:
            member = guild.members[thing].payload(user=False)
            del member["mute"], member["deaf"]
            member["permissions"] = str(guild.permissions_of(thing))
            resolved.setdefault("members", {})[key] = member
    elif kind in {ROLE, MENTIONABLE} and guild and thing in guild.roles:
        resolved.setdefault("roles", {})[key] = guild.roles[thing].payload()
    elif kind == CHANNEL and (channel := world.channel(thing)) is not None:
        payload = channel.payload()
        resolved.setdefault("channels", {})[key] = {
            "id": key,
            "name": channel.name,
            "type": channel.type,
            "permissions": str(guild.permissions_of(world.bot.id)) if guild else "0",
            "parent_id": payload.get("parent_id"),
        }
    else:
        raise NotCallable(f"there is nothing with the id {thing} here")


def interaction_payload(
    world: World,
    *,
    interaction_id: int,
    token: str,
    kind: int,
    data: Json,
    user: User,
    guild: Guild | None,
    channel: Channel,
    message: Json | None = None,
) -> Json:
    """The whole `d` of INTERACTION_CREATE."""
    bot = world.bot.id
    payload: Json = {
        "id": str(interaction_id),
        "application_id": str(bot),
        "type": kind,
        "token": token,
        "version": 1,
        "data": data,
        "channel_id": str(channel.id),
        "channel": channel.payload(),
        "locale": user.locale,
        "app_permissions": str(
            guild.permissions_in(channel, bot) if guild else 0x0004_4C00_0000_0000
        ),
        "entitlements": [],
        "entitlement_sku_ids": [],
        "authorizing_integration_owners": {"0": str(guild.id) if guild else "0"},
        "context": 0 if guild else 1,
        "attachment_size_limit": ATTACHMENT_SIZE_LIMIT,
    }
    if message is not None:
        payload["message"] = message
    if guild is None:
        payload["user"] = user.payload()
        return payload
    permissions = str(guild.permissions_in(channel, user.id))
    payload["channel"]["permissions"] = permissions
    payload["guild_id"] = str(guild.id)
    payload["guild_locale"] = guild.locale
    payload["guild"] = {"id": str(guild.id), "locale": guild.locale, "features": []}
    payload["member"] = {**guild.members[user.id].payload(), "permissions": permissions}
    return payload
