"""The emulated Discord as one thing: REST, gateway and controls on one loopback port."""

import asyncio
import logging
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from botworker.emulator.control import Control, ControlDesk, controls_of, seen
from botworker.emulator.faults import Faults
from botworker.emulator.limits import Limits
from botworker.emulator.ratelimits import RateLimits
from botworker.emulator.rest import PREFIX, Rest
from botworker.emulator.rest_application import ApplicationRoutes
from botworker.emulator.rest_interactions import InteractionRoutes
from botworker.emulator.rest_webhooks import WebhookRoutes
from botworker.emulator.rest_world import WorldRoutes
from botworker.emulator.snowflakes import bot_id_in, token_for
from botworker.emulator.stage import Stage
from botworker.emulator.tls import API_HOST, GATEWAY_HOST, Certificate
from botworker.emulator.world import BOT_ID, World, build_world

Json = dict[str, Any]
HOST = "127.0.0.1"
OPEN_AGAIN_SECONDS = 0.1

log = logging.getLogger(__name__)


class EmulatedDiscord(Stage):
    """A Discord on this machine, for one bot. Use it with `async with`.

    It listens on 127.0.0.1 only. `port` 0 takes a free one; a taken port raises OSError. With
    `tls` it has a `certificate`, made for Discord's own names unless one is given, under which a
    client is to find it (`tls.OnlyHere`), and speaks nothing else.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        seed: int = 1,
        token: str | None = None,
        world: World | None = None,
        world_size: tuple[int, int] = (5, 60),
        limits: Limits | None = None,
        tls: bool | Certificate = False,
    ) -> None:
        """`world_size` is guilds and people, when no `world` is given."""
        token = token or token_for(BOT_ID if world is None else world.bot.id)
        if world is None:
            guilds, members = world_size
            bot_id = bot_id_in(token) or BOT_ID
            world = build_world(seed=seed, guilds=guilds, members=members, bot_id=bot_id)
        super().__init__(world, token, limits or Limits(), seed)
        self.ratelimits = RateLimits(self.limits.requests_a_second)
        self.rest = Rest(self.token, self.ratelimits, self.conditions)
        self.faults = Faults(self.world, self.gateway, self.conditions)
        """Everything that can go wrong on command."""
        self.controls: dict[str, Control] = {
            **controls_of(self.faults),
            "run_command": self._run_command,
            "say": self._say,
        }
        """What `POST /_control/NAME` offers."""
        self._application = ApplicationRoutes(
            self.world, self.commands, self.gateway.identification, self.limits
        )
        self._port = port
        self.certificate = Certificate() if tls is True else tls or None
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._opening: asyncio.Task[None] | None = None
        self._spared: set[asyncio.Transport] = set()
        self.conditions.cut = self._cut
        self.conditions.close_port = self._close_port

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    @property
    def api_url(self) -> str:
        """What discord.py calls Route.BASE."""
        if self.certificate is not None:
            return f"https://{API_HOST}{PREFIX}"
        return f"http://{HOST}:{self._port}{PREFIX}"

    @property
    def gateway_url(self) -> str:
        """Where the websocket is."""
        if self.certificate is not None:
            return f"wss://{GATEWAY_HOST}/"
        return f"ws://{HOST}:{self._port}/"

    @property
    def address(self) -> str:
        """Host and port, for those who do not look it up by Discord's names."""
        return f"{HOST}:{self._port}"

    def _gateway_url_at(self, host: str) -> str:
        """Where the websocket is for a client that came by this Host header.

        Without a slash at its end, as Discord tells it: some clients put "/?v=10" behind it.
        """
        if self.certificate is not None and host.partition(":")[0] == HOST:
            return f"wss://{self.address}"
        return self.gateway_url.rstrip("/")

    @property
    def unknown_routes(self) -> list[str]:
        """Method and path of every request for a route that is not emulated."""
        return self.rest.unknown_routes

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        app = web.Application(middlewares=[self._door], client_max_size=25 << 20)
        interactions = InteractionRoutes(self.world, self.interactions, self.messages)
        webhooks = WebhookRoutes(self.world, self.messages, self.announcements, interactions)
        world = WorldRoutes(self.world, self.messages, self.announcements)
        for some in (self._application, interactions, webhooks, world):
            self.rest.register(app.router, some.routes())
        desk = ControlDesk(self.controls, self.state)
        app.router.add_route("*", "/_control", desk.serve)
        app.router.add_route("*", "/_control/{name}", desk.serve)
        app.router.add_get("/", self._root)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.5)
        await runner.setup()
        self._runner = runner
        try:
            await self._listen()
        except OSError:
            await self.stop()
            raise
        self._port = runner.addresses[0][1]
        self.gateway.url_at = self._application.gateway_url_at = self._gateway_url_at

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        for connection in list(self.gateway.connections):
            connection.close(1001, "Discord is shutting down.")
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = self._site = None
        self.interactions.close()

    def state(self) -> Json:
        """What a person at the controls wants to know."""
        sessions = self.gateway.sessions.all()
        return {
            "down": self.conditions.down,
            "guilds": {str(guild.id): guild.name for guild in self.world.guilds.values()},
            "sessions": [
                {"shard": list(one.shard), "connected": one.outlet is not None, "seq": one.seq}
                for one in sessions
            ],
            "identifies": self.gateway.identifies,
            "resumes": self.gateway.resumes,
            "commands": sorted({command["name"] for command in self.commands.everywhere()}),
            "unanswered": self.interactions.missed,
            "unknown_routes": self.unknown_routes,
        }

    async def _run_command(
        self,
        name: str,
        member: int | str | None = None,
        guild: int | str | None = None,
        options: dict[str, Any] | None = None,
        within: float = 10.0,
    ) -> Json:
        """A member calls a command; the result is what they read. Ids may be text."""
        interaction = await self.run_command(
            name,
            member=None if member is None else int(member),
            guild=None if guild is None else int(guild),
            options=options,
        )
        return await seen(interaction, within)

    async def _say(
        self, text: str, member: int | str | None = None, guild: int | str | None = None
    ) -> Json:
        """A member writes a message; the result is the message. Ids may be text."""
        message = await self.say(
            text,
            member=None if member is None else int(member),
            guild=None if guild is None else int(guild),
        )
        return message.payload()

    async def _listen(self) -> None:
        assert self._runner is not None  # noqa: S101
        context = None if self.certificate is None else self.certificate.server_context()
        site = web.TCPSite(self._runner, HOST, self._port, ssl_context=context)
        try:
            await site.start()
        except OSError:
            await site.stop()
            raise
        self._site = site

    async def _close_port(self, seconds: float) -> None:
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
            self._opening = None
        if seconds > 0:
            if self._site is not None:
                await self._site.stop()
                self._site = None
            self._opening = asyncio.create_task(self._open_port(seconds))
        elif self._runner is not None and self._site is None:
            await self._open_port(0.0)

    async def _open_port(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        while self._site is None:
            try:
                await self._listen()
            except OSError as error:  # somebody's outgoing connection has that very port
                log.warning("port %d cannot be opened again yet: %s", self._port, error.strerror)
                await asyncio.sleep(OPEN_AGAIN_SECONDS)
        self.conditions.down = False

    def _cut(self) -> None:
        """Cut every open HTTP connection, except those of the controls."""
        server = self._runner.server if self._runner else None
        for connection in server.connections if server else ():
            if connection.transport is not None and connection.transport not in self._spared:
                connection.transport.abort()

    async def _spare(self, request: web.Request, handler: Any) -> web.StreamResponse:
        transport = request.transport
        if transport is not None:
            self._spared.add(transport)
        try:
            response: web.StreamResponse = await handler(request)
        finally:
            if transport is not None:
                self._spared.discard(transport)
        return response

    @web.middleware
    async def _door(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.path.partition("/")[2].partition("/")[0] == "_control":
            return await self._spare(request, handler)
        if self.conditions.down:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=503)
        if isinstance(request.match_info.http_exception, web.HTTPException):
            return await self.rest.unknown(request)
        response: web.StreamResponse = await handler(request)
        self.gateway.changes.notify()
        return response

    async def _root(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self.gateway.serve(request)
        return await self.rest.unknown(request)
