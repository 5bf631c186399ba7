"""The rail: where the pages are."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypedDict

from django import template
from django.contrib.auth.models import AnonymousUser, User
from django.urls import NoReverseMatch, reverse

from dashboard import access

register = template.Library()

Person = User | AnonymousUser


class Entry(NamedTuple):
    """A line of the rail: its word, the name of its address, and who may go there."""

    word: str
    name: str
    may: Callable[[Person], bool] = lambda _: True


ENTRIES = (
    Entry("Overview", "overview"),
    Entry("Events", "events"),
    Entry("Commands", "commands"),
    Entry("Guilds", "guilds"),
    Entry("Shards", "shards"),
    Entry("Economy", "economy"),
    Entry("Control panel", "control", access.may_operate),
    Entry("Admin", "admin:index", access.may_administer),
)


class Link(TypedDict):
    """A link of the rail; `current` is `page` on that page, `true` on a page below it."""

    word: str
    url: str
    current: str


@register.simple_tag(takes_context=True)
def rail_links(context: dict[str, Any]) -> list[Link]:
    """Return the links that this reader may follow, as far as the site has these pages."""
    request = context["request"]
    links: list[Link] = []
    for word, name, may in ENTRIES:
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue  # that app is not installed here
        if may(request.user):
            below = url != "/" and request.path.startswith(f"{url}/")
            current = "page" if request.path == url else "true" if below else ""
            links.append({"word": word, "url": url, "current": current})
    return links
