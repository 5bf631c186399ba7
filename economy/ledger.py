"""The one place that changes balances: lock the accounts, move the coins, write the entries.

Lock order, for everybody: members in ascending id, then a system account, then the day's tally,
then the stream (`record_event`, last). The shared rows come late, so that they are held shortly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from dashboard.text import clean
from economy import rollups
from economy.errors import AccountFrozen, BalanceOverflow, InsufficientFunds, NotAMember
from economy.models import BALANCE_MAX, SYSTEM_ID_MAX, SYSTEM_IDS, Account, Entry, System

MINT, BURN = SYSTEM_IDS[System.MINT], SYSTEM_IDS[System.BURN]


def require_member(account_id: int) -> None:
    """Raise `NotAMember` unless `account_id` can be the snowflake of a member."""
    if not SYSTEM_ID_MAX < account_id <= BALANCE_MAX:
        raise NotAMember(account_id=account_id)


def refuse_frozen(*accounts: Account) -> None:
    """Raise `AccountFrozen` for the first of `accounts` that staff froze."""
    for account in accounts:
        if account.frozen:
            raise AccountFrozen(account_id=account.id)


@dataclass
class Posting:
    """What one transaction does to the accounts: `lock` its members, then move coins, once.

    The moving methods leave the new balances in the accounts that they are given.
    """

    transaction_id: int
    at: datetime
    opened: int = 0

    def lock(self, names: Mapping[int, str]) -> dict[int, Account]:
        """Lock the members' accounts until the transaction ends, opening those that are missing.

        `names` maps a member's id to the name, empty when it is not known; a known one is kept on
        the account when coins move. Raises `NotAMember`.
        """
        ids = sorted(names)
        for account_id in ids:
            require_member(account_id)
        opened_at = connection.ops.adapt_datetimefield_value(self.at)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO economy_account"  # noqa: S608 - only placeholders are put together
                " (id, system, name, balance, frozen, opened_at) VALUES "
                + ", ".join(["(%s, '', '', 0, %s, %s)"] * len(ids))
                + " ON CONFLICT (id) DO NOTHING",
                [value for account_id in ids for value in (account_id, False, opened_at)],
            )
            self.opened += cursor.rowcount
        locked = Account.objects.select_for_update().filter(id__in=ids).order_by("id")
        accounts = {account.id: account for account in locked}
        for account in accounts.values():
            account.name = clean(names[account.id], 100) or account.name
        return accounts

    def mint(self, account: Account, amount: int) -> None:
        """Give `amount` new coins to a locked account. Raises `BalanceOverflow`."""
        _require_room(account, amount)
        self._move({account.id: amount, MINT: -amount}, account)
        rollups.count(self.at, opened=self.opened, minted=amount)

    def burn(self, account: Account, amount: int) -> None:
        """Take `amount` coins of a locked account out of the world. Raises `InsufficientFunds`."""
        _require_funds(account, amount)
        self._move({account.id: -amount, BURN: amount}, account)
        rollups.count(self.at, opened=self.opened, burned=amount)

    def transfer(self, sender: Account, receiver: Account, amount: int) -> None:
        """Move `amount` coins between locked accounts.

        Raises `InsufficientFunds`, `BalanceOverflow`.
        """
        _require_funds(sender, amount)
        _require_room(receiver, amount)
        self._move({sender.id: -amount, receiver.id: amount}, sender, receiver)
        rollups.count_transfer(
            self.at,
            opened=self.opened,
            transaction_id=self.transaction_id,
            sender_id=sender.id,
            receiver_id=receiver.id,
            amount=amount,
        )

    def _move(self, amounts: dict[int, int], *accounts: Account) -> None:
        """Change the balances, and write the entries that say so."""
        members = {account.id: account for account in accounts}
        balances = {id: _add(id, amounts[id], members[id].name) for id in sorted(members)}
        for id, balance in balances.items():
            members[id].balance = balance
        for id in amounts.keys() - members.keys():  # a system account, which is taken last
            balances[id] = _add(id, amounts[id], "")
        Entry.objects.bulk_create(
            Entry(
                transaction_id=self.transaction_id,
                account_id=id,
                amount=amount,
                balance_after=balances[id],
            )
            for id, amount in sorted(amounts.items(), key=lambda item: item[1])
        )


def _require_funds(account: Account, amount: int) -> None:
    if account.balance < amount:
        raise InsufficientFunds(balance=account.balance, needed=amount)


def _require_room(account: Account, amount: int) -> None:
    if account.balance + amount > BALANCE_MAX:
        raise BalanceOverflow(account_id=account.id, maximum=BALANCE_MAX)


def _add(account_id: int, amount: int, name: str) -> int:
    """Add `amount` to the balance within what it can count, and return the new one."""
    low, high = max(-BALANCE_MAX, -BALANCE_MAX - amount), min(BALANCE_MAX, BALANCE_MAX - amount)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE economy_account SET balance = balance + %s, name = %s"
            " WHERE id = %s AND balance BETWEEN %s AND %s RETURNING balance",
            [amount, name, account_id, low, high],
        )
        row = cursor.fetchone()
    if row is None:
        raise BalanceOverflow(account_id=account_id, maximum=BALANCE_MAX)
    return int(row[0])
