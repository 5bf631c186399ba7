"""What happens in channels, as each session may see it: messages, reactions, typing, webhooks."""

import time
from typing import Any

from botworker.emulator import sessions as intents
from botworker.emulator.gateway import Gateway
from botworker.emulator.messages import Message
from botworker.emulator.permissions import Permission
from botworker.emulator.things import Channel, User

Json = dict[str, Any]


class Announcements:
    """Tells the sessions with the intent for it. Ephemeral messages are nobody's news."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._world = gateway.world

    def message(self, event: str, message: Message) -> None:
        """MESSAGE_CREATE, MESSAGE_UPDATE or MESSAGE_DELETE."""
        if message.ephemeral or not self._world.bot_may(message.channel, Permission.VIEW_CHANNEL):
            return
        where = message.channel.guild_id
        needs = intents.DIRECT_MESSAGES if where is None else intents.GUILD_MESSAGES
        for session in self._gateway.sessions.serving(where):
            if session.intents & needs:
                session.dispatch(event, self._seen(event, message, session.intents))

    def reaction(self, event: str, message: Message, emoji: str, user: User) -> None:
        """MESSAGE_REACTION_ADD or MESSAGE_REACTION_REMOVE."""
        data: Json = {
            **self._place(message.channel),
            "message_id": str(message.id),
            "user_id": str(user.id),
            "emoji": {"id": None, "name": emoji},
            "burst": False,
            "type": 0,
        }
        if event == "MESSAGE_REACTION_ADD":
            data |= {
                "message_author_id": str(message.author.id),
                **self._member(message, user, whole=True),
            }
        self._tell(event, data, message.channel, intents.GUILD_REACTIONS, intents.DIRECT_REACTIONS)

    def typing(self, channel: Channel, user: User) -> None:
        """TYPING_START."""
        data = {
            **self._place(channel),
            "user_id": str(user.id),
            "timestamp": int(time.time()),
        }
        guild = self._world.guilds.get(channel.guild_id or 0)
        if guild is not None and user.id in guild.members:
            data["member"] = guild.members[user.id].payload()
        self._tell("TYPING_START", data, channel, intents.GUILD_TYPING, intents.DIRECT_TYPING)

    def webhooks(self, channel: Channel) -> None:
        """WEBHOOKS_UPDATE."""
        data = self._place(channel)
        self._tell("WEBHOOKS_UPDATE", data, channel, intents.GUILD_WEBHOOKS, 0)

    def _tell(self, event: str, data: Json, channel: Channel, here: int, direct: int) -> None:
        needs = direct if channel.guild_id is None else here
        if self._world.bot_may(channel, Permission.VIEW_CHANNEL):
            self._gateway.dispatch(event, data, channel.guild_id, needs)

    def _seen(self, event: str, message: Message, granted: int) -> Json:
        place = self._place(message.channel)
        if event == "MESSAGE_DELETE":
            return {**place, "id": str(message.id)}
        seen = {**message.payload(), **place, **self._member(message, message.author)}
        guild = self._world.guilds.get(message.channel.guild_id or 0)
        if guild is not None:
            seen["mentions"] = [
                {**user.payload(), "member": guild.members[user.id].payload(user=False)}
                for user in message.mentions
                if user.id in guild.members
            ]
        bot = self._world.bot
        open_to_it = (
            granted & intents.MESSAGE_CONTENT
            or guild is None
            or message.author is bot
            or message.application_id == bot.id
            or bot in message.mentions
        )
        if not open_to_it:
            seen |= {"content": "", "embeds": [], "attachments": [], "components": []}
        return seen

    def _member(self, message: Message, user: User, *, whole: bool = False) -> Json:
        guild = self._world.guilds.get(message.channel.guild_id or 0)
        if guild is None or user.id not in guild.members:
            return {}
        return {"member": guild.members[user.id].payload(user=whole)}

    @staticmethod
    def _place(channel: Channel) -> Json:
        place = {"channel_id": str(channel.id)}
        return place if channel.guild_id is None else place | {"guild_id": str(channel.guild_id)}
