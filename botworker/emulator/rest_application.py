"""REST of the application itself: who it is, where its gateway is, which commands it has."""

from collections.abc import Callable
from typing import Any

from botworker.emulator.commands import CommandRegistry, Scope
from botworker.emulator.errors import DiscordError, missing_access, unknown
from botworker.emulator.identify import Identification, application_flags
from botworker.emulator.limits import Limits
from botworker.emulator.rest import Answer, Call, Route
from botworker.emulator.world import World

Json = dict[str, Any]


class ApplicationRoutes:
    """Login and command sync."""

    def __init__(
        self,
        world: World,
        commands: CommandRegistry,
        identification: Identification,
        limits: Limits,
    ) -> None:
        self._world = world
        self._commands = commands
        self._identification = identification
        self._limits = limits
        self.gateway_url_at: Callable[[str], str] = lambda host: f"ws://{host}"

    def routes(self) -> list[Route]:
        """Everything served here."""
        base = "/applications/{application_id}"
        found = [
            Route("GET", "/gateway", self.gateway, authorized=False),
            Route("GET", "/gateway/bot", self.gateway_bot),
            Route("GET", "/users/@me", self.me),
            Route("GET", "/oauth2/applications/@me", self.application),
            Route("GET", "/applications/@me", self.application),
            Route("GET", "/soundboard-default-sounds", self.default_sounds),
        ]
        for scope in (f"{base}/commands", f"{base}/guilds/{{guild_id}}/commands"):
            found += [
                Route("GET", scope, self.list_commands, query=("with_localizations",)),
                Route("PUT", scope, self.overwrite_commands),
                Route("POST", scope, self.create_command),
                *self._permissions(scope),
                Route("GET", f"{scope}/{{command_id}}", self.get_command),
                Route("PATCH", f"{scope}/{{command_id}}", self.edit_command),
                Route("DELETE", f"{scope}/{{command_id}}", self.delete_command),
            ]
        return found

    def _permissions(self, scope: str) -> list[Route]:
        if "{guild_id}" not in scope:
            return []
        return [
            Route("GET", f"{scope}/permissions", self.all_permissions),
            Route("GET", f"{scope}/{{command_id}}/permissions", self.permissions),
        ]

    async def all_permissions(self, call: Call) -> Answer:
        """Nobody has restricted a command."""
        self._scope(call)
        return []

    async def permissions(self, call: Call) -> Answer:
        """Nobody has restricted this command."""
        self._scope(call)
        raise unknown("application command permissions")

    async def gateway(self, call: Call) -> Answer:
        """Where the gateway is."""
        return {"url": self.gateway_url_at(call.host)}

    async def gateway_bot(self, call: Call) -> Answer:
        """Where the gateway is, how many shards are advised, how many sessions are left."""
        guilds = len(self._world.guilds)
        return {
            "url": self.gateway_url_at(call.host),
            "shards": max(1, -(-guilds // self._limits.advised_guilds_a_shard)),
            "session_start_limit": {
                "total": self._limits.session_starts,
                "remaining": max(0, self._limits.session_starts - self._identification.starts()),
                "reset_after": 86_400_000,
                "max_concurrency": self._limits.max_concurrency,
            },
        }

    async def me(self, call: Call) -> Answer:
        """The bot's own user."""
        return {
            **self._world.bot.payload(),
            "mfa_enabled": True,
            "locale": "en-US",
            "premium_type": 0,
            "email": None,
            "verified": True,
        }

    async def application(self, call: Call) -> Answer:
        """The bot's application."""
        bot = self._world.bot
        owner = next(user for user in self._world.users.values() if not user.bot)
        flags = application_flags(self._limits.granted_intents)
        return {
            "id": str(bot.id),
            "name": "Aurora",
            "icon": None,
            "description": "An economy bot, here in the emulated Discord.",
            "type": None,
            "bot": bot.payload(),
            "summary": "",
            "bot_public": False,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "flags": flags,
            "flags_new": str(flags),
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "owner": owner.payload(),
            "approximate_guild_count": len(self._world.guilds),
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0,
            "team": None,
            "eligible_oauth2_scopes": ["bot", "applications.commands"],
        }

    async def default_sounds(self, call: Call) -> Answer:
        """The sounds that every guild has; some clients ask for them before they are ready."""
        quack: Json = {"name": "quack", "sound_id": "1", "volume": 1.0, "available": True}
        return [{**quack, "emoji_id": None, "emoji_name": "🦆"}]

    async def list_commands(self, call: Call) -> Answer:
        """Every command of the scope."""
        return self._commands.all(self._scope(call))

    async def overwrite_commands(self, call: Call) -> Answer:
        """Replace every command of the scope."""
        return self._commands.overwrite(self._scope(call), call.body)

    async def create_command(self, call: Call) -> Answer:
        """Create one command (201) or replace its namesake (200)."""
        command, new = self._commands.upsert(self._scope(call), call.body)
        return (201 if new else 200), command

    async def get_command(self, call: Call) -> Answer:
        """One command."""
        return self._commands.get(self._scope(call), call.id("command_id"))

    async def edit_command(self, call: Call) -> Answer:
        """Change one command."""
        return self._commands.edit(self._scope(call), call.id("command_id"), call.form())

    async def delete_command(self, call: Call) -> Answer:
        """Delete one command."""
        self._commands.delete(self._scope(call), call.id("command_id"))
        return None

    def _scope(self, call: Call) -> Scope:
        if call.id("application_id") != self._world.bot.id:
            sentence = "You are not authorized to perform this action on this application"
            raise DiscordError(403, 20012, sentence)
        if "guild_id" not in call.params:
            return None
        guild_id = call.id("guild_id")
        if guild_id not in self._world.guilds:
            raise missing_access()
        return guild_id
