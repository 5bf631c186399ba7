"""REST of guilds, channels, users and channel messages: what a bot commonly looks up."""

from typing import Any

from botworker.emulator.announcements import Announcements
from botworker.emulator.errors import DiscordError, InvalidForm, unknown
from botworker.emulator.message_rules import EPHEMERAL, check_message
from botworker.emulator.messages import REPLY, Message, MessageBook
from botworker.emulator.rest import Answer, Call, Route
from botworker.emulator.things import Channel, Guild
from botworker.emulator.world import World

Json = dict[str, Any]


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
            Route("GET", "/users/@me/guilds", self.my_guilds),
            Route("POST", "/users/@me/channels", self.open_direct_channel),
            Route("GET", "/users/{user_id}", self.user),
            Route("GET", guild, self.guild),
            Route("GET", f"{guild}/channels", self.channels),
            Route("GET", f"{guild}/roles", self.roles),
            Route("GET", f"{guild}/members", self.members),
            Route("GET", f"{guild}/members/search", self.search_members),
            Route("GET", f"{guild}/members/{{user_id}}", self.member),
            Route("GET", channel, self.channel),
            Route("POST", f"{channel}/typing", self.typing),
            Route("GET", f"{channel}/messages", self.messages),
            Route("POST", f"{channel}/messages", self.create_message),
            Route("GET", message, self.message),
            Route("PATCH", message, self.edit_message),
            Route("DELETE", message, self.delete_message),
            Route("PUT", f"{reaction}/@me", self.react),
            Route("DELETE", f"{reaction}/@me", self.take_reaction_back),
            Route("GET", reaction, self.reactions),
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
            for guild in self._page(list(self._world.guilds.values()), call, 200)
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
        members = sorted(self._guild(call).members.values(), key=lambda member: member.id)
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
        self._announcements.typing(self._channel(call), self._world.bot)
        return None

    async def messages(self, call: Call) -> Answer:
        """The channel's newest messages."""
        limit = self._limit(call, 100, usual=50)
        return [m.payload() for m in self._messages.latest(self._channel(call).id, limit)]

    async def create_message(self, call: Call) -> Answer:
        """The bot writes a message of its own."""
        channel, body = self._channel(call), call.form()
        if channel.type == 4:
            raise DiscordError(400, 50008, "Cannot send messages in a non-text channel")
        check_message(body, files=len(call.files))
        body = {**body, "flags": (body.get("flags") or 0) & ~EPHEMERAL}
        target = (body.get("message_reference") or {}).get("message_id")
        message = self._messages.create(
            channel,
            self._world.bot,
            body,
            type=REPLY if target else 0,
            reference=int(target) if target else None,
            files=call.files,
        )
        return message.payload()

    async def message(self, call: Call) -> Answer:
        """One message."""
        return self._message(call).payload()

    async def edit_message(self, call: Call) -> Answer:
        """Change one of the bot's own messages."""
        message, body = self._message(call), call.form()
        if message.author is not self._world.bot:
            raise DiscordError(403, 50005, "Cannot edit a message authored by another user")
        check_message(body, editing=True)
        self._messages.edit(message, body)
        return message.payload()

    async def delete_message(self, call: Call) -> Answer:
        """Delete a message."""
        self._messages.delete(self._message(call))
        return None

    async def react(self, call: Call) -> Answer:
        """The bot reacts to a message."""
        message, emoji, bot = self._message(call), _emoji(call), self._world.bot
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
        return [user.payload() for user in self._message(call).reactions.get(_emoji(call), [])]

    def _guild(self, call: Call) -> Guild:
        guild = self._world.guilds.get(call.id("guild_id"))
        if guild is None:
            raise unknown("Guild")
        return guild

    def _channel(self, call: Call) -> Channel:
        channel = self._world.channel(call.id("channel_id"))
        if channel is None:
            raise unknown("Channel")
        return channel

    def _message(self, call: Call) -> Message:
        message = self._messages.get(call.id("message_id"))
        if message is None or message.ephemeral or message.channel.id != call.id("channel_id"):
            raise unknown("Message")
        return message

    def _limit(self, call: Call, most: int, usual: int) -> int:
        text = call.query.get("limit", str(usual))
        if not text.isdigit() or not 1 <= int(text) <= most:
            form = InvalidForm()
            sentence = f"int value should be between 1 and {most}."
            form.add("limit", "NUMBER_TYPE_MAX", sentence)
            form.raise_if_any()
        return int(text)

    def _page(
        self, things: list[Any], call: Call, most: int, usual: int | None = None
    ) -> list[Any]:
        after = int(call.query["after"]) if call.query.get("after", "").isdigit() else 0
        limit = self._limit(call, most, usual or most)
        return [thing for thing in things if thing.id > after][:limit]


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
