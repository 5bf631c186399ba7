"""What a member may do."""

from enum import IntFlag

EVERY_PERMISSION = (1 << 53) - 1


class Permission(IntFlag):
    """Discord's permissions, as far as they make a difference here or everybody has them."""

    CREATE_INSTANT_INVITE = 1 << 0
    ADMINISTRATOR = 1 << 3
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    CONNECT = 1 << 20
    SPEAK = 1 << 21
    USE_VAD = 1 << 25
    CHANGE_NICKNAME = 1 << 26
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    SEND_MESSAGES_IN_THREADS = 1 << 38


BOT_PERMISSIONS = sum(set(Permission) - {Permission.ADMINISTRATOR})
"""What the bot was invited with."""
MEMBER_PERMISSIONS = BOT_PERMISSIONS - Permission.MANAGE_MESSAGES - Permission.MANAGE_WEBHOOKS


def named(name: str) -> int:
    """The bit of the permission with this name, such as "send_messages", or LookupError."""
    try:
        return int(Permission[name.upper()])
    except KeyError:
        known = ", ".join(one.name.lower() for one in Permission if one.name)
        raise LookupError(f"there is no permission {name!r}; there are {known}") from None
