"""Slowing down whoever guesses at the sign-in, with django-axes.

Failures are counted by address and name together, so that somebody who guesses at a name from
elsewhere does not lock its owner out; and by address alone, so that nobody tries many names. A lock
falls off by itself, and knocking at it does not make it last longer.
"""

from datetime import timedelta
from math import ceil
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from axes.signals import user_locked_out
from django.conf import settings
from django.db.models import Max, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from dashboard import audit
from dashboard.addresses import client_address, neighbourhood

NAMES_PER_ADDRESS = 10
"""An address may fail this often as often as one name may from it."""


def place_of(request: HttpRequest) -> str:
    """Return what stands for the client's address where failures are counted."""
    return neighbourhood(client_address(request))


def name_of(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """Return the name that somebody tried, as far as a name can be long."""
    given = (credentials or {}).get("username") or request.POST.get("username") or ""
    return str(given)[:150]


def told(username: str, ip_address: str, *_: Any) -> str:
    """Return what log lines call a client: its address, for what was typed may be a password."""
    return str(ip_address)


class Attempts(AxesDatabaseHandler):
    """Counts failures in the database, by address and name, and by address."""

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Return how near the limit is, as if all failures were of one name."""
        of_name: int = super().get_failures(request, credentials)
        of_address = _recent(request).aggregate(n=Sum("failures_since_start"))["n"] or 0
        return max(of_name, of_address // NAMES_PER_ADDRESS)


def refuse(
    request: HttpRequest, response: Any = None, credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """Answer 429, and say how long to wait; the same whether there is somebody of that name."""
    until = timezone.now() + settings.AXES_COOLOFF_TIME
    last = (
        _recent(request)
        .filter(username=name_of(request, credentials))
        .aggregate(at=Max("attempt_time"))["at"]
    )
    if last is not None:
        until = last + settings.AXES_COOLOFF_TIME
    wait = max(timedelta(seconds=1), until - timezone.now())
    context = {"minutes": ceil(wait / timedelta(minutes=1))}
    answer = render(request, "registration/locked.html", context, status=429)
    answer["Retry-After"] = str(ceil(wait.total_seconds()))
    answer["Cache-Control"] = "no-store"
    return answer


def keep_lock(request: HttpRequest, **_: Any) -> None:
    """Keep in the audit log that a lock fell, once and not for each time it is met."""
    if getattr(request, "axes_failures_since_start", None) is not None:
        address = client_address(request)
        minutes = settings.AXES_COOLOFF_TIME // timedelta(minutes=1)
        audit.record(
            action="session.locked",
            who=audit.Who("", None, address),
            target="sign-in",
            after={"minutes": minutes},
        )


def connect() -> None:
    """Begin to listen; called once, when the apps are ready."""
    user_locked_out.connect(keep_lock)


def _recent(request: HttpRequest) -> Any:
    return AccessAttempt.objects.filter(
        ip_address=place_of(request), attempt_time__gt=get_cool_off_threshold(request)
    )
