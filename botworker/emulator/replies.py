"""What a member sees of an answer."""

from dataclasses import dataclass, field
from typing import Any

from botworker.emulator.messages import Message

Json = dict[str, Any]


class InteractionFailed(Exception):
    """Discord shows the member "The application did not respond"."""

    def __init__(self, command: str) -> None:
        super().__init__(f"{command}: the application did not respond in time")
        self.command = command


@dataclass(frozen=True, slots=True)
class ReplyPart:
    """One message, as it could be read at one moment."""

    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    ephemeral: bool = False
    mentions: list[int] = field(default_factory=list)
    """Ids of the users it pings."""
    mention_everyone: bool = False
    message_id: int | None = None

    @classmethod
    def of(cls, message: Message) -> "ReplyPart":
        """The message as it is now."""
        return cls(
            message.content,
            list(message.embeds),
            list(message.components),
            list(message.attachments),
            message.ephemeral,
            [user.id for user in message.mentions],
            message.mention_everyone,
            message.id,
        )

    def fields(self) -> dict[str, Any]:
        """Its fields by name."""
        return {name: getattr(self, name) for name in ReplyPart.__slots__}

    @property
    def text(self) -> str:
        """All words in it: content, then each embed's title, description, fields and footer."""
        words = [self.content]
        for embed in self.embeds:
            words += [embed.get("title", ""), embed.get("description", "")]
            for entry in embed.get("fields", ()):
                words += [entry["name"], entry["value"]]
            words.append(embed.get("footer", {}).get("text", ""))
        return "\n".join(word for word in words if word)


@dataclass(frozen=True, slots=True)
class Reply(ReplyPart):
    """The first answer as it stands, and how it came about."""

    deferred: bool = False
    edits: list[ReplyPart] = field(default_factory=list)
    """Every later state of the first answer."""
    first: ReplyPart = field(default_factory=ReplyPart)
    """Its first readable state."""
    followups: list[ReplyPart] = field(default_factory=list)
    modal: Json | None = None
    """The form it opened, when the answer was one."""
    deleted: bool = False
    acknowledged_seconds: float = 0.0
    """Until the first answer of any kind, a deferral included."""
    seconds: float = 0.0
    """Until there was something to read."""
