"""How money is said."""


def coins(amount: int) -> str:
    """Return an amount as a sentence says it: `1 coin`, `1,250 coins`."""
    return f"{amount:,} coin" + ("" if abs(amount) == 1 else "s")
