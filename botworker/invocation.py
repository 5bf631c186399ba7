"""One slash command on its way from the gateway to its outcome."""

import time
from dataclasses import dataclass, field
from typing import Any

from botworker.answers import Deferral, Interaction, Reply, send
from botworker.errors import NotAnswered
from dashboard.events import Origin, Ref

_KEY = "invocation"


@dataclass
class Invocation:
    """What is known of a command while it runs. Kept with its interaction.

    `refusal` is why we would not (theirs), `failure` why we could not (ours); neither: completed.
    """

    interaction: Interaction
    deferral: Deferral
    command: str
    started: float = field(default_factory=time.perf_counter)
    ended: float | None = None
    refusal: Exception | None = None
    failure: BaseException | None = None

    @property
    def answered(self) -> bool:
        """Tell whether Discord took the answer."""
        return self.ended is not None and not isinstance(self.failure, NotAnswered)

    @property
    def member(self) -> str:
        """The member's name, as it is shown in the guild."""
        return self.interaction.user.display_name

    @property
    def origin(self) -> Origin:
        """Where its events come from."""
        guild, user = self.interaction.guild, self.interaction.user
        guild_id = self.interaction.guild_id
        return Origin(
            guild=None if guild_id is None else Ref(guild_id, guild.name if guild else ""),
            actor=Ref(user.id, user.display_name),
            command=self.command,
            request_id=str(self.interaction.id),
        )

    @property
    def duration_ms(self) -> float:
        """From its arrival to its answer, or to now while there is none."""
        end = time.perf_counter() if self.ended is None else self.ended
        return round((end - self.started) * 1000, 1)

    async def answer(self, reply: Reply) -> None:
        """Answer the member, and stop the clock. Raises `NotAnswered`."""
        try:
            await send(self.interaction, reply, self.deferral)
        finally:
            self.ended = time.perf_counter()


def begin(interaction: Interaction) -> Invocation:
    """Start the clock of a command that just arrived."""
    command = interaction.command
    invocation = Invocation(
        interaction,
        Deferral(interaction, private=bool(command and command.extras.get("private"))),
        command=command.qualified_name if command else _name_of_unknown(interaction),
    )
    interaction.extras[_KEY] = invocation
    return invocation


def _name_of_unknown(interaction: Interaction) -> str:
    data: dict[str, Any] = dict(interaction.data or {})
    return str(data.get("name", "?"))


def of(interaction: Interaction) -> Invocation:
    """Return the invocation that `begin` made for `interaction`."""
    invocation = interaction.extras[_KEY]
    assert isinstance(invocation, Invocation)  # noqa: S101
    return invocation
