"""REST: one door for every request, where it is authorised, limited, read and answered."""

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, hdrs, web

from botworker.emulator.conditions import Conditions
from botworker.emulator.errors import DiscordError, InvalidForm, no_such_route, unauthorized
from botworker.emulator.ratelimits import RateLimits, too_many
from botworker.emulator.transport import dumps

Json = dict[str, Any]
PREFIX = "/api/v10"
PREFIXES = (PREFIX, "/api/v9")
"""Both versions that Discord serves; what is emulated here is the same in both."""
KEPT = 1000
MAX_FILE_BYTES = 10 << 20

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Call:
    """One request, read: its path parameters, query, body and uploaded files' metadata."""

    params: dict[str, str]
    query: dict[str, str]
    body: Any
    files: list[Json] = field(default_factory=list)
    host: str = ""

    def id(self, name: str) -> int:
        """A path parameter that must be a snowflake, or 400/50035."""
        value = self.params[name]
        if not value.isdigit() or len(value) > 20:
            form = InvalidForm()
            form.add(name, "NUMBER_TYPE_COERCE", f'Value "{value[:40]}" is not snowflake.')
            form.raise_if_any()
        return int(value)

    def snowflake(self, name: str) -> int | None:
        """A query parameter that must be a snowflake, or 400/50035; None without it."""
        value = self.query.get(name)
        if value is not None and (not value.isdigit() or len(value) > 20):
            form = InvalidForm()
            form.add(name, "NUMBER_TYPE_COERCE", f'Value "{value[:40]}" is not snowflake.')
            form.raise_if_any()
        return None if value is None else int(value)

    def form(self) -> Json:
        """The body, which must be an object, or 400/50035."""
        if not isinstance(self.body, dict):
            form = InvalidForm()
            form.add("", "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
            form.raise_if_any()
        body: Json = self.body
        return body


Answer = Json | list[Any] | None | tuple[int, Any]
"""A body for 200, None for 204, or a status with its body."""
Handler = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Route:
    """One thing the API can do."""

    method: str
    template: str
    handler: Handler
    authorized: bool = True
    limited: bool = True
    query: tuple[str, ...] = ()
    """The query parameters it knows. Another one is refused, for Discord might heed it."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, for tests that hold both against Discord's document."""

    method: str
    template: str
    """Empty for a route that is not emulated."""
    status: int
    request: Any
    response: Any


class Rest:
    """Serves routes as Discord would, and remembers what it could not serve."""

    recorder: Callable[[Exchange], None] | None = None
    """Told of every exchange; on the class, those of every emulated Discord."""

    def __init__(self, token: str, limits: RateLimits, conditions: Conditions) -> None:
        self._token = token
        self._limits = limits
        self._conditions = conditions
        self.unknown_routes: list[str] = []
        """Method and path of every request for a route that is not here, oldest first."""
        self.requests: dict[str, int] = {}
        """How often each "METHOD /template" was asked for."""

    def register(self, router: web.UrlDispatcher, routes: list[Route]) -> None:
        """Add routes; those with a literal part must come before those with a parameter there."""
        for route in routes:

            async def serve(request: web.Request, route: Route = route) -> web.StreamResponse:
                return await self._serve(request, route)

            for prefix in PREFIXES:
                router.add_route(route.method, prefix + route.template, serve)

    async def unknown(self, request: web.Request) -> web.StreamResponse:
        """What any other path is answered with: loudly, 404."""
        name = f"{request.method} {request.path}"
        self._note_unknown(name)
        log.error("the emulated Discord has no route %s", name)
        error = no_such_route()
        self._record(request.method, "", error.status, None, error.payload())
        return respond(error)

    def _note_unknown(self, name: str) -> None:
        self.unknown_routes.append(name)
        del self.unknown_routes[:-KEPT]

    async def _serve(self, request: web.Request, route: Route) -> web.StreamResponse:
        told = route.method, route.template
        name = " ".join(told)
        self.requests[name] = self.requests.get(name, 0) + 1
        headers: dict[str, str] = {}
        body: Any = None
        try:
            if route.authorized:
                self._authorize(request)
            await self._conditions.pause(request.path)
            self._refuse(request.path)
            if route.limited:
                if route.authorized:
                    self._limits.count_global()
                params = dict(request.match_info)
                headers = self._limits.count(route.method, route.template, params)
            self._check_query(request, route)
            call = await read_call(request)
            body = call.body
            answer = await _answer(route, call)
        except DiscordError as error:
            self._record(*told, error.status, body, error.payload())
            return respond(error, headers)
        if (loss := self._conditions.loss(request.path)) is not None:
            if loss.status:
                lost = _server_error(loss.status)
                self._record(*told, lost.status, body, lost.payload())
                return respond(lost)
            if request.transport is not None:
                request.transport.abort()
        if answer is None:
            self._record(*told, 204, body, None)
            return web.Response(status=204, headers=headers)
        status, content = answer if isinstance(answer, tuple) else (200, answer)
        self._record(*told, status, body, content)
        return json_response(content, status, headers)

    def _check_query(self, request: web.Request, route: Route) -> None:
        form = InvalidForm()
        for name in request.query.keys() - set(route.query):
            self._note_unknown(f"{request.method} {request.path}?{name}")
            log.error("the emulated Discord does not know ?%s of %s", name, request.path)
            form.add(name, "NOT_EMULATED", "The emulated Discord does not know this parameter.")
        form.raise_if_any()

    def _authorize(self, request: web.Request) -> None:
        if request.headers.get(hdrs.AUTHORIZATION, "") != f"Bot {self._token}":
            raise unauthorized()

    def _refuse(self, path: str) -> None:
        refusal = self._conditions.refusal(path)
        if refusal is None:
            return
        if refusal.status == 429:
            raise too_many(refusal.retry_after, is_global=refusal.is_global, scope="shared")
        raise _server_error(refusal.status)

    def _record(self, method: str, template: str, status: int, request: Any, response: Any) -> None:
        if self.recorder is not None:
            self.recorder(Exchange(method, template, status, request, response))


async def _answer(route: Route, call: Call) -> Answer:
    """Return what the handler answers; a body it cannot make sense of is refused as a form."""
    try:
        return await route.handler(call)
    except (TypeError, ValueError, AttributeError, KeyError):
        log.exception("%s %s cannot read its body", route.method, route.template)
        form = InvalidForm()
        form.add("", "MODEL_TYPE_CONVERT", "The body does not have the types it should have.")
        form.raise_if_any()
        raise


def _server_error(status: int) -> DiscordError:
    return DiscordError(status, 0, f"{status}: Internal Server Error")


async def read_call(request: web.Request) -> Call:
    """Read a request's body: JSON, or a form with `payload_json`, and files if it is multipart."""
    call = Call(dict(request.match_info), dict(request.query), None, host=request.host)
    if not request.can_read_body:
        return call
    kind = request.content_type
    if kind == "multipart/form-data":
        await _read_parts(request, call)
        return call
    if kind == "application/x-www-form-urlencoded":
        fields = await request.post()
        written = fields.get("payload_json")
        call.body = _json(written.encode()) if isinstance(written, str) else dict(fields)
        return call
    raw = await request.read()
    if not raw:
        return call
    if kind != "application/json":
        form = InvalidForm()
        form.add(
            "_misc",
            "CONTENT_TYPE_INVALID",
            "Expected \"Content-Type\" header to be one of {'application/json'}.",
        )
        form.raise_if_any()
    call.body = _json(raw)
    return call


async def _read_parts(request: web.Request, call: Call) -> None:
    reader = await request.multipart()
    call.body = {}
    async for part in reader:
        if not isinstance(part, BodyPartReader):
            continue
        raw = await part.read(decode=True)
        if len(raw) > MAX_FILE_BYTES:
            raise DiscordError(413, 40005, "Request entity too large")
        if part.name == "payload_json":
            call.body = _json(raw)
        elif part.filename:
            call.files.append(
                {
                    "filename": part.filename,
                    "size": len(raw),
                    "content_type": part.headers.get(hdrs.CONTENT_TYPE, "application/octet-stream"),
                }
            )


def _json(raw: bytes | bytearray) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise DiscordError(400, 50109, "The request body contains invalid JSON.") from None


def json_response(
    content: Any, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    """JSON with exactly `Content-Type: application/json`: clients compare the whole header."""
    return web.Response(
        body=dumps(content).encode(),
        status=status,
        headers={**(headers or {}), hdrs.CONTENT_TYPE: "application/json"},
    )


def respond(error: DiscordError, headers: dict[str, str] | None = None) -> web.Response:
    """The response a refusal becomes."""
    return json_response(error.payload(), error.status, {**(headers or {}), **error.headers})
