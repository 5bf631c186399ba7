"""The connection lamp and the title, as templates take them."""

from typing import Any

from django import template

from dashboard.lamp import lamp

register = template.Library()
register.filter(lamp)


@register.filter
def page_title(stats: dict[str, Any], name: str) -> str:
    """Return the title of the page `name`; first how many things are out of the ordinary."""
    cards = sum(1 for card in stats["cards"] if card["state"])
    links = sum(1 for link in lamp(stats) if link["state"] in {"warn", "bad"})
    if stats["headline"]["tone"] == "calm" and not cards + links:
        return f"{name} · Aurora"
    return f"▲ {max(1, cards, links)} · {name} · Aurora"
