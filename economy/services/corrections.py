"""What staff may do to a member's account: every act has an author and a reason, and is audited."""

from dataclasses import dataclass, field

from django.utils import timezone

from dashboard import audit
from dashboard.events import NOWHERE, Origin, record_event
from dashboard.models import Level
from dashboard.text import clean
from economy.errors import AmountTooSmall, ReasonMissing, UnknownAccount
from economy.ledger import Posting, require_member
from economy.models import Account, Kind, Transaction
from economy.requests import Request, atomically, once
from economy.text import bounded, coins

AUTHOR_MAX, REASON_MAX = 150, 200


@dataclass(frozen=True, kw_only=True)
class Correction:
    """Coins that staff gave (`amount` above zero) or took, and the balance that left."""

    transaction_id: int
    account_id: int
    amount: int
    balance: int
    repeated: bool = field(default=False, compare=False)


def correct_balance(
    *,
    request_id: str,
    account_id: int,
    amount: int,
    author: str,
    reason: str,
    origin: Origin = NOWHERE,
) -> Correction:
    """Mint `amount` coins for a member, or burn `-amount` of theirs, once per `request_id`.

    Frozen accounts may be corrected too. Raises EconomyError and changes nothing:
    `UnknownAccount`, `NotAMember`, `AmountTooSmall` (of 0), `ReasonMissing` (of author or
    reason), `InsufficientFunds`, `BalanceOverflow`, `RequestMismatch`.
    """
    account_id, amount = bounded(account_id), bounded(amount)
    author, reason = clean(author, AUTHOR_MAX), clean(reason, REASON_MAX)
    if not author or not reason:
        raise ReasonMissing(account_id=account_id)
    request = Request(
        id=request_id,
        kind=Kind.CORRECTION,
        parameters={
            "account": str(account_id),
            "amount": str(amount),
            "author": author,
            "reason": reason,
        },
        at=timezone.now(),
        origin=origin,
        author=author,
        reason=reason,
    )

    def do(posting: Posting) -> Correction:
        if amount == 0:
            raise AmountTooSmall(amount=0, minimum=1)
        _require_account(account_id)
        account = posting.lock({account_id: ""})[account_id]
        if amount > 0:
            posting.mint(account, amount)
        else:
            posting.burn(account, -amount)
        audit.record(
            action="account.corrected",
            target=f"account {account_id}",
            reason=reason,
            before={"balance": str(account.balance - amount)},
            after={"balance": str(account.balance), "transaction": str(posting.transaction_id)},
        )
        verb = f"gave {coins(amount)} to" if amount > 0 else f"took {coins(-amount)} from"
        record_event(
            kind="economy.balance_corrected",
            level=Level.WARN,
            message=f"{author} {verb} {account}: {reason}",
            origin=request.origin_of(None),
            data={
                "transaction": str(posting.transaction_id),
                "member": str(account_id),
                "memberName": account.name,
                "amount": str(amount),
                "balance": str(account.balance),
                "author": author,
                "reason": reason,
            },
        )
        return Correction(
            transaction_id=posting.transaction_id,
            account_id=account_id,
            amount=amount,
            balance=account.balance,
        )

    def again(first: Transaction) -> Correction:
        entry = first.entries.get(account_id=account_id)
        return Correction(
            transaction_id=first.pk,
            account_id=account_id,
            amount=entry.amount,
            balance=entry.balance_after,
            repeated=True,
        )

    return once(request, do=do, again=again)


def set_frozen(
    *, account_id: int, frozen: bool, author: str, reason: str, origin: Origin = NOWHERE
) -> bool:
    """Freeze or unfreeze a member's account; return False where it was so already.

    Only a change is recorded. Raises `UnknownAccount`, `NotAMember`, `ReasonMissing`.
    """
    account_id = bounded(account_id)
    author, reason = clean(author, AUTHOR_MAX), clean(reason, REASON_MAX)
    if not author or not reason:
        raise ReasonMissing(account_id=account_id)

    def work() -> bool:
        _require_account(account_id)
        account = Account.objects.select_for_update().get(id=account_id)
        if account.frozen == frozen:
            return False
        account.frozen = frozen
        account.save(update_fields=["frozen"])
        audit.record(
            action="account.frozen" if frozen else "account.unfrozen",
            target=f"account {account_id}",
            reason=reason,
            before={"frozen": not frozen},
            after={"frozen": frozen},
        )
        record_event(
            kind="economy.account_frozen" if frozen else "economy.account_unfrozen",
            level=Level.WARN,
            message=f"{author} {'froze' if frozen else 'unfroze'} {account}: {reason}",
            origin=origin,
            data={
                "member": str(account_id),
                "memberName": account.name,
                "author": author,
                "reason": reason,
            },
        )
        return True

    return atomically(work)


def _require_account(account_id: int) -> None:
    require_member(account_id)
    if not Account.objects.filter(id=account_id).exists():
        raise UnknownAccount(account_id=account_id)
