"""What the economy's tests share: request ids, one line a deed, the state of the whole bank."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

from django.db import connection

from dashboard.models import Event
from economy.models import Account, Claim, DayTally, Entry, Transaction
from economy.services import Correction, DailyClaim, Transfer, claim_daily, correct_balance
from economy.services import transfer as transfer_coins

ADA, NOOR, PELLE = 200_000_000_000_000_001, 200_000_000_000_000_002, 200_000_000_000_000_003


def new_request() -> str:
    return uuid.uuid4().hex


def give(member_id: int, amount: int) -> None:
    """Give a member an account with `amount` coins more than before."""
    if not Account.objects.filter(id=member_id).exists():
        claim(member_id)
        amount -= Account.objects.get(id=member_id).balance
    correct(member_id, amount)


def claim(member_id: int, **more: Any) -> DailyClaim:
    return claim_daily(**{"request_id": new_request(), "member_id": member_id, **more})


def transfer(sender_id: int, receiver_id: int, amount: int, **more: Any) -> Transfer:
    return transfer_coins(
        **{
            "request_id": new_request(),
            "sender_id": sender_id,
            "receiver_id": receiver_id,
            "amount": amount,
            **more,
        }
    )


def correct(account_id: int, amount: int, **more: Any) -> Correction:
    return correct_balance(
        **{
            "request_id": new_request(),
            "account_id": account_id,
            "amount": amount,
            "author": "maria",
            "reason": "test",
            **more,
        }
    )


def everything() -> list[Any]:
    """Return every row that the economy can write, to compare before and after."""
    models = (Account, Transaction, Entry, Claim, DayTally, Event)
    return [list(model._default_manager.order_by("pk").values()) for model in models]


def at_once(deeds: list[Callable[[], Any]]) -> list[Any]:
    """Do all of `deeds` in threads that start together; return results or what they raised."""
    results: list[Any] = [None] * len(deeds)
    start = threading.Barrier(len(deeds))

    def run(index: int) -> None:
        try:
            start.wait()
            results[index] = deeds[index]()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[index]) for index in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
