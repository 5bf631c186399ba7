"""The control panel: what operators ask of the bot, and what became of it."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from dashboard import access, control, stats
from dashboard.addresses import client_address
from dashboard.errors import (
    AlreadyPending,
    ControlRefused,
    ReasonMissing,
    RequestMismatch,
    TooManyRequests,
)
from dashboard.frames import timestamp
from dashboard.models import BotMode, ControlAction, ControlRequest

PAGE_REQUESTS = 25

EFFECTS = {
    ControlAction.MAINTENANCE_ON: "Members' commands are answered with a polite refusal and do"
    " nothing, until maintenance mode is turned off. It outlives a restart of the bot.",
    ControlAction.MAINTENANCE_OFF: "Members' commands work again.",
    ControlAction.RELOAD_COMMANDS: "The bot loads its commands anew and tells Discord of them if"
    " they changed. Commands that run meanwhile finish.",
    ControlAction.CLEAR_CACHE: "The bot forgets what it remembers for speed: cooldowns start anew,"
    " and the next commands may take a little longer.",
}


class ControlForm(forms.Form):
    """What to ask, and why; `request` was made with the page and makes it happen once."""

    action = forms.ChoiceField(choices=ControlAction.choices, widget=forms.RadioSelect)
    reason = forms.CharField(
        max_length=control.REASON_MAX,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    request = forms.UUIDField()


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def control_panel(request: HttpRequest) -> HttpResponse:
    """Answer the panel; a form that is sent is asked about, and done once it is confirmed.

    403 without the right to operate. What the bot did not answer in time is settled first, so that
    nothing is shown as pending that is not.
    """
    user = request.user
    if isinstance(user, AnonymousUser) or not access.may_operate(user):
        raise PermissionDenied
    if request.method != "POST":
        return _panel(request, ControlForm())
    form = ControlForm(request.POST)
    if not form.is_valid():
        return _panel(request, form, status=400)
    action = ControlAction(form.cleaned_data["action"])
    if "confirm" not in request.POST:
        question = {"form": form, "action": action, "effect": EFFECTS[action]}
        return render(request, "dashboard/control_confirm.html", question)
    try:
        control.request(
            action,
            reason=form.cleaned_data["reason"],
            user=user,
            request_id=form.cleaned_data["request"],
            address=client_address(request),
        )
    except ControlRefused as error:
        form.add_error(None, _words(error))
        status = 429 if isinstance(error, TooManyRequests) else 409
        return _panel(request, form, status=status)
    return HttpResponseRedirect(reverse("control"), status=303)


def _panel(request: HttpRequest, form: ControlForm, status: int = 200) -> HttpResponse:
    now = timezone.now()
    control.settle(now)
    page = _history(_before(request))
    older = page[PAGE_REQUESTS - 1].pk if len(page) > PAGE_REQUESTS else None
    context = {
        "module": "js/control.js",
        "stats": stats.collect(),
        "form": form,
        "fresh_id": uuid4(),  # also of a form that was refused: nothing came of that one
        "effects": EFFECTS.items(),
        "mode": _mode(control.mode()),
        "requests": [_row(one, now) for one in page[:PAGE_REQUESTS]],
        "older": older,
    }
    return render(request, "dashboard/control.html", context, status=status)


def _history(before: ControlRequest | None) -> list[ControlRequest]:
    """Return a page of requests and one more, newest first, older than `before`."""
    found = ControlRequest.objects.order_by("-requested_at", "-pk")
    if before is not None:
        at = before.requested_at
        found = found.filter(Q(requested_at__lt=at) | Q(requested_at=at, pk__lt=before.pk))
    return list(found[: PAGE_REQUESTS + 1])


def _before(request: HttpRequest) -> ControlRequest | None:
    """Return the request that `?before=` names, None where it names none: the newest then."""
    try:
        return ControlRequest.objects.filter(pk=UUID(request.GET.get("before", ""))).first()
    except ValueError:
        return None


def _row(asked: ControlRequest, now: datetime) -> dict[str, Any]:
    left = control.deadline(asked) - now
    return {
        "at": timestamp(asked.requested_at),
        "action": ControlAction(asked.action).label,
        "by": asked.requested_by,
        "reason": asked.reason,
        "state": asked.state,
        "detail": asked.detail,
        "deadline": timestamp(control.deadline(asked)),
        "seconds": max(0, round(left.total_seconds())),
    }


def _mode(mode: BotMode) -> dict[str, Any]:
    return {
        "maintenance": mode.maintenance,
        "reason": mode.reason if mode.maintenance else "",
        "since": timestamp(mode.since) if mode.since else None,
    }


def _words(error: ControlRefused) -> str:
    if isinstance(error, ReasonMissing):
        return "Give a reason that others can read."
    if isinstance(error, RequestMismatch):
        return "This form was used before, for something else. Nothing was done: fill in a new one."
    if isinstance(error, AlreadyPending):
        seconds = f"{control.ANSWER_SECONDS:.0f}"
        return (
            f"{error.requested_by} has asked the bot about this, and it has not answered yet. It"
            f" has {seconds} seconds; try again then."
        )
    if isinstance(error, TooManyRequests):
        return (
            f"You asked {error.limit} times within a minute. Wait {error.wait_seconds} seconds,"
            " then try again."
        )
    raise error
