"""What is kept beside the ledger as coins move, so that no question costs the length of history.

Who hands a daily reward on: a transfer within `HANDOVER_WITHIN` of the sender's own claim is kept
as a `Handover`. `queries.collectors` finds accounts that live on others' claims among them.
"""

from datetime import datetime, timedelta

from django.db import connection

from dashboard.statements import Statement, execute
from economy.models import BALANCE_MAX
from economy.rewards import day_key

HANDOVER_WITHIN = timedelta(hours=1)
LARGEST_KEPT_A_DAY = 10

_TALLY = (
    "INSERT INTO economy_daytally (day, opened, minted, burned, moved, transactions)"
    " VALUES (%s, %s, %s, %s, %s, 1) ON CONFLICT (day) DO UPDATE SET"
    " opened = economy_daytally.opened + excluded.opened,"
    " minted = economy_daytally.minted + excluded.minted,"
    " burned = economy_daytally.burned + excluded.burned,"
    " moved = CASE WHEN economy_daytally.moved > %s - excluded.moved THEN %s"
    " ELSE economy_daytally.moved + excluded.moved END,"
    " transactions = economy_daytally.transactions + 1"
)
# Of the sender's last claim, if that was just now; never more than the claim paid.
_HANDOVER = (
    "INSERT INTO economy_handover (day, sender_id, receiver_id, coins, reward)"
    " SELECT c.day, c.account_id, %s, CASE WHEN %s < c.reward THEN %s ELSE c.reward END, c.reward"
    " FROM economy_claim c JOIN economy_transaction t ON t.id = c.transaction_id"
    " WHERE c.account_id = %s AND c.day >= %s AND t.created_at BETWEEN %s AND %s"
    " ORDER BY c.day DESC LIMIT 1"
    " ON CONFLICT (day, receiver_id, sender_id) DO UPDATE SET coins ="
    " CASE WHEN excluded.coins < economy_handover.reward - economy_handover.coins"
    " THEN economy_handover.coins + excluded.coins ELSE economy_handover.reward END"
)
# The tally's row is locked by now, so that one transfer of a day after the other looks.
_LARGE = (
    "INSERT INTO economy_largetransfer (transaction_id, day, amount) SELECT %s, %s, %s"
    " WHERE %s > COALESCE((SELECT amount FROM economy_largetransfer WHERE day = %s"
    " ORDER BY amount DESC LIMIT 1 OFFSET %s), 0)"
)


def count(at: datetime, *, opened: int, minted: int = 0, burned: int = 0) -> None:
    """Count one transaction that made or destroyed coins in its day."""
    execute([_tally(at, opened, minted, burned, 0)])


def count_transfer(
    at: datetime,
    *,
    opened: int,
    transaction_id: int,
    sender_id: int,
    receiver_id: int,
    amount: int,
) -> None:
    """Count one transfer in its day; remember it if it is large, or hands a reward on.

    The day's `moved` stays at `BALANCE_MAX` when it would pass it.
    """
    day, moment = connection.ops.adapt_datefield_value, connection.ops.adapt_datetimefield_value
    today, since = day(day_key(at)), at - HANDOVER_WITHIN
    execute(
        [
            _tally(at, opened, 0, 0, amount),
            (
                _HANDOVER,
                [
                    receiver_id,
                    amount,
                    amount,
                    sender_id,
                    day(day_key(since)),
                    moment(since),
                    moment(at),
                ],
            ),
            (_LARGE, [transaction_id, today, amount, amount, today, LARGEST_KEPT_A_DAY - 1]),
        ]
    )


def _tally(at: datetime, opened: int, minted: int, burned: int, moved: int) -> Statement:
    day = connection.ops.adapt_datefield_value(day_key(at))
    return _TALLY, [day, opened, minted, burned, moved, BALANCE_MAX, BALANCE_MAX]
