"""What failed of late, at the cost of a few looks into the index of problems."""

from datetime import datetime
from typing import NamedTuple

from dashboard import queries
from dashboard.models import Event, Level
from dashboard.search import problems
from dashboard.spans import HOUR

LOOKED_AT = 250
"""So many of the newest problems are looked at: more than anybody reads one by one."""
COMMAND_FAILED = "bot.command_failed"


class Failures(NamedTuple):
    """The errors of the last 60 minutes, `commands` of them commands, and of the 60 `before`.

    `whole` is False where there were more problems than are counted: the figures are the least.
    `last` is the newest error there is; with None, `none` tells whether there surely is none.
    """

    errors: int
    commands: int
    before: int
    whole: bool
    last: Event | None
    none: bool


def of_late(now: datetime) -> Failures:
    """Return what failed in the last two hours, and the last failure of whatever time."""
    figures = problems().values_list("seq", "level", "kind", "timestamp")
    rows = list(figures.order_by("-seq")[:LOOKED_AT])
    errors = [(seq, kind, at) for seq, level, kind, at in rows if level == Level.ERROR]
    late = [kind for _, kind, at in errors if at > now - HOUR]
    if errors:
        last = Event.objects.filter(seq=errors[0][0]).first()
    else:
        last = queries.last_event([COMMAND_FAILED])  # it is further back than we look
    every = len(rows) < LOOKED_AT
    return Failures(
        errors=len(late),
        commands=late.count(COMMAND_FAILED),
        before=sum(1 for _, _, at in errors if now - 2 * HOUR < at <= now - HOUR),
        whole=every or rows[-1][-1] <= now - 2 * HOUR,
        last=last,
        none=last is None and every,
    )
