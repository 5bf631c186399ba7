"""Messages: made from a request body, kept by id, read back in Discord's shape."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from botworker.emulator.components import completed
from botworker.emulator.message_rules import EPHEMERAL, LOADING
from botworker.emulator.things import Channel, User, now
from botworker.emulator.world import World

Json = dict[str, Any]

DEFAULT, REPLY, CHAT_INPUT_COMMAND, CONTEXT_MENU_COMMAND = 0, 19, 20, 23
_SETTABLE_FLAGS = (1 << 2) | EPHEMERAL | (1 << 12) | (1 << 15)


@dataclass(slots=True)
class Message:
    """One message. `version` grows with every edit."""

    id: int
    channel: Channel
    author: User
    type: int = DEFAULT
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    flags: int = 0
    mentions: list[User] = field(default_factory=list)
    mention_everyone: bool = False
    tts: bool = False
    timestamp: str = field(default_factory=now)
    edited_timestamp: str | None = None
    webhook_id: int | None = None
    application_id: int | None = None
    interaction: Json | None = None
    reference: int | None = None
    nonce: str | int | None = None
    reactions: dict[str, list[User]] = field(default_factory=dict)
    """Who reacted, by the emoji."""
    version: int = 0
    deleted: bool = False

    @property
    def ephemeral(self) -> bool:
        """Only the member who asked can see it."""
        return bool(self.flags & EPHEMERAL)

    def payload(self) -> Json:
        """Discord's message object."""
        message: Json = {
            "type": self.type,
            "content": self.content,
            "mentions": [user.payload() for user in self.mentions],
            "mention_roles": [],
            "attachments": self.attachments,
            "embeds": self.embeds,
            "timestamp": self.timestamp,
            "edited_timestamp": self.edited_timestamp,
            "flags": self.flags,
            "components": self.components,
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "author": self.author.payload(),
            "pinned": False,
            "mention_everyone": self.mention_everyone,
            "tts": self.tts,
        }
        if self.webhook_id is not None:
            message["webhook_id"] = str(self.webhook_id)
        if self.application_id is not None:
            message["application_id"] = str(self.application_id)
        if self.interaction is not None:
            message["interaction_metadata"] = self.interaction
        if self.reactions:
            message["reactions"] = [_reaction(*item) for item in self.reactions.items()]
        if self.nonce is not None:
            message["nonce"] = self.nonce
        if self.reference is not None:
            message["message_reference"] = {
                "type": 0,
                "channel_id": str(self.channel.id),
                "message_id": str(self.reference),
            }
        return message


class MessageBook:
    """Every message that was sent and not deleted. `tell` hears of each change, by its event."""

    def __init__(
        self, world: World, tell: Callable[[str, Message], None], keep: int = 20_000
    ) -> None:
        self._world = world
        self._tell = tell
        self._keep = keep
        self._messages: dict[int, Message] = {}

    def create(
        self,
        channel: Channel,
        author: User,
        body: Json,
        files: Sequence[Json] = (),
        **more: Any,
    ) -> Message:
        """Post a message made from a request body and the metadata of uploaded files."""
        message = Message(self._world.snowflakes(), channel, author, **more)
        self.apply(message, body)
        self._attach(message, files)
        message.nonce = body.get("nonce")
        self._messages[message.id] = message
        channel.last_message_id = message.id
        if len(self._messages) > self._keep:
            del self._messages[next(iter(self._messages))]
        self._tell("MESSAGE_CREATE", message)
        return message

    def _attach(self, message: Message, files: Sequence[Json]) -> None:
        # As metadata: the contents are not kept.
        for upload in files:
            number = self._world.snowflakes()
            url = f"https://cdn.discordapp.com/attachments/{message.channel.id}/{number}"
            address = {"url": f"{url}/{upload['filename']}", "proxy_url": f"{url}/proxy"}
            message.attachments.append({"id": str(number), **upload, **address})

    def apply(self, message: Message, body: Json) -> None:
        """Write the fields of a request body onto a message."""
        if "content" in body:
            message.content = body["content"] or ""
        if "embeds" in body:
            message.embeds = [_embed(embed) for embed in body["embeds"] or ()]
        if "components" in body:
            message.components = completed(body["components"] or [], self._world.snowflakes)
        if body.get("flags") is not None:
            kept = message.flags & (EPHEMERAL | LOADING)
            message.flags = kept | (body["flags"] & _SETTABLE_FLAGS)
        message.tts = bool(body.get("tts", message.tts))
        self._mention(message, body.get("allowed_mentions"))

    def edit(self, message: Message, body: Json, files: Sequence[Json] = ()) -> None:
        """Change a message as an edit does: it is no longer loading, and says when.

        Of its attachments those stay that `attachments` names, all of them without it; `files`
        come after them.
        """
        self.apply(message, body)
        if "attachments" in body:
            kept = {str(one.get("id")) for one in body["attachments"] or ()}
            message.attachments = [one for one in message.attachments if one["id"] in kept]
        self._attach(message, files)
        if message.flags & LOADING:
            message.flags &= ~LOADING
        else:
            message.edited_timestamp = now()
        message.version += 1
        self._tell("MESSAGE_UPDATE", message)

    def get(self, message_id: int) -> Message | None:
        """The message, unless it never was or was deleted."""
        return self._messages.get(message_id)

    def of(self, channel_id: int) -> list[Message]:
        """The messages of a channel, newest first; ephemeral ones are nobody's history."""
        found = [
            message
            for message in self._messages.values()
            if message.channel.id == channel_id and not message.ephemeral
        ]
        return found[::-1]

    def delete(self, message: Message) -> None:
        """Remove a message."""
        message.deleted = True
        self._messages.pop(message.id, None)
        self._tell("MESSAGE_DELETE", message)

    def _mention(self, message: Message, allowed: Json | None) -> None:
        parse = {"users", "roles", "everyone"} if allowed is None else set(allowed.get("parse", ()))
        chosen = {int(user) for user in (allowed or {}).get("users") or ()}
        named = [int(found) for found in re.findall(r"<@!?(\d{15,20})>", message.content)]
        message.mentions = [
            self._world.users[user]
            for user in dict.fromkeys(named)
            if user in self._world.users and ("users" in parse or user in chosen)
        ]
        everyone = "@everyone" in message.content or "@here" in message.content
        message.mention_everyone = everyone and "everyone" in parse


def _reaction(emoji: str, who: list[User]) -> Json:
    return {
        "emoji": {"id": None, "name": emoji},
        "count": len(who),
        "count_details": {"burst": 0, "normal": len(who)},
        "burst_colors": [],
        "me_burst": False,
        "me": any(user.bot for user in who),
    }


def _embed(body: Json) -> Json:
    embed = _filled(body)
    embed["type"] = embed.get("type") or "rich"
    if "fields" in embed:
        embed["fields"] = [{"inline": False, **_filled(one)} for one in embed["fields"]]
    return embed


def _filled(body: Json) -> Json:
    """An object without its empty fields, and without those that are nothing but such."""
    inner = {key: _filled(one) if isinstance(one, dict) else one for key, one in body.items()}
    return {key: one for key, one in inner.items() if one is not None and one != {}}
