"""The things of the world, in Discord's shape on request: every `payload` is what Discord sends."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botworker.emulator.permissions import EVERY_PERMISSION, Permission

Json = dict[str, Any]


def iso(moment: datetime) -> str:
    """A moment as Discord writes it: microseconds and a numeric offset."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def now() -> str:
    """The present moment as Discord writes it."""
    return iso(datetime.now(UTC))


@dataclass(slots=True)
class User:
    """A person or a bot, the same in every guild."""

    id: int
    username: str
    global_name: str | None
    locale: str = "en-US"
    bot: bool = False

    def payload(self) -> Json:
        """Discord's user object."""
        return {
            "id": str(self.id),
            "username": self.username,
            "avatar": None,
            "discriminator": "0",
            "public_flags": 0,
            "flags": 0,
            "bot": self.bot,
            "banner": None,
            "accent_color": None,
            "global_name": self.global_name,
            "avatar_decoration_data": None,
            "collectibles": None,
            "primary_guild": None,
        }


@dataclass(slots=True)
class Role:
    """A role of one guild."""

    id: int
    name: str
    permissions: int
    position: int
    color: int = 0
    hoist: bool = False
    bot_id: int | None = None

    def payload(self) -> Json:
        """Discord's role object."""
        role: Json = {
            "id": str(self.id),
            "name": self.name,
            "permissions": str(self.permissions),
            "position": self.position,
            "color": self.color,
            "colors": {
                "primary_color": self.color,
                "secondary_color": None,
                "tertiary_color": None,
            },
            "hoist": self.hoist,
            "managed": self.bot_id is not None,
            "mentionable": False,
            "icon": None,
            "unicode_emoji": None,
            "flags": 0,
        }
        if self.bot_id is not None:
            role["tags"] = {"bot_id": str(self.bot_id)}
        return role


@dataclass(slots=True)
class Channel:
    """A text channel (0), direct messages (1) or category (4)."""

    id: int
    name: str
    guild_id: int | None
    type: int = 0
    position: int = 0
    parent_id: int | None = None
    topic: str | None = None
    recipient: User | None = None
    last_message_id: int | None = None
    denied: dict[int, int] = field(default_factory=dict)
    """The permissions that single members, by id, do not have here."""

    def payload(self) -> Json:
        """Discord's channel object, with `guild_id` when it belongs to a guild."""
        channel: Json = {"id": str(self.id), "type": self.type, "flags": 0}
        last = None if self.last_message_id is None else str(self.last_message_id)
        if self.guild_id is None:
            people = [self.recipient.payload()] if self.recipient else []
            return {**channel, "last_message_id": last, "recipients": people}
        channel |= {
            "guild_id": str(self.guild_id),
            "name": self.name,
            "position": self.position,
            "parent_id": None if self.parent_id is None else str(self.parent_id),
            "permission_overwrites": [
                {"id": str(member), "type": 1, "allow": "0", "deny": str(denied)}
                for member, denied in self.denied.items()
            ],
            "nsfw": False,
        }
        if self.type == 0:
            channel |= {
                "topic": self.topic,
                "last_message_id": last,
                "rate_limit_per_user": 0,
            }
        return channel


@dataclass(slots=True)
class Webhook:
    """An address under which anybody who has its token can write in a channel."""

    id: int
    name: str
    token: str
    channel: Channel
    maker: User
    application_id: int

    def payload(self) -> Json:
        """Discord's webhook object, of the kind (1) that applications make."""
        return {
            "id": str(self.id),
            "type": 1,
            "name": self.name,
            "avatar": None,
            "channel_id": str(self.channel.id),
            "guild_id": str(self.channel.guild_id),
            "application_id": str(self.application_id),
            "token": self.token,
            "url": f"https://discord.com/api/webhooks/{self.id}/{self.token}",
            "user": self.maker.payload(),
        }


