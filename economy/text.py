"""How money is said, and how much of it can be."""


def coins(amount: int) -> str:
    """Return an amount as a sentence says it: `1 coin`, `1,250 coins`."""
    return f"{amount:,} coin" + ("" if abs(amount) == 1 else "s")


def bounded(number: int) -> int:
    """Return a number that somebody asked for, within 2**64 of zero.

    What lies beyond is refused just as that is. Python writes no number of 5,000 digits as text.
    """
    return max(-(2**64), min(number, 2**64))
