"""Amounts a member may want to send: suggestions while they type."""

from economy.text import coins

ROUND = (10, 50, 100, 250, 500, 1_000, 5_000, 10_000, 100_000)
INTEGER_MAX = 2**53 - 1
"""Discord's integers end here."""


def suggest(balance: int, typed: str) -> list[tuple[str, int]]:
    """Return `(label, amount)` for amounts up to `balance` that begin with what is `typed`.

    Round ones, half, and all; what is typed itself comes first. Nothing for who has nothing.
    """
    most = min(balance, INTEGER_MAX)
    notes = {most: " (all you have)", most // 2: " (half)"} if most > 1 else {}
    found = sorted({amount for amount in (*ROUND, most // 2, most) if 1 <= amount <= most})
    if typed.isascii() and typed.isdigit() and len(typed) < 20 and 1 <= int(typed) <= most:
        found = [int(typed), *(amount for amount in found if amount != int(typed))]
    return [
        (coins(amount) + notes.get(amount, ""), amount)
        for amount in found
        if str(amount).startswith(typed)
    ]
