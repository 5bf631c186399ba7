"""The economy's page. It reads; nothing here writes."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from dashboard import access, stats
from dashboard.views import page
from economy.queries import COLLECTED_PERCENT, COLLECTING_DAYS, SOURCES_MIN
from economy.rollups import HANDOVER_WITHIN


@page
def economy(request: HttpRequest) -> HttpResponse:
    """Answer the page of the economy, complete without JavaScript.

    `links` says whether the reader may open accounts in the admin.
    """
    context = {
        "module": "js/economy.js",
        "stats": stats.collect(),
        "links": access.may_administer(request.user)
        and request.user.has_perm("economy.view_account"),
        "rule": {
            "days": COLLECTING_DAYS,
            "percent": COLLECTED_PERCENT,
            "sources": SOURCES_MIN,
            "minutes": int(HANDOVER_WITHIN.total_seconds() // 60),
        },
    }
    return render(request, "economy/economy.html", context)
