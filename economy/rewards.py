"""The rule of the daily reward: product.md's figures, which are settings. No database, no clock."""

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


def next_streak(last_day: date, last_streak: int, today: date) -> int:
    """Return the streak of a claim for `today`: one more, or 1 after a whole day missed."""
    return last_streak + 1 if last_day == today - timedelta(days=1) else 1
