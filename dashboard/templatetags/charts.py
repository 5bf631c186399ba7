"""Lines and bars as SVG, drawn by the server: the page shows its figures without JavaScript.

`static/js/trend.js` draws the same line; both are held to `tests/js/fixtures/trends.json`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypedDict

from django import template

from dashboard import latency
from dashboard.frames import timestamp
from dashboard.spans import ACTIVITY, COMMANDS, LATENCY, Span
from dashboard.templatetags.figures import figure
from dashboard.templatetags.moments import day_name, hour_time
from dashboard.usage import ORDERS

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


class RangeLink(TypedDict):
    """A link to the same page with another range of one of its charts or tables."""

    name: str
    url: str
    current: bool


_RANGES: dict[str, Sequence[str]] = {
    "activity": list(ACTIVITY),
    "latency": list(LATENCY),
    "range": list(COMMANDS),
    "sort": list(ORDERS),
}


@register.simple_tag(takes_context=True)
def range_links(context: dict[str, Any], parameter: str, current: str) -> list[RangeLink]:
    """Return the links to the ranges that `parameter` may name; other parameters stay."""
    query = context["request"].GET.copy()
    links: list[RangeLink] = []
    for name in _RANGES[parameter]:
        query[parameter] = name
        links.append({"name": name, "url": f"?{query.urlencode()}", "current": name == current})
    return links


@register.filter
def range_name(name: str) -> str:
    """Return `24 h` of `24h`."""
    return f"{name[:-1]} {name[-1]}" if name[0].isdigit() else name


@register.filter
def range_words(name: str) -> str:
    """Return `24 hours` of `24h`: what stands after "the last"."""
    return {**ACTIVITY, **LATENCY}[name].words


def step_name(start: str, name: str) -> str:
    """Return how the step that begins at `start` is called in the range `name`."""
    if name == "30d":
        return day_name(start)[:-5]
    if name == "7d":
        return f"{' '.join(day_name(start).split()[1:3])}, {hour_time(start)}"
    return hour_time(start)


@register.filter
def activity_rows(chart: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of the table of activity: each point, and the same of the period before."""
    return [
        {
            **point,
            "name": step_name(point["hour"], chart["range"]),
            "commandsBefore": before["commands"],
            "transactionsBefore": before["transactions"],
        }
        for point, before in zip(chart["activityOverview"], chart["previous"], strict=True)
    ]


@register.filter
def activity_drawn(chart: dict[str, Any]) -> dict[str, Any]:
    """Return the bars of a chart of activity and the lines before, 1,000 high, 1,000 a step."""
    rows = activity_rows(chart)
    names = ("commands", "transactions")
    top: int = max(
        1, *(row[name + when] for row in rows for name in names for when in ("", "Before"))
    )

    def height(count: int) -> int:
        return round(count * 1000 / top)

    def before(name: str) -> str:
        heights = [1000 - height(row[f"{name}Before"]) for row in rows]
        return "M" + "L".join(f"{at * 1000 + 500} {y}" for at, y in enumerate(heights))

    bars = [
        {
            "title": f"{row['name']}: {figure(row['commands'])} commands, "
            f"{figure(row['transactions'])} transactions",
            "x": at * 1000 + 120,
            "x2": at * 1000 + 560,
            "commands_height": height(row["commands"]),
            "commands_y": 1000 - height(row["commands"]),
            "transactions_height": height(row["transactions"]),
            "transactions_y": 1000 - height(row["transactions"]),
        }
        for at, row in enumerate(rows)
    ]
    return {
        "any": any(row[name] for row in rows for name in names),
        "bars": bars,
        "commands_before": before("commands"),
        "transactions_before": before("transactions"),
        "ticks": _ticks(ACTIVITY[chart["range"]], rows[0]["hour"]),
    }


@register.filter
def day_of(day: str) -> str:
    """Return `8 Jan` of `2026-01-08`, and nothing of nothing."""
    return " ".join(day_name(day).split()[1:3]) if day else ""


@register.filter
def guild_bars(days: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a bar for the commands of each day and one for those that failed, 1,000 high."""
    top = max([1, *(day["commands"] for day in days)])
    bars = []
    for at, day in enumerate(days):
        height, failed = (day[name] * 1000 // top for name in ("commands", "failed"))
        bars.append(
            {
                "title": f"{day_of(day['day'])}: {figure(day['commands'])} commands,"
                f" {figure(day['failed'])} failed",
                "x": at * 1000 + 120,
                "y": 1000 - height,
                "height": height,
                "failed_y": 1000 - failed,
                "failed_height": failed,
            }
        )
    return bars


@register.filter
def most_words(days: Sequence[dict[str, Any]]) -> str:
    """Return the scale of the bars: the most commands of a day, and nothing without any."""
    most = max(days, key=lambda day: int(day["commands"]))
    return f"most: {figure(most['commands'])} on {day_of(most['day'])}" if most["commands"] else ""


@register.filter
def latency_rows(chart: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of the table of latency, the latest first; each with its step.

    A step ends at `end` and took `seconds`.
    """
    strange = {
        at for first, last in latency.unusual(chart["latency"]) for at in range(first, last + 1)
    }
    step = timedelta(seconds=chart["stepSeconds"])
    rows = [
        {
            **point,
            "name": step_name(point["at"], chart["range"]),
            "end": timestamp(datetime.fromisoformat(point["at"]) + step),
            "seconds": chart["stepSeconds"],
            "unusual": at in strange,
        }
        for at, point in enumerate(chart["latency"])
    ]
    return rows[::-1]


@register.filter
def unusual_words(chart: dict[str, Any]) -> str:
    """Return what was out of the ordinary last, and nothing if nothing was."""
    stretches = latency.unusual(chart["latency"])
    if not stretches:
        return ""
    first, last = stretches[-1]
    since = step_name(chart["latency"][first]["at"], chart["range"])
    return f"▲ unusual {'since' if last == len(chart['latency']) - 1 else 'at'} {since}"


@register.filter
def latency_drawn(chart: dict[str, Any]) -> dict[str, Any]:
    """Return the lines of a chart of latency and what is unusual, in a box of 1,000 by 1,000."""
    points, span = chart["latency"], LATENCY[chart["range"]]
    names = ("gatewayMs", "p95Ms", "p50Ms", "p99Ms")
    known = [point[name] for point in points for name in names if point[name] is not None]
    top = max(100.0, *known) if known else 100.0
    wide = 1000 * span.step / span.length
    lines = []
    for number, name in enumerate(names, 1):
        values = [point[name] for point in points]
        d = ""
        for start, end in _runs(values):
            corners = [
                f"{_round((at + 0.5) * wide)} {_round(1000 - values[at] * 960 / top)}"
                for at in range(start, end)
            ]
            d += "M" + "L".join(corners) + ("h6" if len(corners) == 1 else "")
        lines.append({"number": number, "d": d})
    return {
        "any": bool(known),
        "lines": lines,
        "unusual": [
            {"x": _round(first * wide), "width": _round((last - first + 1) * wide)}
            for first, last in latency.unusual(points)
        ],
        "ticks": _ticks(span, points[0]["at"]),
    }


def _ticks(span: Span, first: str) -> list[str]:
    """Return the names of a few moments, evenly spread from the first on."""
    start = datetime.fromisoformat(first)
    count = 7 if span.name == "7d" else 6
    names = [
        step_name(timestamp(start + at * span.length / count), span.name) for at in range(count)
    ]
    return [name.split(",")[0] for name in names]


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
