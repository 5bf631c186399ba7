"""What members do: call commands, type into options, press buttons; and waiting for the bot."""

import random
from collections.abc import Callable, Mapping
from typing import Any

from botworker.emulator import interactions as kinds
from botworker.emulator.announcements import Announcements
from botworker.emulator.commands import CommandRegistry
from botworker.emulator.components import filled, find_component
from botworker.emulator.conditions import Conditions
from botworker.emulator.gateway import Gateway
from botworker.emulator.interactions import Interaction, Interactions
from botworker.emulator.invocations import (
    NotCallable,
    command_data,
    interaction_payload,
    menu_data,
)
from botworker.emulator.limits import Limits
from botworker.emulator.messages import Message, MessageBook
from botworker.emulator.things import Channel, Guild, Member, User
from botworker.emulator.world import World

Json = dict[str, Any]


class Stage:
    """The world with its gateway, seen from the members' side."""

    def __init__(self, world: World, token: str, limits: Limits, seed: int) -> None:
        self.world = world
        self.token = token
        """The one bot token accepted."""
        self.limits = limits
        self.conditions = Conditions(seed)
        self.commands = CommandRegistry(world.bot.id, world.snowflakes)
        self.interactions = Interactions(limits.response_seconds, limits.token_seconds)
        self.gateway = Gateway(world, token, limits, self.conditions)
        self.announcements = Announcements(self.gateway)
        self.messages = MessageBook(world, self.announcements.message)
        self._dice = random.Random(seed)  # noqa: S311

    async def run_command(
        self,
        name: str,
        *,
        member: Member | User | int | None = None,
        guild: Guild | int | None = None,
        options: Mapping[str, Any] | None = None,
        interaction_id: int | None = None,
        direct: bool = False,
        forged: bool = False,
    ) -> Interaction:
        """A member calls a synced slash command; `await (...).reply()` is what they get to read.

        `name` may contain a sub-command ("config set"). Without `guild` or `member` one is drawn.
        `direct` calls it in direct messages. Raises NotCallable for what Discord's own client
        would not let a member send; `forged` skips that for the values of options.
        """
        home, user = self._who(member, guild, direct)
        data = command_data(
            self.world,
            self.commands,
            name,
            home,
            options or {},
            user_id=user.id,
            forged=forged,
        )
        return self._open(kinds.COMMAND, name, data, user, home, interaction_id)

    async def use_on(
        self,
        name: str,
        target: Member | User | Message,
        *,
        member: Member | User | int | None = None,
        guild: Guild | int | None = None,
    ) -> Interaction:
        """A member calls a command of the context menu on somebody, or on a message."""
        if guild is None and isinstance(target, Message):
            guild = self.world.guilds.get(target.channel.guild_id or 0)
        home, user = self._who(member, guild, False)
        data = menu_data(self.world, self.commands, name, home, target, user_id=user.id)
        channel = target.channel if isinstance(target, Message) else None
        return self._open(kinds.COMMAND, name, data, user, home, None, channel=channel)

    async def say(
        self,
        text: str,
        *,
        member: Member | User | int | None = None,
        guild: Guild | int | None = None,
        direct: bool = False,
    ) -> Message:
        """A member writes a message, in a channel of their guild or to the bot."""
        home, user = self._who(member, guild, direct)
        channel = home.text_channels[0] if home else self.world.direct_channel(user)
        return self.messages.create(channel, user, {"content": text})

    async def autocomplete(
        self,
        name: str,
        focused: str,
        value: Any = "",
        *,
        member: Member | User | int | None = None,
        guild: Guild | int | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Interaction:
        """A member types `value` into the option `focused`; `.choices` holds what is offered."""
        home, user = self._who(member, guild, False)
        data = command_data(
            self.world,
            self.commands,
            name,
            home,
            {**(options or {}), focused: value},
            user_id=user.id,
            focused=focused,
        )
        return self._open(kinds.AUTOCOMPLETE, name, data, user, home, None)

    async def press(
        self,
        interaction: Interaction,
        custom_id: str,
        *,
        values: list[str] | None = None,
        member: Member | User | int | None = None,
    ) -> Interaction:
        """A member presses a button, or chooses `values`, on the first answer to `interaction`."""
        message = interaction.original
        component = find_component(message.components if message else [], custom_id)
        if message is None or component is None or component.get("disabled"):
            raise NotCallable(f"there is no enabled component {custom_id!r} to press")
        kind = component["type"]
        data: Json = {"custom_id": custom_id, "component_type": kind, "id": component["id"]}
        if kind != 2:
            data["values"] = values or []
        user = interaction.user if member is None else self._user(member)
        return self._open(
            kinds.COMPONENT, interaction.command, data, user, interaction.guild, None, message
        )

    async def submit(self, interaction: Interaction, values: Mapping[str, str]) -> Interaction:
        """The member fills in the form that was the answer to `interaction` and sends it."""
        if interaction.modal is None:
            raise NotCallable("there is no form to send")
        rows = filled(interaction.modal["components"], values)
        data: Json = {"custom_id": interaction.modal["custom_id"], "components": rows}
        return self._open(
            kinds.MODAL_SUBMIT,
            interaction.command,
            data,
            interaction.user,
            interaction.guild,
            None,
            interaction.message,
            opener=interaction,
        )

    def _open(
        self,
        kind: int,
        name: str,
        data: Json,
        user: User,
        guild: Guild | None,
        interaction_id: int | None,
        message: Message | None = None,
        *,
        opener: Interaction | None = None,
        channel: Channel | None = None,
    ) -> Interaction:
        channel = channel or (
            message.channel
            if message is not None
            else self.world.direct_channel(user)
            if guild is None
            else self._dice.choice(guild.text_channels)
        )
        interaction = self.interactions.open(
            id=interaction_id or self.world.snowflakes(),
            type=kind,
            payload={},
            user=user,
            channel=channel,
            guild=guild,
            command=name,
            message=message,
            opener=opener,
        )
        interaction.payload = interaction_payload(
            self.world,
            interaction_id=interaction.id,
            token=interaction.token,
            kind=kind,
            data=data,
            user=user,
            guild=guild,
            channel=channel,
            message=None if message is None else message.payload(),
        )
        for _ in range(1 + self.conditions.duplicates):
            self.deliver(interaction)
        return interaction

    def deliver(self, interaction: Interaction) -> None:
        """Dispatch an interaction (again)."""
        guild_id = None if interaction.guild is None else interaction.guild.id
        interaction.delivered += self.gateway.dispatch(
            "INTERACTION_CREATE", interaction.payload, guild_id
        )

    def _user(self, who: Member | User | int) -> User:
        if isinstance(who, Member):
            return who.user
        return who if isinstance(who, User) else self.world.users[who]

    def _who(
        self, member: Member | User | int | None, guild: Guild | int | None, direct: bool
    ) -> tuple[Guild | None, User]:
        home = self.world.guilds[guild] if isinstance(guild, int) else guild
        if member is None:
            places = [home] if home else list(self.world.guilds.values())
            place = self._dice.choice(places)
            user = self._dice.choice(place.people).user
            return (None if direct else place), user
        user = self._user(member)
        if direct:
            return None, user
        if home is None:
            home = self._dice.choice(self.world.guilds_of(user.id))
        if user.id not in home.members:
            raise NotCallable(f"{user.username} is not a member of {home.name}")
        return home, user

    async def wait_until(self, condition: Callable[[], bool], within: float = 10.0) -> None:
        """Wait until `condition()` holds, looking whenever a connection or REST call came."""
        await self.gateway.changes.until(condition, within)

    async def wait_connected(self, shards: int = 1, within: float = 10.0) -> None:
        """Wait until `shards` sessions are connected."""
        await self.wait_until(lambda: len(self.gateway.sessions.connected()) >= shards, within)

    async def wait_for_command(self, name: str, within: float = 10.0, kind: int = 1) -> None:
        """Wait until the bot has synced a command of this name, in any scope, and is connected.

        `kind` 2 is one of the context menu of people, 3 of messages.
        """
        root = name.split()[0] if kind == 1 else name
        scopes = [None, *self.world.guilds]
        await self.wait_until(
            lambda: (
                bool(self.gateway.sessions.connected())
                and any(self.commands.find(root, scope, kind) for scope in scopes)
            ),
            within,
        )