@dataclass(slots=True)
class Member:
    """A user in one guild."""

    user: User
    joined_at: datetime
    roles: list[int] = field(default_factory=list)
    nick: str | None = None

    @property
    def id(self) -> int:
        """The user's id."""
        return self.user.id

    @property
    def display_name(self) -> str:
        """What others in the guild read."""
        return self.nick or self.user.global_name or self.user.username

    def payload(self, *, user: bool = True) -> Json:
        """Discord's member object; without its user where Discord leaves it out."""
        member: Json = {
            "avatar": None,
            "banner": None,
            "communication_disabled_until": None,
            "flags": 0,
            "joined_at": iso(self.joined_at),
            "nick": self.nick,
            "pending": False,
            "premium_since": None,
            "roles": [str(role) for role in self.roles],
            "mute": False,
            "deaf": False,
        }
        if user:
            member["user"] = self.user.payload()
        return member


@dataclass(slots=True)
class Guild:
    """A guild with its people, roles and channels."""

    id: int
    name: str
    owner_id: int
    locale: str
    joined_at: datetime
    members: dict[int, Member] = field(default_factory=dict)
    roles: dict[int, Role] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    available: bool = True

    def permissions_of(self, user_id: int) -> int:
        """What the member may do here: the owner and administrators everything."""
        if user_id == self.owner_id:
            return EVERY_PERMISSION
        held = self.roles[self.id].permissions
        member = self.members.get(user_id)
        for role_id in member.roles if member else ():
            held |= self.roles[role_id].permissions
        return EVERY_PERMISSION if held & Permission.ADMINISTRATOR else held

    def permissions_in(self, channel: "Channel", user_id: int) -> int:
        """What the member may do in a channel; nothing where they cannot even look."""
        held = self.permissions_of(user_id)
        if held == EVERY_PERMISSION:
            return held
        held &= ~channel.denied.get(user_id, 0)
        return held if held & Permission.VIEW_CHANNEL else 0

    @property
    def people(self) -> list[Member]:
        """The members that are not bots, in the order they joined the world."""
        return [member for member in self.members.values() if not member.user.bot]

    @property
    def text_channels(self) -> list[Channel]:
        """The channels one can write in."""
        return [channel for channel in self.channels.values() if channel.type == 0]

    def payload(self) -> Json:
        """What a guild has both on the gateway and over REST."""
        first = self.text_channels[0].id
        return {
            "id": str(self.id),
            "name": self.name,
            "icon": None,
            "description": None,
            "home_header": None,
            "splash": None,
            "discovery_splash": None,
            "features": [],
            "banner": None,
            "owner_id": str(self.owner_id),
            "application_id": None,
            "region": "deprecated",
            "afk_channel_id": None,
            "afk_timeout": 300,
            "system_channel_id": str(first),
            "system_channel_flags": 0,
            "widget_enabled": False,
            "widget_channel_id": None,
            "verification_level": 1,
            "roles": [role.payload() for role in self.roles.values()],
            "default_message_notifications": 1,
            "mfa_level": 0,
            "explicit_content_filter": 0,
            "max_presences": None,
            "max_members": 500_000,
            "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25,
            "vanity_url_code": None,
            "premium_tier": 0,
            "premium_subscription_count": 0,
            "preferred_locale": self.locale,
            "rules_channel_id": None,
            "safety_alerts_channel_id": None,
            "public_updates_channel_id": None,
            "premium_progress_bar_enabled": False,
            "nsfw": False,
            "nsfw_level": 0,
            "emojis": [],
            "stickers": [],
            "incidents_data": None,
            "hub_type": None,
        }

    def create_payload(self, members: list[Member]) -> Json:
        """The data of GUILD_CREATE, with `members` as those the client may see at once."""
        return {
            **self.payload(),
            "joined_at": iso(self.joined_at),
            "large": len(self.members) >= 250,
            "unavailable": False,
            "member_count": len(self.members),
            "voice_states": [],
            "members": [member.payload() for member in members],
            "channels": [channel.payload() for channel in self.channels.values()],
            "threads": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }
