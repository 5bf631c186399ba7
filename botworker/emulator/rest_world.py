"""REST of guilds, channels, users and channel messages: what a bot commonly looks up."""

from collections.abc import Iterable
from typing import Any

from botworker.emulator.announcements import Announcements
from botworker.emulator.errors import (
    DiscordError,
    InvalidForm,
    missing_access,
    missing_permissions,
    unknown,
)
from botworker.emulator.message_rules import EPHEMERAL, check_edit, check_message
from botworker.emulator.messages import REPLY, Message, MessageBook
from botworker.emulator.permissions import Permission
from botworker.emulator.rest import Answer, Call, Route
from botworker.emulator.things import Channel, Guild
from botworker.emulator.world import World

Json = dict[str, Any]

_PAGE = ("limit", "after")


class WorldRoutes:
    """Reading the world, and speaking in its channels."""

    def __init__(self, world: World, messages: MessageBook, announcements: Announcements) -> None:
        self._world = world
        self._messages = messages
        self._announcements = announcements

    def routes(self) -> list[Route]:
        """Everything served here."""
        guild, channel = "/guilds/{guild_id}", "/channels/{channel_id}"
        message = f"{channel}/messages/{{message_id}}"
        reaction = f"{message}/reactions/{{emoji_name}}"
        return [
            Route(
                "GET", "/users/@me/guilds", self.my_guilds, query=(*_PAGE, "before", "with_counts")
            ),
            Route("POST", "/users/@me/channels", self.open_direct_channel),
            Route("GET", "/users/{user_id}", self.user),
            Route("GET", guild, self.guild, query=("with_counts",)),
            Route("GET", f"{guild}/channels", self.channels),
            Route("GET", f"{guild}/roles", self.roles),
            Route("GET", f"{guild}/members", self.members, query=_PAGE),
            Route("GET", f"{guild}/members/search", self.search_members, query=("query", "limit")),
            Route("GET", f"{guild}/members/{{user_id}}", self.member),
            Route("GET", channel, self.channel),
            Route("POST", f"{channel}/typing", self.typing),
            Route("GET", f"{channel}/messages", self.messages, query=(*_PAGE, "before", "around")),
            Route("POST", f"{channel}/messages", self.create_message),
            Route("GET", message, self.message),
            Route("PATCH", message, self.edit_message),
            Route("DELETE", message, self.delete_message),
            Route("PUT", f"{reaction}/@me", self.react),
            Route("DELETE", f"{reaction}/@me", self.take_reaction_back),
            Route("GET", reaction, self.reactions, query=(*_PAGE, "type")),
        ]

    async def my_guilds(self, call: Call) -> Answer:
        """The guilds the bot is in."""
        bot = self._world.bot.id
        return [
            {
                "id": str(guild.id),
                "name": guild.name,
                "icon": None,
                "banner": None,
                "owner": guild.owner_id == bot,
                "permissions": str(guild.permissions_of(bot)),
                "features": [],
                **(_counts(guild) if _wants_counts(call) else {}),
            }
            for guild in self._page(self._world.guilds.values(), call, 200)
        ]

    async def open_direct_channel(self, call: Call) -> Answer:
        """The channel of direct messages with somebody."""
        wanted = str(call.form().get("recipient_id"))
        user = self._world.users.get(int(wanted)) if wanted.isdigit() else None
        if user is None or user.bot:
            raise DiscordError(400, 50033, "Invalid Recipient(s)")
        return self._world.direct_channel(user).payload()

    async def user(self, call: Call) -> Answer:
        """One user."""
        user = self._world.users.get(call.id("user_id"))
        if user is None:
            raise unknown("User")
        return user.payload()

    async def guild(self, call: Call) -> Answer:
        """One guild."""
        guild = self._guild(call)
        return {**guild.payload(), **(_counts(guild) if _wants_counts(call) else {})}

    async def channels(self, call: Call) -> Answer:
        """The guild's channels."""
        return [channel.payload() for channel in self._guild(call).channels.values()]

    async def roles(self, call: Call) -> Answer:
        """The guild's roles."""
        return [role.payload() for role in self._guild(call).roles.values()]

    async def members(self, call: Call) -> Answer:
        """The guild's members, by id, a page at a time."""
        members = self._guild(call).members.values()
        return [member.payload() for member in self._page(members, call, 1000, usual=1)]

    async def search_members(self, call: Call) -> Answer:
        """Members whose name begins with the query."""
        query = call.query.get("query", "").lower()
        found = [
            member
            for member in self._guild(call).members.values()
            if member.user.username.startswith(query)
            or member.display_name.lower().startswith(query)
        ]
        return [member.payload() for member in self._page(found, call, 1000, usual=1)]

    async def member(self, call: Call) -> Answer:
        """One member."""
        member = self._guild(call).members.get(call.id("user_id"))
        if member is None:
            raise unknown("Member")
        return member.payload()

    async def channel(self, call: Call) -> Answer:
        """One channel."""
        return self._channel(call).payload()

    async def typing(self, call: Call) -> Answer:
        """The bot is typing."""
        channel = self._channel(call, Permission.SEND_MESSAGES)
        self._announcements.typing(channel, self._world.bot)
        return None

    async def messages(self, call: Call) -> Answer:
        """The channel's messages, newest first: the newest, or those at one place."""
        limit = self._limit(call, 100, usual=50)
        places = [name for name in ("before", "after", "around") if name in call.query]
        if len(places) > 1:
            form = InvalidForm()
            form.add(places[1], "BASE_TYPE_CHOICES", "Only one of before, after and around.")
            form.raise_if_any()
        channel = self._channel(call)
        if not self._world.bot_may(channel, Permission.READ_MESSAGE_HISTORY):
            return []
        every = self._messages.of(channel.id)
        if (before := call.snowflake("before")) is not None:
            every = [one for one in every if one.id < before]
        elif (after := call.snowflake("after")) is not None:
            every = [one for one in every if one.id > after][-limit:]
        elif (around := call.snowflake("around")) is not None:
            older = [one for one in every if one.id <= around]
            newer = [one for one in every if one.id > around]
            every = newer[-(limit // 2) :] + older if limit > 1 else older
        return [message.payload() for message in every[:limit]]

    async def create_message(self, call: Call) -> Answer:
        """The bot writes a message of its own."""
        needs = Permission.SEND_MESSAGES | (Permission.ATTACH_FILES if call.files else 0)
        channel, body = self._channel(call, needs), call.form()
        if channel.type == 4:
            raise DiscordError(400, 50008, "Cannot send messages in a non-text channel")
        check_message(body, files=len(call.files))
        body = {**body, "flags": (body.get("flags") or 0) & ~EPHEMERAL}
        target = self._replied(channel, body)
        message = self._messages.create(
            channel,
            self._world.bot,
            body,
            type=REPLY if target else 0,
            reference=target,
            files=call.files,
        )
        return message.payload()

    async def message(self, call: Call) -> Answer:
        """One message."""
        return self._message(call, Permission.READ_MESSAGE_HISTORY).payload()

    async def edit_message(self, call: Call) -> Answer:
        """Change one of the bot's own messages."""
        message, body = self._message(call), call.form()
        if message.author is not self._world.bot:
            raise DiscordError(403, 50005, "Cannot edit a message authored by another user")
        check_edit(body, message, files=len(call.files))
        self._messages.edit(message, body, call.files)
        return message.payload()

    async def delete_message(self, call: Call) -> Answer:
        """Delete a message; one of somebody else where the bot may."""
        message = self._message(call)
        if message.author is not self._world.bot:
            self._channel(call, Permission.MANAGE_MESSAGES)
        self._messages.delete(message)
        return None

    async def react(self, call: Call) -> Answer:
        """The bot reacts to a message; where it may not, at most as others did."""
        message = self._message(call, Permission.READ_MESSAGE_HISTORY)
        emoji, bot = _emoji(call), self._world.bot
        if emoji not in message.reactions:
            self._channel(call, Permission.ADD_REACTIONS)
        who = message.reactions.setdefault(emoji, [])
        if bot not in who:
            who.append(bot)
            self._announcements.reaction("MESSAGE_REACTION_ADD", message, emoji, bot)
        return None

    async def take_reaction_back(self, call: Call) -> Answer:
        """The bot reacts no longer."""
        message, emoji, bot = self._message(call), _emoji(call), self._world.bot
        if bot in message.reactions.get(emoji, []):
            message.reactions[emoji].remove(bot)
            if not message.reactions[emoji]:
                del message.reactions[emoji]
            self._announcements.reaction("MESSAGE_REACTION_REMOVE", message, emoji, bot)
        return None

    async def reactions(self, call: Call) -> Answer:
        """Who reacted to a message with an emoji."""
        who = self._message(call).reactions.get(_emoji(call), [])
        if call.query.get("type", "0") != "0":
            return []  # nobody pays for bursts
        return [user.payload() for user in self._page(who, call, 100, usual=25)]

    def _guild(self, call: Call) -> Guild:
        guild = self._world.guilds.get(call.id("guild_id"))
        if guild is None:
            raise unknown("Guild")
        return guild

    def _channel(self, call: Call, needs: int = 0) -> Channel:
        return channel_of(self._world, call, needs)

    def _message(self, call: Call, needs: int = 0) -> Message:
        self._channel(call, needs)
        message = self._messages.get(call.id("message_id"))
        if message is None or message.ephemeral or message.channel.id != call.id("channel_id"):
            raise unknown("Message")
        return message

    def _replied(self, channel: Channel, body: Json) -> int | None:
        """The message this one replies to, which must be there unless it says otherwise."""
        reference = body.get("message_reference") or {}
        if reference.get("message_id") is None:
            return None
        message = self._messages.get(int(reference["message_id"]))
        if message is not None and message.channel is channel:
            return message.id
        if reference.get("fail_if_not_exists") is False:
            return None
        form = InvalidForm()
        form.add("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
        form.raise_if_any()
        return None

    def _limit(self, call: Call, most: int, usual: int) -> int:
        text = call.query.get("limit", str(usual))
        if not text.isdigit() or not 1 <= int(text) <= most:
            form = InvalidForm()
            sentence = f"int value should be between 1 and {most}."
            form.add("limit", "NUMBER_TYPE_MAX", sentence)
            form.raise_if_any()
        return int(text)

    def _page(
        self, things: Iterable[Any], call: Call, most: int, usual: int | None = None
    ) -> list[Any]:
        """By id: the first after one, or the last before one."""
        after, before = call.snowflake("after") or 0, call.snowflake("before")
        limit = self._limit(call, most, usual or most)
        found = sorted(things, key=lambda thing: int(thing.id))
        found = [thing for thing in found if thing.id > after]
        if before is not None:
            return [thing for thing in found if thing.id < before][-limit:]
        return found[:limit]


def channel_of(world: World, call: Call, needs: int = 0) -> Channel:
    """The channel of the path, where the bot needs these permissions, or 10003, 50001, 50013."""
    channel = world.channel(call.id("channel_id"))
    if channel is None:
        raise unknown("Channel")
    if not world.bot_may(channel, Permission.VIEW_CHANNEL):
        raise missing_access()
    if not world.bot_may(channel, needs):
        raise missing_permissions()
    return channel


def _emoji(call: Call) -> str:
    """The emoji of the path, which is no custom one: the world has none."""
    emoji = call.params["emoji_name"]
    if emoji.isascii() or len(emoji) > 20:
        raise DiscordError(400, 10014, "Unknown Emoji")
    return emoji


def _wants_counts(call: Call) -> bool:
    return call.query.get("with_counts", "").lower() in {"1", "true"}


def _counts(guild: Guild) -> Json:
    members = len(guild.members)
    return {"approximate_member_count": members, "approximate_presence_count": members}
