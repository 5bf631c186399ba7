"""What the economy shows on the dashboard: its section of the stats, its card, its figures."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

import msgspec

from dashboard.frames import reference, timestamp
from dashboard.stats import Card
from economy import queries
from economy.audit.live import NEWEST, LiveProof, Proof, Round
from economy.models import DayTally

DAYS = 30
LARGEST_SHOWN = 10
COLLECTORS_SHOWN = 10
SIDES = ("sender", "receiver")

_live_proof = LiveProof()


def section() -> dict[str, Any]:
    """Return the `economy` section: amounts as strings, days in UTC, the oldest day first."""
    supply = queries.supply()
    days = queries.tallies(DAYS)
    today = days[-1]
    back = accumulate((day.burned - day.minted for day in reversed(days[1:])), initial=supply.total)
    proof = _live_proof.look()
    shown = {
        "supply": str(supply.total),
        "accounts": queries.members_with_account(),
        "mintedToday": str(today.minted),
        "burnedToday": str(today.burned),
        "movedToday": str(today.moved),
        "transactionsToday": today.transactions,
        "balanced": not proof.findings,
        "proof": _proof(proof),
        "supplyByDay": [str(total) for total in reversed(list(back))],
        "days": [_day(day) for day in days],
        "largest": _largest(),
        "collectors": [
            {
                "account": reference(found.account_id, found.name),
                "frozen": found.frozen,
                "sources": found.sources,
                "coins": str(found.coins),
            }
            for found in queries.collectors(COLLECTORS_SHOWN)
        ],
    }
    return shown | {"figures": msgspec.to_builtins(list(_figures(shown, days)))}


def cards(section: dict[str, Any]) -> Iterator[Card]:
    """Make the card of the money supply, with the day's change and the ledger's state."""
    change = int(section["mintedToday"]) - int(section["burnedToday"])
    yield Card(
        id="coins",
        label="Coins",
        value=f"{int(section['supply']):,}",
        change=f"{change:+,}" if change else "",
        period="today" if change else "",
        state="" if section["balanced"] else "bad",
        word=f"ledger {section['proof']['word']}",
        trend=tuple(float(total) for total in section["supplyByDay"]),
        span=f"{DAYS} d",
    )


def _figures(section: dict[str, Any], days: Sequence[DayTally]) -> Iterator[Card]:
    """Make the cards of the economy's own page."""
    yield from cards(section)
    for name in ("minted", "burned", "moved", "transactions"):
        past = [getattr(day, name) for day in days]
        yield Card(
            id=name,
            label=f"{name.capitalize()} today",
            value=f"{past[-1]:,}",
            unit="" if name == "transactions" else "coins",
            change=f"{sum(past):,}",
            period=f"in {DAYS} days",
            trend=tuple(map(float, past[:-1])),
            span=f"{DAYS} d",
        )
    yield Card(id="accounts", label="Accounts", value=f"{section['accounts']:,}")


def _proof(proof: Proof) -> dict[str, Any]:
    def rows(checked: Round) -> dict[str, Any]:
        return {"accounts": checked.accounts, "transactions": checked.transactions}

    last = proof.ended
    return {
        "word": proof.word,
        "newest": NEWEST,
        "findings": [
            {
                "row": f"{found.table.removeprefix('economy_')} {found.row}".strip(),
                "text": found.detail,
            }
            for found in proof.findings
        ],
        "underWay": rows(proof.under_way),
        "lastRound": last and rows(last.checked) | {"endedAt": timestamp(last.at)},
    }


def _day(day: DayTally) -> dict[str, Any]:
    return {
        "day": day.day.isoformat(),
        "minted": str(day.minted),
        "burned": str(day.burned),
        "moved": str(day.moved),
        "transactions": day.transactions,
    }


def _largest() -> list[dict[str, Any]]:
    kept = queries.largest_transfers(DAYS, LARGEST_SHOWN)
    sides = [[int(large.transaction.parameters[side]) for side in SIDES] for large in kept]
    names = queries.names_of(id for pair in sides for id in pair)
    return [
        {
            "transaction": str(large.transaction.pk),
            "at": timestamp(large.transaction.created_at),
            "sender": reference(sender, names.get(sender, "")),
            "receiver": reference(receiver, names.get(receiver, "")),
            "coins": str(large.amount),
        }
        for large, (sender, receiver) in zip(kept, sides, strict=True)
    ]
