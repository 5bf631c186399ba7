"""REST of interactions: the callback, the first answer, follow-ups."""

from typing import Any

from botworker.emulator import interactions as kinds
from botworker.emulator.errors import InvalidForm, unknown
from botworker.emulator.interactions import Interaction, Interactions, State
from botworker.emulator.message_rules import EPHEMERAL, LOADING, check_edit, check_message
from botworker.emulator.message_types import check_types
from botworker.emulator.messages import (
    CHAT_INPUT_COMMAND,
    CONTEXT_MENU_COMMAND,
    REPLY,
    Message,
    MessageBook,
)
from botworker.emulator.modal_rules import check_modal
from botworker.emulator.option_rules import check_choices
from botworker.emulator.rest import Answer, Call, Route
from botworker.emulator.world import World

Json = dict[str, Any]

MESSAGE, DEFER, DEFER_UPDATE, UPDATE, AUTOCOMPLETE_RESULT, MODAL = 4, 5, 6, 7, 8, 9
_ALLOWED = {
    kinds.COMMAND: {MESSAGE, DEFER, MODAL},
    kinds.COMPONENT: {MESSAGE, DEFER, DEFER_UPDATE, UPDATE, MODAL},
    kinds.AUTOCOMPLETE: {AUTOCOMPLETE_RESULT},
    kinds.MODAL_SUBMIT: {MESSAGE, DEFER, DEFER_UPDATE, UPDATE},
}


class InteractionRoutes:
    """Answers to interactions. The token in the path is the authorisation."""

    def __init__(self, world: World, interactions: Interactions, messages: MessageBook) -> None:
        self._world = world
        self._interactions = interactions
        self._messages = messages

    def routes(self) -> list[Route]:
        """The callback; what follows it is served among the webhooks."""
        return [
            Route(
                "POST",
                "/interactions/{interaction_id}/{interaction_token}/callback",
                self.callback,
                authorized=False,
                limited=False,
                query=("with_response",),
            )
        ]

    async def callback(self, call: Call) -> Answer:
        """The first answer, once and within three seconds."""
        interaction = self._interactions.to_answer(
            call.id("interaction_id"), call.params["interaction_token"]
        )
        body = call.form()
        kind, data = body.get("type"), body.get("data")
        data = {} if data is None else data
        form = InvalidForm()
        if not isinstance(kind, int) or kind not in _ALLOWED[interaction.type]:
            allowed = ", ".join(map(str, sorted(_ALLOWED[interaction.type])))
            form.add("type", "BASE_TYPE_CHOICES", f"Value must be one of {{{allowed}}}.")
        elif kind != MODAL or not isinstance(data, dict):
            check_types(form, "data", data)
        form.raise_if_any()
        self._answer(interaction, int(kind or 0), data, call.files)
        interaction.touch()
        if call.query.get("with_response", "").lower() not in {"1", "true"}:
            return None
        return _callback_response(interaction, int(kind or 0))

    def _answer(self, interaction: Interaction, kind: int, data: Json, files: list[Json]) -> None:
        if kind == MESSAGE:
            check_message(data, path="data", files=len(files))
            interaction.original = self._first(interaction, data, files=files)
            self._interactions.acknowledge(interaction, State.ANSWERED)
            self._interactions.show(interaction, interaction.original)
        elif kind == DEFER:
            flags = LOADING | ((data.get("flags") or 0) & EPHEMERAL)
            interaction.original = self._first(interaction, {}, flags=flags)
            interaction.deferred = True
            self._interactions.acknowledge(interaction, State.DEFERRED)
        elif kind == AUTOCOMPLETE_RESULT:
            form = InvalidForm()
            check_choices(form, "data.choices", data.get("choices", []), _focused_kind(interaction))
            form.raise_if_any()
            interaction.choices = data.get("choices", [])
            self._interactions.acknowledge(interaction, State.ANSWERED)
            self._interactions.show(interaction, None)
        elif kind == MODAL:
            check_modal(data)
            interaction.modal = data
            self._interactions.acknowledge(interaction, State.ANSWERED)
            self._interactions.show(interaction, None)
        elif kind == UPDATE:
            interaction.original = self._component_message(interaction)
            check_edit(data, interaction.original, path="data", files=len(files))
            self._messages.edit(interaction.original, data, files)
            self._interactions.acknowledge(interaction, State.ANSWERED)
            self._interactions.show(interaction, interaction.original)
        else:
            interaction.original = self._component_message(interaction)
            interaction.deferred = True
            self._interactions.acknowledge(interaction, State.DEFERRED)

    def _component_message(self, interaction: Interaction) -> Message:
        if interaction.message is None:
            raise unknown("Message")
        return interaction.message

    async def follow_up(self, call: Call) -> Answer:
        """A further message; after a deferral the first one takes the place of "thinking"."""
        interaction = self._find(call)
        body = call.form()
        check_message(body, files=len(call.files))
        original = interaction.original
        if original is not None and original.flags & LOADING:
            self._messages.edit(original, body, call.files)
            self._shown(interaction, original)
            return original.payload()
        reference = original.id if original is not None else None
        message = self._create(interaction, body, REPLY, reference=reference, files=call.files)
        interaction.followups.append(message)
        interaction.touch()
        return message.payload()

    async def get_message(self, call: Call) -> Answer:
        """The first answer or a follow-up."""
        return self._message(self._find(call), call).payload()

    async def edit_message(self, call: Call) -> Answer:
        """Change the first answer or a follow-up."""
        interaction = self._find(call)
        message = self._message(interaction, call)
        body = call.form()
        check_edit(body, message, files=len(call.files))
        self._messages.edit(message, body, call.files)
        if message is interaction.original:
            self._shown(interaction, message)
        interaction.touch()
        return message.payload()

    async def delete_message(self, call: Call) -> Answer:
        """Remove the first answer or a follow-up."""
        interaction = self._find(call)
        message = self._message(interaction, call)
        self._messages.delete(message)
        if message is interaction.original:
            interaction.original_deleted = True
            self._interactions.show(interaction, None)
        interaction.touch()
        return None

    def _find(self, call: Call) -> Interaction:
        if call.id("webhook_id") != self._world.bot.id:
            raise unknown("Webhook")
        return self._interactions.to_follow(call.params["webhook_token"])

    def _message(self, interaction: Interaction, call: Call) -> Message:
        message = interaction.original
        if "message_id" in call.params:
            wanted = call.id("message_id")
            own = [*interaction.followups, *([message] if message else [])]
            message = next((one for one in own if one.id == wanted), None)
        if message is None or message.deleted:
            raise unknown("Message")
        return message

    def _shown(self, interaction: Interaction, message: Message) -> None:
        interaction.state = State.ANSWERED
        self._interactions.show(interaction, message)
        interaction.touch()

    def _first(
        self,
        interaction: Interaction,
        body: Json,
        *,
        flags: int = 0,
        files: list[Json] | None = None,
    ) -> Message:
        """The first answer: to a component it is a reply to the message that holds it."""
        about = interaction.message
        typed = interaction.payload["data"].get("type", 1) == 1
        kind = REPLY if about else CHAT_INPUT_COMMAND if typed else CONTEXT_MENU_COMMAND
        reference = None if about is None else about.id
        return self._create(interaction, body, kind, flags=flags, reference=reference, files=files)

    def _create(
        self,
        interaction: Interaction,
        body: Json,
        kind: int,
        *,
        flags: int = 0,
        reference: int | None = None,
        files: list[Json] | None = None,
    ) -> Message:
        bot = self._world.bot
        return self._messages.create(
            interaction.channel,
            bot,
            body,
            type=kind,
            flags=flags | ((body.get("flags") or 0) & EPHEMERAL),
            webhook_id=bot.id,
            application_id=bot.id,
            reference=reference,
            interaction=_metadata(interaction),
            files=files or [],
        )


