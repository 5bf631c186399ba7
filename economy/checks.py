"""What is complained about at start: figures under which nobody could play."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from economy.models import BALANCE_MAX


@register("aurora")
def check_figures(**_: Any) -> list[CheckMessage]:
    """Look at the figures of the economy together: each alone was read by the settings."""
    found: list[CheckMessage] = []
    first = settings.DAILY_BASE_COINS + settings.DAILY_STREAK_COINS
    if first < 1:
        found.append(
            Error(
                "the first daily reward would be 0 coins",
                hint="Set DAILY_BASE_COINS or DAILY_STREAK_COINS to 1 or more.",
                id="economy.E001",
            )
        )
    for name in ("DAILY_MAX_COINS", "TRANSFER_MIN_COINS"):
        if getattr(settings, name) > BALANCE_MAX:
            found.append(
                Error(
                    f"{name} is more than a balance can hold",
                    hint=f"Set it to at most {BALANCE_MAX}.",
                    id="economy.E002",
                )
            )
    if first > settings.DAILY_MAX_COINS:
        found.append(
            Warning(
                "the cap of the daily reward is below the first reward: a streak earns nothing",
                hint=f"Set DAILY_MAX_COINS to {first} or more.",
                id="economy.W001",
            )
        )
    return found
