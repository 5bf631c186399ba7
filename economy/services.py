"""What may happen to money. Every service may be repeated: its `request_id` takes effect once.

A repetition writes nothing and returns an equal result whose `repeated` is true. Each service is
one database transaction with its event, retried when it lost a race (see `economy.requests`).
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from django.conf import settings
from django.utils import timezone

from dashboard.events import NOWHERE, Origin, Ref, record_event
from dashboard.models import Level
from economy.errors import (
    AccountFrozen,
    AlreadyClaimed,
    AmountTooSmall,
    BotReceiver,
    SelfTransfer,
)
from economy.ledger import Posting
from economy.models import Account, Claim, Kind, Transaction
from economy.requests import Request, once
from economy.rewards import day_key, next_streak, opens_after, reward_for


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


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """Coins that went from one member to another, and the balances that left."""

    transaction_id: int
    sender_id: int
    receiver_id: int
    amount: int
    sender_balance: int
    receiver_balance: int
    repeated: bool = field(default=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class Correction:
    """Coins that staff gave (`amount` above zero) or took, and the balance that left."""

    transaction_id: int
    account_id: int
    amount: int
    balance: int
    repeated: bool = field(default=False, compare=False)


def claim_daily(
    *, request_id: str, member_id: int, member_name: str = "", origin: Origin = NOWHERE
) -> DailyClaim:
    """Pay the member's daily reward once per UTC day, or raise EconomyError and pay nothing.

    The day is that of the call. A clock that was put back finds the later day claimed and pays
    nothing until that one is over; the streak goes on then. Raises `AlreadyClaimed`,
    `AccountFrozen`, `BalanceOverflow`, `NotAMember`, `RequestMismatch`.
    """
    request = Request(
        id=request_id,
        kind=Kind.DAILY_CLAIM,
        parameters={"member": str(member_id)},
        at=timezone.now(),
        origin=origin,
    )

    def do(posting: Posting) -> DailyClaim:
        account = posting.lock({member_id: member_name})[member_id]
        _refuse_frozen(account)
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


def transfer(
    *,
    request_id: str,
    sender_id: int,
    receiver_id: int,
    amount: int,
    sender_name: str = "",
    receiver_name: str = "",
    receiver_is_bot: bool = False,
    origin: Origin = NOWHERE,
) -> Transfer:
    """Move `amount` coins once per `request_id`, or raise EconomyError and move nothing.

    Raises `AmountTooSmall`, `SelfTransfer`, `BotReceiver`, `InsufficientFunds`,
    `BalanceOverflow`, `AccountFrozen`, `NotAMember`, `RequestMismatch`.
    """
    request = Request(
        id=request_id,
        kind=Kind.TRANSFER,
        parameters={
            "sender": str(sender_id),
            "receiver": str(receiver_id),
            "amount": str(amount),
        },
        at=timezone.now(),
        origin=origin,
    )

    def do(posting: Posting) -> Transfer:
        if amount < settings.TRANSFER_MIN_COINS:
            raise AmountTooSmall(amount=amount, minimum=settings.TRANSFER_MIN_COINS)
        if sender_id == receiver_id:
            raise SelfTransfer(member_id=sender_id)
        if receiver_is_bot:
            raise BotReceiver(receiver_id=receiver_id)
        accounts = posting.lock({sender_id: sender_name, receiver_id: receiver_name})
        sender, receiver = accounts[sender_id], accounts[receiver_id]
        _refuse_frozen(sender, receiver)
        posting.transfer(sender, receiver, amount)
        record_event(
            kind="economy.transferred",
            level=Level.SUCCESS,
            message=f"{sender} sent {coins(amount)} to {receiver}",
            origin=request.origin_of(Ref(sender_id, sender.name)),
            data={
                "transaction": str(posting.transaction_id),
                "sender": str(sender_id),
                "senderName": sender.name,
                "receiver": str(receiver_id),
                "receiverName": receiver.name,
                "amount": str(amount),
            },
        )
        return Transfer(
            transaction_id=posting.transaction_id,
            sender_id=sender_id,
            receiver_id=receiver_id,
            amount=amount,
            sender_balance=sender.balance,
            receiver_balance=receiver.balance,
        )

    def again(first: Transaction) -> Transfer:
        balances = dict(first.entries.values_list("account_id", "balance_after"))
        return Transfer(
            transaction_id=first.pk,
            sender_id=sender_id,
            receiver_id=receiver_id,
            amount=amount,
            sender_balance=balances[sender_id],
            receiver_balance=balances[receiver_id],
            repeated=True,
        )

    return once(request, do=do, again=again)


def coins(amount: int) -> str:
    """Return an amount as a sentence says it: `1 coin`, `1,250 coins`."""
    return f"{amount:,} coin" + ("" if abs(amount) == 1 else "s")


def _refuse_frozen(*accounts: Account) -> None:
    for account in accounts:
        if account.frozen:
            raise AccountFrozen(account_id=account.id)
