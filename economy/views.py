"""The economy's page. It reads; nothing here writes."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboard import stats
from dashboard.access import may_view
from economy.queries import COLLECTED_PERCENT, COLLECTING_DAYS, SOURCES_MIN
from economy.rollups import HANDOVER_WITHIN


@require_safe
@never_cache
@login_required
def economy(request: HttpRequest) -> HttpResponse:
    """Answer the page of the economy, complete without JavaScript; 403 without the right to view.

    `links` says whether the reader may open accounts in the admin.
    """
    if not may_view(request.user):
        raise PermissionDenied
    context = {
        "stats": stats.collect(),
        "links": request.user.is_staff and request.user.has_perm("economy.view_account"),
        "rule": {
            "days": COLLECTING_DAYS,
            "percent": COLLECTED_PERCENT,
            "sources": SOURCES_MIN,
            "minutes": int(HANDOVER_WITHIN.total_seconds() // 60),
        },
    }
    return render(request, "economy/economy.html", context)
