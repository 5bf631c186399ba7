"""The pages and the JSON beside them. All read; nothing here writes."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from dashboard import (
    access,
    activity,
    details,
    event_export,
    frames,
    latency,
    queries,
    search,
    stats,
)
from dashboard.csv_export import csv_response
from dashboard.feed import read_feed
from dashboard.models import Event
from dashboard.parameters import BadParameter, read_event_page
from dashboard.spans import ACTIVITY, LATENCY, read_range

View = Callable[..., HttpResponseBase]

READING = ("GET", "HEAD")
OVERVIEW_EVENTS = 50
LOG_EVENTS = 100


def page(view: View) -> View:
    """Make of `view` an HTML page for those who may view: else the way to sign in, or 403.

    It reads only, and is never kept by a cache. A `BadParameter` is answered with 400 and its text.
    """

    @require_safe
    @never_cache
    @login_required
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not access.may_view(request.user):
            raise PermissionDenied
        try:
            return view(request, *args, **kwargs)
        except BadParameter as error:
            return render(request, "400.html", {"reason": str(error)}, status=400)

    return answer


@page
def overview(request: HttpRequest) -> HttpResponse:
    """Answer the overview, complete without JavaScript; its charts go back as far as is asked."""
    if asks_for_feed(request):
        return feed_alone(request, request.GET, OVERVIEW_EVENTS)
    activity_span = ACTIVITY[read_range(request.GET, ACTIVITY, "activity")]
    latency_span = LATENCY[read_range(request.GET, LATENCY, "latency", "1h")]
    charts = {
        "module": "js/app.js",
        "activity": activity.collect(timezone.now(), activity_span),
        "latency": latency.collect(timezone.now(), latency_span),
    }
    return _with_feed(request, "dashboard/overview.html", charts, OVERVIEW_EVENTS)


@page
def events(request: HttpRequest) -> HttpResponse:
    """Answer the log, page by page, and filtered; docs/wire.md has the parameters."""
    if asks_for_feed(request):
        return feed_alone(request, request.GET, LOG_EVENTS)
    return _with_feed(request, "dashboard/events.html", {"module": "js/events.js"}, LOG_EVENTS)


@page
def events_csv(request: HttpRequest) -> HttpResponseBase:
    """Answer the events of a filter as a file, for those who may export; docs/wire.md has it."""
    if not access.may_export(request.user):
        raise PermissionDenied
    wanted = read_event_page(request.GET)
    rows = event_export.batches(wanted, upto=queries.position().head)
    return csv_response(request, name="events", header=event_export.COLUMNS, batches=rows)


@page
def event(request: HttpRequest, seq: int) -> HttpResponse:
    """Answer the page of one event: 410 when it is no longer kept, 404 when it never was."""
    found = Event.objects.filter(pk=seq).first() if seq < 2**63 else None
    if found is not None:
        return render(request, "dashboard/event.html", details.describe(found))
    head = queries.position().head
    oldest = Event.objects.order_by("seq").values_list("seq", flat=True).first() or head + 1
    pruned = 1 <= seq < oldest and seq <= head
    context = {"seq": seq, "pruned": pruned, "oldest": oldest, "head": head}
    return render(request, "dashboard/no_event.html", context, status=410 if pruned else 404)


def asks_for_feed(request: HttpRequest) -> bool:
    """Tell whether it is the page itself that asks, which has all but the feed of its address."""
    return request.headers.get("X-Part") == "feed"


def feed_alone(
    request: HttpRequest, query: QueryDict, limit: int, *, scoped: bool = False
) -> HttpResponse:
    """Answer the feed that `query` asks for, and no page around it: `static/js/live-feed.js`."""
    at = queries.position()
    found = read_feed(query, {"epoch": at.epoch, "head": at.head}, limit, scoped=scoped)
    context = {"feed": found, "may_export": access.may_export(request.user)}
    status = 400 if found.problem else 200
    return render(request, "dashboard/_feed_alone.html", context, status=status)


def _with_feed(
    request: HttpRequest, template: str, context: dict[str, Any], limit: int
) -> HttpResponse:
    """Answer a page with a feed: with 400 and a message in it if its parameters make no sense."""
    now = stats.collect()
    found = read_feed(request.GET, now["stream"], limit)
    context |= {"stats": now, "feed": found, "may_export": access.may_export(request.user)}
    return render(request, template, context, status=400 if found.problem else 200)


def api(view: View) -> View:
    """Make of `view` a JSON endpoint for those who may view: else 401 or 403, both as JSON.

    It reads only, so that other methods are refused as what they are, not for want of a token.
    """

    @csrf_exempt
    @never_cache
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method not in READING:
            refusal = _refuse(405, "method_not_allowed", "This is read with GET.")
            refusal.headers["Allow"] = ", ".join(READING)
            return refusal
        if not request.user.is_authenticated:
            return _refuse(401, "not_signed_in", "Sign in first.")
        if not access.may_view(request.user):
            return _refuse(403, "not_allowed", "You may not view the dashboard.")
        try:
            return view(request, *args, **kwargs)
        except BadParameter as error:
            return _refuse(400, "bad_parameter", str(error))

    return answer


@api
def api_stats(request: HttpRequest) -> HttpResponse:
    """Answer the whole `DashboardStats`: the same as a `STATS_UPDATE` carries."""
    return JsonResponse(stats.collect())


@api
def api_activity(request: HttpRequest) -> HttpResponse:
    """Answer the points of the activity chart; docs/wire.md has the ranges."""
    span = ACTIVITY[read_range(request.GET, ACTIVITY)]
    return JsonResponse(activity.collect(timezone.now(), span))


@api
def api_latency(request: HttpRequest) -> HttpResponse:
    """Answer the points of the latency chart; docs/wire.md has the ranges."""
    span = LATENCY[read_range(request.GET, LATENCY, default="1h")]
    return JsonResponse(latency.collect(timezone.now(), span))


@api
def api_events(request: HttpRequest) -> HttpResponse:
    """Answer a page of events by keyset; docs/wire.md has the parameters."""
    page = read_event_page(request.GET)
    at = queries.position()
    found = search.search(page, upto=at.head)
    return JsonResponse(
        {
            "events": [frames.event_data(event) for event in found.events],
            "stream": {"epoch": at.epoch, "head": at.head},
            "searched": {"reached": found.reached, "whole": found.whole},
        }
    )


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Lead browsers that look for the icon where icons were once kept to where it is."""
    return redirect(static("favicon.svg"))


def _refuse(status: int, code: str, message: str) -> JsonResponse:
    return JsonResponse({"error": {"code": code, "message": message}}, status=status)
