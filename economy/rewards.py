"""The rule of the daily reward: product.md's figures, which are settings. No database, no clock."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from django.conf import settings


class Reward(NamedTuple):
    """Coins of one claim; `bonus` is the part that the 7th day of the streak added."""

    coins: int
    bonus: int


def reward_for(streak: int) -> Reward:
    """Return the reward on day `streak` (from 1) of a streak, capped at DAILY_MAX_COINS."""
    cap = settings.DAILY_MAX_COINS
    plain = min(settings.DAILY_BASE_COINS + settings.DAILY_STREAK_COINS * streak, cap)
    weekly = settings.DAILY_WEEKLY_COINS if streak % 7 == 0 else 0
    coins = min(plain + weekly, cap)
    return Reward(coins, coins - plain)


def day_key(at: datetime) -> date:
    """Return the UTC day that a claim made at `at` is for."""
    return at.astimezone(UTC).date()


def opens_after(day: date) -> datetime:
    """Return when the next claim opens after one for `day`: the UTC midnight that ends it."""
    return datetime.combine(day + timedelta(days=1), time.min, UTC)


class Claimed(NamedTuple):
    """A claim that was made: `order` tells which of a member's claims was made first."""

    day: date
    streak: int
    order: int


def streak_on(day: date, earlier: Sequence[Claimed]) -> int:
    """Return the streak of a claim for `day`: one more, or 1 after a whole day missed.

    `earlier` are the member's claims for the days before, the latest day first; two are enough.
    A claim that was made before the one of its day before counts with that one.
    """
    days = [day - timedelta(days=back) for back in (1, 2)]
    if [claim.day for claim in earlier[:1]] != days[:1]:
        return 1
    if [claim.day for claim in earlier[:2]] == days and earlier[1].order > earlier[0].order:
        return earlier[1].streak + 2
    return earlier[0].streak + 1
