"""What programs ask of a process, not people: is it there, is it ready, how is it doing?"""

import asyncio
import time
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.middleware import common
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboard import access, bots, metrics
from dashboard.hub.figures import figures, round_trip

Result = TypeVar("Result")

PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
PATIENCE_SECONDS = 2.0


class CommonMiddleware(common.CommonMiddleware):
    """Django's, which refuses foreign hosts; but probes ask this very process, by any name."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """Let a probe pass."""
        return None if request.path in PATHS else super().process_request(request)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200: this process serves."""
    return HttpResponse("ok\n", content_type="text/plain")


# ---------------------------------------------------------------------------- ready


class Part(NamedTuple):
    """One line of /readyz."""

    name: str
    ready: bool
    words: str


# One thread: while a database is silent, one question waits, however many are asked.
_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="probe")
_waiting: "asyncio.Future[metrics.Measured] | None" = None


@require_safe
@never_cache
async def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 if the database and the channel layer answer this process, else 503.

    A line for each, and one for the bot, which changes nothing: a page that tells of a dead bot
    is what the dashboard is for.
    """
    parts = await asyncio.gather(_database(), _layer())
    lines = [f"{part.name}: {part.words}\n" for one in parts for part in one]
    ready = all(part.ready for one in parts for part in one)
    return HttpResponse("".join(lines), content_type="text/plain", status=200 if ready else 503)


async def _database() -> list[Part]:
    try:
        measured = await _within_patience(_measure_once())
    except Exception as error:  # noqa: BLE001 - whatever a database raises is what is told
        return [
            Part("database", False, f"no answer ({type(error).__name__})"),
            Part("bot", True, "unknown"),
        ]
    bot = bots.describe(measured.processes, timezone.now())
    words = bot["state"]
    if measured.processes:
        age = (timezone.now() - measured.processes[0].heartbeat_at).total_seconds()
        words += f", last heartbeat {max(age, 0):.0f} s ago"
    return [
        Part("database", True, f"ok, {measured.seconds * 1000:.1f} ms"),
        Part("bot", True, words),
    ]


async def _layer() -> list[Part]:
    started = time.perf_counter()
    try:
        await _within_patience(round_trip())
    except Exception as error:  # noqa: BLE001 - as above, of a layer
        return [Part("layer", False, f"no answer ({type(error).__name__})")]
    return [Part("layer", True, f"ok, {(time.perf_counter() - started) * 1000:.1f} ms")]


async def _within_patience(work: Awaitable[Result]) -> Result:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await work


async def _measure_once() -> metrics.Measured:
    """Measure, or wait for the measuring that is under way."""
    global _waiting
    loop = asyncio.get_running_loop()
    if _waiting is None or _waiting.done() or _waiting.get_loop() is not loop:
        _waiting = loop.run_in_executor(_thread, _measure)
    return await asyncio.shield(_waiting)


def _measure() -> metrics.Measured:
    close_old_connections()
    try:
        return metrics.measure()
    finally:
        close_old_connections()


# ---------------------------------------------------------------------------- measured


@require_safe
@never_cache
async def read_metrics(request: HttpRequest) -> HttpResponse:
    """Answer the figures of this process and of the bot, as Prometheus reads them.

    For whoever has METRICS_TOKEN, and for staff who are signed in. No name of a member is in them.
    """
    if not _has_token(request) and not await sync_to_async(_is_staff)(request):
        text = "Send Authorization: Bearer METRICS_TOKEN, or sign in as staff.\n"
        refusal = HttpResponse(text, status=401)
        wrong = ', error="invalid_token"' if _bearer(request) else ""
        refusal.headers["WWW-Authenticate"] = f'Bearer realm="metrics"{wrong}'
        return refusal
    try:
        measured = await _within_patience(_measure_once())
    except Exception:  # noqa: BLE001 - a scrape tells of a silent database, it does not fail with it
        measured = None
    return HttpResponse(metrics.render(figures(), measured), content_type=metrics.CONTENT_TYPE)


def _has_token(request: HttpRequest) -> bool:
    expected = settings.METRICS_TOKEN
    return bool(expected) and constant_time_compare(_bearer(request), expected)


def _bearer(request: HttpRequest) -> str:
    """Return the token that `request` bears, as RFC 6750 has it; empty if it bears none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.lstrip(" ") if scheme.lower() == "bearer" else ""


def _is_staff(request: HttpRequest) -> bool:
    return access.may_administer(request.user)
