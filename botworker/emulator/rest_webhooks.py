"""REST of webhooks: those of channels, and what follows the first answer to an interaction.

Discord serves both under the same paths: the application's id with an interaction's token opens the
interaction, a webhook's id with its own token the webhook.
"""

import secrets
from typing import Any

from botworker.emulator.announcements import Announcements
from botworker.emulator.errors import DiscordError, InvalidForm, unknown
from botworker.emulator.message_rules import EPHEMERAL, check_edit, check_message
from botworker.emulator.messages import Message, MessageBook
from botworker.emulator.permissions import Permission
from botworker.emulator.rest import Answer, Call, Handler, Route
from botworker.emulator.rest_interactions import InteractionRoutes
from botworker.emulator.rest_world import channel_of
from botworker.emulator.things import Channel, User, Webhook
from botworker.emulator.world import World

Json = dict[str, Any]

WEBHOOKS_A_CHANNEL = 15


class WebhookRoutes:
    """Everything under `/webhooks`, and the lists of a channel's and of a guild's."""

    def __init__(
        self,
        world: World,
        messages: MessageBook,
        announcements: Announcements,
        interactions: InteractionRoutes,
    ) -> None:
        self._world = world
        self._messages = messages
        self._announcements = announcements
        self._interactions = interactions

    def routes(self) -> list[Route]:
        """Everything served here."""
        channel, hook = "/channels/{channel_id}/webhooks", "/webhooks/{webhook_id}"
        opened = f"{hook}/{{webhook_token}}"
        original, message = f"{opened}/messages/@original", f"{opened}/messages/{{message_id}}"
        answers = self._interactions

        def either(
            method: str, template: str, ours: Handler, answers: Handler, *query: str
        ) -> Route:
            async def serve(call: Call) -> Answer:
                of_interaction = call.id("webhook_id") == self._world.bot.id
                return await (answers if of_interaction else ours)(call)

            return Route(method, template, serve, authorized=False, query=query)

        return [
            Route("POST", channel, self.create),
            Route("GET", channel, self.of_channel),
            Route("GET", "/guilds/{guild_id}/webhooks", self.of_guild),
            Route("GET", hook, self.get),
            Route("PATCH", hook, self.edit),
            Route("DELETE", hook, self.delete),
            Route("GET", opened, self.get, authorized=False),
            Route("DELETE", opened, self.delete, authorized=False),
            either("POST", opened, self.execute, answers.follow_up, "wait", "with_components"),
            either("GET", original, self.get_message, answers.get_message),
            either("PATCH", original, self.edit_message, answers.edit_message, "with_components"),
            either("DELETE", original, self.delete_message, answers.delete_message),
            either("GET", message, self.get_message, answers.get_message),
            either("PATCH", message, self.edit_message, answers.edit_message, "with_components"),
            either("DELETE", message, self.delete_message, answers.delete_message),
        ]

    async def create(self, call: Call) -> Answer:
        """A new webhook of a text channel."""
        channel = self._channel(call)
        if channel.type != 0:
            raise DiscordError(400, 50024, "Cannot execute action on this channel type")
        if len(self._of(channel)) >= WEBHOOKS_A_CHANNEL:
            raise DiscordError(400, 30007, "Maximum number of webhooks reached (15)")
        bot = self._world.bot
        hook = Webhook(
            self._world.snowflakes(),
            _name(call.form(), required=True),
            secrets.token_urlsafe(51),
            channel,
            bot,
            bot.id,
        )
        self._world.webhooks[hook.id] = hook
        self._announcements.webhooks(channel)
        return hook.payload()

    async def of_channel(self, call: Call) -> Answer:
        """The webhooks of a channel."""
        return [hook.payload() for hook in self._of(self._channel(call))]

    async def of_guild(self, call: Call) -> Answer:
        """The webhooks of a guild."""
        guild = self._world.guilds.get(call.id("guild_id"))
        if guild is None:
            raise unknown("Guild")
        hooks = self._world.webhooks.values()
        return [hook.payload() for hook in hooks if hook.channel.guild_id == guild.id]

    async def get(self, call: Call) -> Answer:
        """One webhook; by its token without its maker."""
        payload = self._find(call).payload()
        if "webhook_token" in call.params:
            del payload["user"]
        return payload

    async def edit(self, call: Call) -> Answer:
        """Give a webhook another name."""
        hook, body = self._find(call), call.form()
        if "name" in body:
            hook.name = _name(body, required=True)
        self._announcements.webhooks(hook.channel)
        return hook.payload()

    async def delete(self, call: Call) -> Answer:
        """Remove a webhook."""
        hook = self._find(call)
        del self._world.webhooks[hook.id]
        self._announcements.webhooks(hook.channel)
        return None

    async def execute(self, call: Call) -> Answer:
        """Write as the webhook; the message is told to those who wait for it."""
        hook, body = self._find(call), call.form()
        check_message(body, files=len(call.files))
        message = self._messages.create(
            hook.channel,
            User(hook.id, str(body.get("username") or hook.name), None, bot=True),
            {**body, "flags": (body.get("flags") or 0) & ~EPHEMERAL},
            files=call.files,
            webhook_id=hook.id,
        )
        waits = call.query.get("wait", "").lower() in {"1", "true"}
        return message.payload() if waits else None

    async def get_message(self, call: Call) -> Answer:
        """One of its own messages."""
        return self._message(call).payload()

    async def edit_message(self, call: Call) -> Answer:
        """Change one of its own messages."""
        message, body = self._message(call), call.form()
        check_edit(body, message, files=len(call.files))
        self._messages.edit(message, body, call.files)
        return message.payload()

    async def delete_message(self, call: Call) -> Answer:
        """Delete one of its own messages."""
        self._messages.delete(self._message(call))
        return None

    def _channel(self, call: Call) -> Channel:
        return channel_of(self._world, call, Permission.MANAGE_WEBHOOKS)

    def _of(self, channel: Channel) -> list[Webhook]:
        return [hook for hook in self._world.webhooks.values() if hook.channel is channel]

    def _find(self, call: Call) -> Webhook:
        hook = self._world.webhooks.get(call.id("webhook_id"))
        if hook is None:
            raise unknown("Webhook")
        token = call.params.get("webhook_token")
        if token is not None and not secrets.compare_digest(token.encode(), hook.token.encode()):
            raise DiscordError(401, 50027, "Invalid Webhook Token")
        return hook

    def _message(self, call: Call) -> Message:
        hook = self._find(call)
        found = self._messages.get(call.id("message_id")) if "message_id" in call.params else None
        if found is None or found.webhook_id != hook.id:
            raise unknown("Message")
        return found


def _name(body: Json, *, required: bool) -> str:
    form = InvalidForm()
    name = body.get("name")
    if not isinstance(name, str):
        form.required("name")
    elif not 1 <= len(name) <= 80:
        form.bad_length("name", 1, 80)
    elif "clyde" in name.lower() or "discord" in name.lower():
        form.add("name", "USERNAME_INVALID_CONTAINS", f'Username cannot contain "{name[:40]}"')
    form.raise_if_any()
    return str(name)
