"""Coins from member to member."""

from dataclasses import dataclass, field

from django.conf import settings
from django.utils import timezone

from dashboard.events import NOWHERE, Origin, Ref, record_event
from dashboard.models import Level
from economy.errors import AmountTooSmall, BotReceiver, SelfTransfer
from economy.ledger import Posting, refuse_frozen
from economy.models import Kind, Transaction
from economy.requests import Request, once
from economy.text import bounded, coins


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

    Numbers beyond 2**64 are taken for that one. Raises `AmountTooSmall`, `SelfTransfer`,
    `BotReceiver`, `InsufficientFunds`, `BalanceOverflow`, `AccountFrozen`, `NotAMember`,
    `RequestMismatch`.
    """
    sender_id, receiver_id, amount = bounded(sender_id), bounded(receiver_id), bounded(amount)
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
        refuse_frozen(sender, receiver)
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