def _metadata(interaction: Interaction) -> Json:
    owners = interaction.payload["authorizing_integration_owners"]
    found: Json = {
        "id": str(interaction.id),
        "type": interaction.type,
        "user": interaction.user.payload(),
        "authorizing_integration_owners": owners,
    }
    if interaction.type == kinds.COMMAND:
        data = interaction.payload["data"]
        found |= {"name": interaction.command, "command_type": data["type"]}
        if data["type"] == 2:
            found["target_user"] = data["resolved"]["users"][data["target_id"]]
        elif data["type"] == 3:
            found["target_message_id"] = data["target_id"]
    elif interaction.type == kinds.COMPONENT and interaction.message is not None:
        found["interacted_message_id"] = str(interaction.message.id)
    elif interaction.type == kinds.MODAL_SUBMIT and interaction.opener is not None:
        found["triggering_interaction_metadata"] = _metadata(interaction.opener)
    return found


def _focused_kind(interaction: Interaction) -> int:
    options = interaction.payload["data"].get("options", [])
    while options and options[0]["type"] in {1, 2}:
        options = options[0].get("options", [])
    return next((int(option["type"]) for option in options if option.get("focused")), 3)


def _callback_response(interaction: Interaction, kind: int) -> Json:
    answer: Json = {"id": str(interaction.id), "type": interaction.type}
    answer["channel_id"] = str(interaction.channel.id)
    if interaction.guild is not None:
        answer["guild_id"] = str(interaction.guild.id)
    message = interaction.original
    if message is not None:
        answer["response_message_id"] = str(message.id)
        answer["response_message_loading"] = bool(message.flags & LOADING)
        answer["response_message_ephemeral"] = message.ephemeral
    response: Json = {"interaction": answer}
    if message is not None and kind in {MESSAGE, UPDATE}:
        response["resource"] = {"type": kind, "message": message.payload()}
    return response
