"""The pages and the JSON beside them. All read; nothing here writes."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from dashboard import access, activity, frames, latency, queries, search, stats
from dashboard.parameters import BadParameter, read_event_page
from dashboard.spans import ACTIVITY, LATENCY, read_range

View = Callable[..., HttpResponse]

PAGE_EVENTS = 50
READING = ("GET", "HEAD")


def page(view: View) -> View:
    """Make of `view` an HTML page for those who may view: else the way to sign in, or 403.

    It reads only, and is never kept by a cache. A `BadParameter` is answered with 400 and its text.
    """

    @require_safe
    @never_cache
    @login_required
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
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
    activity_span = ACTIVITY[read_range(request.GET, ACTIVITY, "activity")]
    latency_span = LATENCY[read_range(request.GET, LATENCY, "latency", "1h")]
    now = stats.collect()
    events = queries.latest_events(PAGE_EVENTS, now["stream"]["head"])
    context = {
        "module": "js/app.js",
        "stats": now,
        "activity": activity.collect(timezone.now(), activity_span),
        "latency": latency.collect(timezone.now(), latency_span),
        "events": [frames.event_data(event) for event in events],
    }
    return render(request, "dashboard/overview.html", context)


def api(view: View) -> View:
    """Make of `view` a JSON endpoint for those who may view: else 401 or 403, both as JSON.

    It reads only, so that other methods are refused as what they are, not for want of a token.
    """

    @csrf_exempt
    @never_cache
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
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
