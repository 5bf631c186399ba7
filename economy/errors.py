"""What the economy refuses, as data; the words for it are chosen where it is shown.

Every refusal leaves no trace: no row, no entry, no changed balance.
"""

from dataclasses import dataclass
from datetime import date, datetime


class EconomyError(Exception):
    """Base of everything the economy refuses."""

    def __str__(self) -> str:
        return repr(self)


@dataclass(kw_only=True, eq=False)
class NotAMember(EconomyError):
    """The id belongs to no member: it is not a snowflake, or it is a system account's."""

    account_id: int


@dataclass(kw_only=True, eq=False)
class UnknownAccount(EconomyError):
    """There is no account of this id to correct or freeze."""

    account_id: int


@dataclass(kw_only=True, eq=False)
class AlreadyClaimed(EconomyError):
    """The member has claimed for this day already; `streak` is the one that claim reached."""

    day: date
    streak: int
    next_claim_at: datetime


@dataclass(kw_only=True, eq=False)
class AmountTooSmall(EconomyError):
    """Fewer coins than may be moved at once; zero and negative amounts too."""

    amount: int
    minimum: int


@dataclass(kw_only=True, eq=False)
class SelfTransfer(EconomyError):
    """Sender and receiver are the same member."""

    member_id: int


@dataclass(kw_only=True, eq=False)
class BotReceiver(EconomyError):
    """The receiver is a bot, which could never spend the coins."""

    receiver_id: int


@dataclass(kw_only=True, eq=False)
class InsufficientFunds(EconomyError):
    """The account holds fewer coins than would leave it."""

    balance: int
    needed: int


@dataclass(kw_only=True, eq=False)
class BalanceOverflow(EconomyError):
    """The account would hold more coins than a balance can count."""

    account_id: int
    maximum: int


@dataclass(kw_only=True, eq=False)
class AccountFrozen(EconomyError):
    """Staff froze the account: its member can neither claim, send nor receive."""

    account_id: int


@dataclass(kw_only=True, eq=False)
class ReasonMissing(EconomyError):
    """Staff act on an account only with an author and a reason."""

    account_id: int


@dataclass(kw_only=True, eq=False)
class RequestMismatch(EconomyError):
    """The request id was used before, for something else. Recorded as an error event."""

    request_id: str
    kind: str
    parameters: dict[str, str]
    first_kind: str
    first_parameters: dict[str, str]
