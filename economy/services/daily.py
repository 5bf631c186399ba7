"""The daily claim."""

from dataclasses import dataclass, field
from datetime import date, datetime

from django.utils import timezone

from dashboard.events import NOWHERE, Origin, Ref, record_event
from dashboard.models import Level
from economy.errors import AlreadyClaimed
from economy.ledger import Posting, refuse_frozen
from economy.models import Claim, Kind, Transaction
from economy.requests import Request, once
from economy.rewards import day_key, next_streak, opens_after, reward_for
from economy.text import bounded, coins


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

    The day is that of the call. A clock that was put back finds the later day claimed and pays
    nothing until that one is over; the streak goes on then. Raises `AlreadyClaimed`,
    `AccountFrozen`, `BalanceOverflow`, `NotAMember`, `RequestMismatch`.
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
        last = Claim.objects.filter(account_id=member_id).order_by("-day").first()
        if last and last.day >= today:
            raise AlreadyClaimed(
                day=last.day, streak=last.streak, next_claim_at=opens_after(last.day)
            )
        streak = next_streak(last.day, last.streak, today) if last else 1
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
        return _daily_claim(claim, account.balance)

    def again(first: Transaction) -> DailyClaim:
        entry = first.entries.get(account_id=member_id)
        return _daily_claim(first.claim, entry.balance_after, repeated=True)

    return once(request, do=do, again=again)


def _daily_claim(claim: Claim, balance: int, *, repeated: bool = False) -> DailyClaim:
    return DailyClaim(
        transaction_id=claim.transaction_id,
        member_id=claim.account_id,
        day=claim.day,
        reward=claim.reward,
        weekly_bonus=claim.bonus,
        streak=claim.streak,
        balance=balance,
        next_claim_at=opens_after(claim.day),
        repeated=repeated,
    )
