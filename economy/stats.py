"""What the economy shows on the dashboard: its section of the stats, and its card."""

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from dashboard.stats import Card
from economy import queries

TREND_DAYS = 14


def section() -> dict[str, Any]:
    """Return the `economy` section: amounts as strings, days in UTC, the oldest day first."""
    supply = queries.supply()
    days = queries.tallies(TREND_DAYS)
    today = days[-1]
    back = accumulate((day.burned - day.minted for day in reversed(days[1:])), initial=supply.total)
    return {
        "supply": str(supply.total),
        "accounts": queries.members_with_account(),
        "mintedToday": str(today.minted),
        "burnedToday": str(today.burned),
        "movedToday": str(today.moved),
        "transactionsToday": today.transactions,
        "balanced": queries.recently_balanced(),
        "supplyByDay": [str(total) for total in reversed(list(back))],
    }


def cards(section: dict[str, Any]) -> Iterator[Card]:
    """Make the card of the money supply, with the day's change and the ledger's state."""
    change = int(section["mintedToday"]) - int(section["burnedToday"])
    balanced = section["balanced"]
    yield Card(
        id="coins",
        label="Coins in circulation",
        value=f"{int(section['supply']):,}",
        change=f"{change:+,}" if change else "",
        period="today" if change else "",
        state="" if balanced else "bad",
        word="ledger balanced" if balanced else "ledger not balanced",
        trend=tuple(float(total) for total in section["supplyByDay"]),
    )
