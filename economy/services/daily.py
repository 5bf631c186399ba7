"""The daily claim."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.utils import timezone

from dashboard.events import NOWHERE, Origin, Ref, record_event
from dashboard.models import Level
from economy.errors import AlreadyClaimed
from economy.ledger import Posting, refuse_frozen
from economy.models import Claim, Kind, Transaction
from economy.requests import Request, once
from economy.rewards import Claimed, day_key, opens_after, reward_for, streak_on
from economy.text import bounded, coins

LATE_WITHIN = timedelta(minutes=1)
"""How much earlier than a claim that was paid one for the day before may have been asked for."""


@dataclass(frozen=True, kw_only=True)
class DailyClaim:
    """A claim that was paid: `reward` coins, of which `weekly_bonus` for the 7th day in a row."""

    transaction_id: int
    member_id: int
    day: date
    reward: int
    weekly_bonus: int
    streak: int
    balance: int
    next_claim_at: datetime
    repeated: bool = field(default=False, compare=False)


def claim_daily(
    *, request_id: str, member_id: int, member_name: str = "", origin: Origin = NOWHERE
) -> DailyClaim:
    """Pay the member's daily reward once per UTC day, or raise EconomyError and pay nothing.

    The day is that of the call. Of two calls just before and just after midnight, each is paid for
    its own day whichever comes to be paid first. A clock that was put back further finds the later
    day claimed and pays nothing until that one is over; the streak goes on then. Raises
    `AlreadyClaimed`, `AccountFrozen`, `BalanceOverflow`, `NotAMember`, `RequestMismatch`.
    """
    member_id = bounded(member_id)
    request = Request(
        id=request_id,
        kind=Kind.DAILY_CLAIM,
        parameters={"member": str(member_id)},
        at=timezone.now(),
        origin=origin,
    )

    def do(posting: Posting) -> DailyClaim:
        account = posting.lock({member_id: member_name})[member_id]
        refuse_frozen(account)
        today = day_key(request.at)
        made = list(Claim.objects.filter(account_id=member_id).order_by("-day")[:3])
        earlier = [
            Claimed(claim.day, claim.streak, claim.pk) for claim in made if claim.day < today
        ]
        if len(earlier) < len(made) and not _came_late(request.at, made):
            last = made[0]
            raise AlreadyClaimed(
                day=last.day, streak=last.streak, next_claim_at=opens_after(last.day)
            )
        streak = streak_on(today, earlier)
        reward = reward_for(streak)
        claim = Claim.objects.create(
            transaction_id=posting.transaction_id,
            account_id=member_id,
            day=today,
            streak=streak,
            reward=reward.coins,
            bonus=reward.bonus,
        )
        posting.mint(account, reward.coins)
        record_event(
            kind="economy.daily_claimed",
            level=Level.SUCCESS,
            message=f"{account} claimed {coins(reward.coins)}, day {streak}"
            + (", weekly bonus" if reward.bonus else ""),
            origin=request.origin_of(Ref(member_id, account.name)),
            data={
                "transaction": str(posting.transaction_id),
                "member": str(member_id),
                "reward": str(reward.coins),
                "weeklyBonus": str(reward.bonus),
                "streak": streak,
                "balance": str(account.balance),
            },
        )
        return _daily_claim(claim, account.balance, made[0].day if made else today)

    def again(first: Transaction) -> DailyClaim:
        entry = first.entries.get(account_id=member_id)
        claim = first.claim
        made = Claim.objects.filter(account_id=member_id, id__lt=claim.pk, day__gt=claim.day)
        last = made.values_list("day", flat=True).first() or claim.day
        return _daily_claim(claim, entry.balance_after, last, repeated=True)

    return once(request, do=do, again=again)


def _came_late(asked_at: datetime, made: Sequence[Claim]) -> bool:
    """Whether only the next day's claim is `made`, and was asked for at nearly the same time."""
    last, before = made[0], made[1:2]
    today = day_key(asked_at)
    return (
        last.day == today + timedelta(days=1)
        and not (before and before[0].day == today)
        and last.transaction.created_at - asked_at <= LATE_WITHIN
    )


def _daily_claim(claim: Claim, balance: int, last: date, *, repeated: bool = False) -> DailyClaim:
    """Make the reply; `last` is the latest day that was claimed for by then."""
    return DailyClaim(
        transaction_id=claim.transaction_id,
        member_id=claim.account_id,
        day=claim.day,
        reward=claim.reward,
        weekly_bonus=claim.bonus,
        streak=claim.streak,
        balance=balance,
        next_claim_at=opens_after(max(claim.day, last)),
        repeated=repeated,
    )
