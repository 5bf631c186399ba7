"""The life of an interaction: three seconds for the first answer, fifteen minutes for the rest."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from botworker.emulator.errors import DiscordError, already_acknowledged, unknown
from botworker.emulator.message_rules import LOADING
from botworker.emulator.messages import Message
from botworker.emulator.replies import InteractionFailed, Reply, ReplyPart
from botworker.emulator.things import Channel, Guild, User
from botworker.emulator.waiting import Changes

Json = dict[str, Any]

KEPT = 1000
COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5


class State(Enum):
    """Where an interaction stands."""

    WAITING = "waiting for its first answer"
    DEFERRED = "deferred: the member sees that the bot is thinking"
    ANSWERED = "answered"
    FAILED = "failed: the application did not respond in time"


@dataclass(slots=True, eq=False)
class Interaction:
    """One interaction, from its dispatch to the end of its token.

    `run_command` hands it out; `await interaction.reply()` is what the member comes to see.
    """

    id: int
    type: int
    token: str
    payload: Json
    user: User
    channel: Channel
    guild: Guild | None
    command: str
    started: float
    """`loop.time()` of the dispatch."""
    message: Message | None = None
    """The message a component sits on."""
    opener: "Interaction | None" = None
    """The interaction whose answer was the form submitted here."""
    state: State = State.WAITING
    original: Message | None = None
    original_deleted: bool = False
    followups: list[Message] = field(default_factory=list)
    choices: list[Json] | None = None
    modal: Json | None = None
    deferred: bool = False
    expired: bool = False
    """Its token opens nothing any more."""
    acknowledged_after: float | None = None
    """Seconds until the first answer of any kind."""
    visible_after: float | None = None
    """Seconds until the member could read something."""
    delivered: int = 0
    """How many sessions its dispatch went to."""
    history: list[ReplyPart] = field(default_factory=list)
    _changes: Changes = field(default_factory=Changes)

    def touch(self) -> None:
        """Wake everyone who waits for a change."""
        self._changes.notify()

    async def until(self, condition: Callable[[], bool], within: float = 5.0) -> None:
        """Wait until `condition()` holds.

        Raises TimeoutError after `within` seconds, and InteractionFailed when Discord would show
        "The application did not respond".
        """
        await self._changes.until(lambda: condition() or self.state is State.FAILED, within)
        if not condition():
            raise InteractionFailed(self.command)

    async def acknowledged(self, within: float = 5.0) -> State:
        """Wait for the first answer of any kind and tell the state it led to."""
        await self.until(lambda: self.state is not State.WAITING, within)
        return self.state

    async def reply(self, within: float = 5.0) -> Reply:
        """Wait for what the member reads: the answer, or after a deferral what replaced it."""
        await self.until(lambda: self.visible_after is not None, within)
        return self.seen()

    async def followup(self, number: int = 0, within: float = 5.0) -> ReplyPart:
        """Wait for the follow-up message with this number, counted from 0."""
        await self.until(lambda: len(self.followups) > number, within)
        return ReplyPart.of(self.followups[number])

    async def edited(self, times: int = 1, within: float = 5.0) -> Reply:
        """Wait until the first answer was edited `times` times since it could be read."""
        await self.until(lambda: len(self.history) > times, within)
        return self.seen()

    def seen(self) -> Reply:
        """What the member sees at this moment. Raises LookupError while there is nothing."""
        if self.visible_after is None or self.acknowledged_after is None:
            raise LookupError(f"nothing to read yet from {self.command}")
        part = self.history[-1] if self.history else ReplyPart()
        return Reply(
            **part.fields(),
            deferred=self.deferred,
            edits=self.history[1:],
            first=self.history[0] if self.history else part,
            followups=[ReplyPart.of(message) for message in self.followups],
            modal=self.modal,
            deleted=self.original_deleted,
            acknowledged_seconds=self.acknowledged_after,
            seconds=self.visible_after,
        )


class Interactions:
    """Every interaction by token, with Discord's deadlines."""

    def __init__(self, response_seconds: float, token_seconds: float) -> None:
        self.response_seconds = response_seconds
        self.token_seconds = token_seconds
        self._by_token: dict[str, Interaction] = {}
        self._timers: set[asyncio.TimerHandle] = set()
        self.failed: list[Interaction] = []
        """The last of those that were not answered in time, oldest first."""
        self.missed = 0
        """How many were not answered in time."""

    def open(self, **fields: Any) -> Interaction:
        """A new interaction, its clock started."""
        loop = asyncio.get_running_loop()
        token = secrets.token_urlsafe(120)
        interaction = Interaction(token=token, started=loop.time(), **fields)
        self._by_token[token] = interaction
        self._after(self.response_seconds, self._miss, interaction)
        self._after(self.token_seconds, self._forget, interaction)
        return interaction

    def close(self) -> None:
        """Stop every clock."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def to_answer(self, interaction_id: int, token: str) -> Interaction:
        """The interaction a callback may answer now, or 404/10062 or 400/40060."""
        interaction = self._by_token.get(token)
        if interaction is None or interaction.id != interaction_id:
            raise unknown("interaction")
        if interaction.state is State.FAILED:
            raise unknown("interaction")
        if interaction.state is not State.WAITING:
            raise already_acknowledged()
        return interaction

    def to_follow(self, token: str) -> Interaction:
        """The answered interaction a follow-up belongs to, or 404/10015, or 401/50027."""
        interaction = self._by_token.get(token)
        if interaction is None:
            raise DiscordError(401, 50027, "Invalid Webhook Token")
        if interaction.state in {State.WAITING, State.FAILED}:
            raise unknown("Webhook")
        return interaction

    def acknowledge(self, interaction: Interaction, state: State) -> None:
        """Note the first answer."""
        interaction.state = state
        interaction.acknowledged_after = self._age(interaction)

    def show(self, interaction: Interaction, message: Message | None) -> None:
        """Note what the member can read now as the first answer."""
        if message is not None and message.flags & LOADING:
            return
        if interaction.visible_after is None:
            interaction.visible_after = self._age(interaction)
        if message is not None:
            interaction.history.append(ReplyPart.of(message))

    def _age(self, interaction: Interaction) -> float:
        return asyncio.get_running_loop().time() - interaction.started

    def _after(
        self, seconds: float, what: Callable[[Interaction], None], interaction: Interaction
    ) -> None:
        def run() -> None:
            self._timers.discard(timer)
            what(interaction)

        timer = asyncio.get_running_loop().call_later(seconds, run)
        self._timers.add(timer)

    def _miss(self, interaction: Interaction) -> None:
        if interaction.state is State.WAITING:
            interaction.state = State.FAILED
            self.missed += 1
            self.failed.append(interaction)
            del self.failed[:-KEPT]
            interaction.touch()

    def _forget(self, interaction: Interaction) -> None:
        self._by_token.pop(interaction.token, None)
        interaction.expired = True
        interaction.touch()
