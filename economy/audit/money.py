"""Rules of coins: entries sum to zero, balances are the sums of their entries, as was asked for."""

from collections.abc import Iterator

from economy.audit.scope import Finding, Rule, Scope
from economy.audit.sql import HALF, rows, whole, within
from economy.models import SYSTEM_IDS, Account, Kind


def _sums(scope: Scope) -> Iterator[Finding]:
    for id, entries, high, low in rows(
        "SELECT t.id, COUNT(e.id),"  # noqa: S608 - ids
        " COALESCE(SUM(e.amount / %s), 0), COALESCE(SUM(e.amount %% %s), 0)"
        " FROM economy_transaction t LEFT JOIN economy_entry e ON e.transaction_id = t.id"
        f" WHERE {within('t.id', scope.transactions)} GROUP BY t.id"
        " HAVING COUNT(e.id) = 0 OR SUM(e.amount / %s) <> 0 OR SUM(e.amount %% %s) <> 0"
        " ORDER BY t.id",
        *[HALF] * 4,
    ):
        total = whole(high, low)
        if total or not entries:
            yield Finding(
                "entries_unbalanced",
                "economy_transaction",
                str(id),
                f"its {entries} entries sum to {total}, not 0",
            )


# The entry before: for all entries at once from their order, for a few each from the index.
_BEFORE_OF_ALL = "LAG(e.balance_after) OVER (PARTITION BY e.account_id ORDER BY e.id)"
_BEFORE_OF_EACH = (
    "(SELECT p.balance_after FROM economy_entry p"
    " WHERE p.account_id = e.account_id AND p.id < e.id ORDER BY p.id DESC LIMIT 1)"
)


def _chains(scope: Scope) -> Iterator[Finding]:
    before = _BEFORE_OF_ALL if scope.transactions is None else _BEFORE_OF_EACH
    for id, account_id, amount, after, had in rows(
        "SELECT * FROM (SELECT e.id, e.account_id, e.amount, e.balance_after,"  # noqa: S608 - ids
        f" COALESCE({before}, 0) AS had FROM economy_entry e"
        f" WHERE {within('e.transaction_id', scope.transactions)}) chain"
        " WHERE CAST(balance_after AS numeric) - amount <> had ORDER BY id"
    ):
        yield Finding(
            "entry_breaks_chain",
            "economy_entry",
            str(id),
            f"account {account_id} had {had}, {amount:+} leaves {had + amount}, not {after}",
        )


def _balances(scope: Scope) -> Iterator[Finding]:
    for id, system, kept, entered in rows(
        "SELECT * FROM (SELECT a.id, a.system, a.balance,"  # noqa: S608 - ids
        " COALESCE((SELECT e.balance_after FROM economy_entry e"
        " WHERE e.account_id = a.id ORDER BY e.id DESC LIMIT 1), 0) AS entered"
        f" FROM economy_account a WHERE {within('a.id', scope.accounts)}) kept"
        " WHERE balance <> entered OR (balance < 0 AND system = '') ORDER BY id"
    ):
        if kept != entered:
            detail = f"it keeps {kept}, its entries leave {entered}"
            yield Finding("balance_differs", "economy_account", str(id), detail)
        if kept < 0 and not system:
            yield Finding("balance_below_zero", "economy_account", str(id), f"it keeps {kept}")


_NEGATED = "CAST(-CAST(e.amount AS numeric) AS text)"
_ASKED_FOR = f"""CASE t.kind
    WHEN 'transfer' THEN
        CAST(e.account_id AS text) = t.parameters ->> 'sender'
            AND {_NEGATED} = t.parameters ->> 'amount'
        OR CAST(e.account_id AS text) = t.parameters ->> 'receiver'
            AND CAST(e.amount AS text) = t.parameters ->> 'amount'
    WHEN 'daily_claim' THEN
        CAST(e.account_id AS text) = t.parameters ->> 'member' AND e.amount > 0
        OR e.account_id = 1 AND e.amount < 0
    WHEN 'correction' THEN
        CAST(e.account_id AS text) = t.parameters ->> 'account'
            AND CAST(e.amount AS text) = t.parameters ->> 'amount'
        OR e.account_id = CASE WHEN e.amount < 0 THEN 1 ELSE 2 END
            AND {_NEGATED} = t.parameters ->> 'amount'
    END"""


def _requests(scope: Scope) -> Iterator[Finding]:
    """A transaction did what its request asked for: a transfer, say, that mints is none."""
    for id, account_id, amount, transaction_id, kind in rows(
        "SELECT e.id, e.account_id, e.amount, t.id, t.kind FROM economy_entry e"  # noqa: S608
        " JOIN economy_transaction t ON t.id = e.transaction_id"
        f" WHERE {within('e.transaction_id', scope.transactions)}"
        f" AND NOT COALESCE({_ASKED_FOR}, FALSE) ORDER BY e.id"
    ):
        yield Finding(
            "entry_not_asked_for",
            "economy_entry",
            str(id),
            f"{amount:+} on account {account_id} is not what {kind} {transaction_id} asked for",
        )


def _reasons(scope: Scope) -> Iterator[Finding]:
    """Who corrected, and why, is what the request said; nobody else has an author or a reason."""
    for id, kind in rows(
        "SELECT t.id, t.kind FROM economy_transaction t"  # noqa: S608 - ids
        f" WHERE {within('t.id', scope.transactions)} AND CASE t.kind WHEN 'correction'"
        " THEN t.author <> COALESCE(t.parameters ->> 'author', '')"
        " OR t.reason <> COALESCE(t.parameters ->> 'reason', '')"
        " ELSE t.author <> '' OR t.reason <> '' END ORDER BY t.id"
    ):
        yield Finding(
            "request_differs",
            "economy_transaction",
            str(id),
            f"its author or its reason is not what the {Kind(kind).label} was asked for with",
        )


def _missing(scope: Scope) -> Iterator[Finding]:
    """Whatever entries are about is there."""
    for table, column in (
        ("economy_account", "account_id"),
        ("economy_transaction", "transaction_id"),
    ):
        for id, entries in rows(
            f"SELECT e.{column}, COUNT(*) FROM economy_entry e LEFT JOIN {table} x"  # noqa: S608
            f" ON x.id = e.{column} WHERE {within('e.transaction_id', scope.transactions)}"
            f" AND x.id IS NULL GROUP BY e.{column} ORDER BY e.{column}"
        ):
            yield Finding("row_missing", table, str(id), f"it is gone, and has {entries} entries")
    systems = Account.objects.exclude(system="").in_bulk(SYSTEM_IDS.values())
    for system, id in SYSTEM_IDS.items():
        if id not in systems:
            yield Finding("row_missing", "economy_account", str(id), f"the {system} is gone")


BALANCED: tuple[Rule, ...] = (_sums, _chains, _balances, _missing)
"""Entries sum to zero, balances are the sums of their entries, nobody is below zero."""

RULES: tuple[Rule, ...] = (*BALANCED, _requests, _reasons)
