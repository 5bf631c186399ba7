"""Lines and bars as SVG, drawn by the server: the page shows its figures without JavaScript.

`static/js/trend.js` draws the same line; both are held to `tests/js/fixtures/trends.json`.
"""

from collections.abc import Sequence
from typing import Any, TypedDict

from django import template

register = template.Library()

WIDTH, HEIGHT, MARGIN = 1000, 300, 20


class Trend(TypedDict):
    """The two paths of a trend: the line, and the area under it."""

    line: str
    area: str


@register.filter
def trend(points: Sequence[float | None]) -> Trend:
    """Return the paths of `points`, oldest first, in a box of 1000 by 300; None is a gap."""
    known = [point for point in points if point is not None]
    if len(points) < 2 or not known:
        return {"line": "", "area": ""}
    low, high = min(known), max(known)
    line, area = "", ""
    for start, end in _runs(points):
        corners = [
            (_round(at * WIDTH / (len(points) - 1)), _height(point, low, high))
            for at, point in enumerate(points[start:end], start)
            if point is not None
        ]
        path = "L".join(f"{x} {y}" for x, y in corners)
        line += f"M{path}" + (f"h-{MARGIN}" if len(corners) == 1 else "")
        area += f"M{corners[0][0]} {HEIGHT}L{path}L{corners[-1][0]} {HEIGHT}Z"
    return {"line": line, "area": area}


@register.filter
def activity(points: Sequence[dict[str, Any]]) -> int:
    """Return how many commands and transactions the `points` hold together."""
    return sum(point["commands"] + point["transactions"] for point in points)


@register.filter
def bars(points: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the activity `points` with the bars of each hour, in a box of 24,000 by 1,000."""
    top = max([1, *(max(point["commands"], point["transactions"]) for point in points)])
    return [
        {
            **point,
            "x": at * 1000 + 120,
            "x2": at * 1000 + 560,
            "commands_height": round(point["commands"] * 1000 / top),
            "transactions_height": round(point["transactions"] * 1000 / top),
            "commands_y": 1000 - round(point["commands"] * 1000 / top),
            "transactions_y": 1000 - round(point["transactions"] * 1000 / top),
        }
        for at, point in enumerate(points)
    ]


def _runs(points: Sequence[float | None]) -> list[tuple[int, int]]:
    """Return where the unbroken runs of known points start and end."""
    runs, start = [], None
    for at, point in enumerate([*points, None]):
        if point is None and start is not None:
            runs.append((start, at))
            start = None
        elif point is not None and start is None:
            start = at
    return runs


def _height(point: float, low: float, high: float) -> int:
    if high == low:
        return HEIGHT // 2 if high else HEIGHT - MARGIN
    return _round(HEIGHT - MARGIN - (point - low) / (high - low) * (HEIGHT - 2 * MARGIN))


def _round(value: float) -> int:
    return int(value + 0.5)
