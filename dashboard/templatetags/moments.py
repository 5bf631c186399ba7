"""Times as the page writes them. The page speaks UTC, as its log and its sentences do.

The server writes the time of day; the browser turns it into an age that counts. So a page that is
not live never shows an age that stands still.
"""

from datetime import datetime

from django import template

register = template.Library()


@register.filter
def clock_time(timestamp: str | None) -> str:
    """Return `12:06:41` of `2026-01-08T12:06:41.123Z`, and nothing of nothing."""
    return timestamp[11:19] if timestamp else ""


@register.filter
def hour_time(timestamp: str) -> str:
    """Return `12:00` of `2026-01-08T12:00:00.000Z`."""
    return timestamp[11:16]


@register.filter
def day_name(timestamp: str) -> str:
    """Return `Thu 8 Jan 2026` of `2026-01-08T12:06:41.123Z`."""
    day = datetime.fromisoformat(timestamp[:10])
    weekday = "MonTueWedThuFriSatSun"[day.weekday() * 3 :][:3]
    month = "JanFebMarAprMayJunJulAugSepOctNovDec"[day.month * 3 - 3 :][:3]
    return f"{weekday} {day.day} {month} {day.year}"


@register.filter
def moment(timestamp: str | None) -> str:
    """Return `8 Jan, 12:06:41` of `2026-01-08T12:06:41.123Z`, and nothing of nothing."""
    if not timestamp:
        return ""
    _, day, month, _ = day_name(timestamp).split()
    return f"{day} {month}, {clock_time(timestamp)}"


@register.filter
def moment_with_year(timestamp: str | None) -> str:
    """Return `8 Jan 2026, 12:06` of `2026-01-08T12:06:41.123Z`, and nothing of nothing."""
    if not timestamp:
        return ""
    return f"{day_name(timestamp).partition(' ')[2]}, {timestamp[11:16]}"
