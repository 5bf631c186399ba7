"""The pages about the bot: its commands, shards and guilds; and the JSON that keeps them fresh."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone

from dashboard import guilds, headline, stats, usage
from dashboard.feed import read_feed
from dashboard.spans import COMMANDS, read_range
from dashboard.views import api, asks_for_feed, feed_alone, page

FEED_EVENTS = 50


@page
def commands(request: HttpRequest) -> HttpResponse:
    """Answer the page of the commands; docs/wire.md has the ranges and the orders."""
    return _render(request, "commands", {"usage": _usage(request)})


@api
def api_commands(request: HttpRequest) -> HttpResponse:
    """Answer the commands of a range, and the errors seen in it."""
    return JsonResponse(_usage(request))


@page
def shards(request: HttpRequest) -> HttpResponse:
    """Answer the page of the shards, by process."""
    return _render(request, "shards", {})


@page
def guild_list(request: HttpRequest) -> HttpResponse:
    """Answer a page of the guilds, the largest first."""
    wanted = guilds.read_guild_page(request.GET)
    found = guilds.guild_page(wanted, timezone.now())
    return _render(request, "guilds", {"found": found, "wanted": wanted})


@api
def api_guilds(request: HttpRequest) -> HttpResponse:
    """Answer a page of the guilds, the largest first."""
    return JsonResponse(guilds.guild_page(guilds.read_guild_page(request.GET), timezone.now()))


@page
def guild(request: HttpRequest, guild_id: int) -> HttpResponse:
    """Answer the page of one guild, with its feed; 404 for one that nobody ever told of."""
    query = request.GET.copy()
    query["guild"] = str(guild_id)
    if asks_for_feed(request):
        return feed_alone(request, query, FEED_EVENTS, scoped=True)
    now = stats.collect()
    data = _guild_data(guild_id)
    feed = read_feed(query, now["stream"], FEED_EVENTS, scoped=True)
    shown = headline.on_page_of_guild(now["headline"], data["headline"])
    context = {"found": data, "feed": feed, "headline": shown}
    return _render(request, "guild", context, now, status=400 if feed.problem else 200)


@api
def api_guild(request: HttpRequest, guild_id: int) -> HttpResponse:
    """Answer one guild, its cards and the commands it used."""
    try:
        return JsonResponse(_guild_data(guild_id))
    except Http404 as error:
        told = {"code": "unknown_guild", "message": str(error)}
        return JsonResponse({"error": told}, status=404)


def _usage(request: HttpRequest) -> dict[str, Any]:
    name = read_range(request.GET, COMMANDS, default="today")
    order = read_range(request.GET, usage.ORDERS, "sort", default="runs")
    return usage.describe(timezone.now(), name, order)


def _guild_data(guild_id: int) -> dict[str, Any]:
    found = guilds.find(guild_id)
    if found is None:
        raise Http404("The bot was never in this guild.")
    return guilds.guild_data(found, timezone.now())


def _render(
    request: HttpRequest,
    name: str,
    context: dict[str, Any],
    now: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    shown = {"module": f"js/{name}-page.js", "stats": now or stats.collect(), **context}
    return render(request, f"dashboard/{name}.html", shown, status=status)
