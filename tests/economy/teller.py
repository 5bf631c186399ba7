"""A process that works at the bank: `python -m tests.economy.teller SEED [OPERATIONS]`.

It transfers and claims, repeats some of its own requests and those of others, and reads all
balances in between. Every answer it gets is printed, flushed: what is printed was acknowledged, and
may not be lost. Without a number of operations it works until it is killed.
"""

import logging
import os
import random
import sys
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import django

MEMBERS = range(300_000_000_000_000_000, 300_000_000_000_000_006)
REQUESTS_OF_A_TELLER = 1_000_000
START = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=10)
"""The teller's clock moves so far with each new request, so that there is always a day to claim."""


class Retries(logging.Handler):
    """Counts how often the economy tried again because it had lost a race."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1


def deed(number: int) -> str:
    """Do request `number`, the same in every process, and return what it answered."""
    from economy.errors import EconomyError
    from economy.services import claim_daily, transfer

    choices = random.Random(number)
    sender, receiver = choices.sample(MEMBERS, 2)
    try:
        if choices.random() < 0.2:
            done = claim_daily(request_id=f"request {number}", member_id=sender)
            return f"{number} claim {done.transaction_id}"
        sent = transfer(
            request_id=f"request {number}",
            sender_id=sender,
            receiver_id=receiver,
            amount=choices.randint(1, 60),
        )
    except EconomyError as error:
        return f"{number} refused {type(error).__name__}"
    return f"{number} transfer {sent.transaction_id}"


def read() -> str:
    """Read every balance at one moment; return `0 read sound`, or what is wrong."""
    from economy.models import Account

    balances = list(Account.objects.values_list("id", "system", "balance"))
    total = sum(balance for _, _, balance in balances)
    below = [id for id, system, balance in balances if not system and balance < 0]
    return f"0 read {f'sum={total},below={below}' if total or below else 'sound'}".replace(
        " [", "["
    )


def main(seed: int, operations: int | None = None) -> None:
    """Do requests: mostly new ones, sometimes one that somebody did before, sometimes a read."""
    choices = random.Random(seed)
    first = number = seed * REQUESTS_OF_A_TELLER
    retries = Retries()
    logger = logging.getLogger("economy.requests")
    logger.setLevel(logging.INFO)
    logger.addHandler(retries)
    logger.propagate = False
    done = 0
    with patch("django.utils.timezone.now", lambda: START + STEP * (number - first)):
        while operations is None or done < operations:
            done += 1
            if choices.random() < 0.1:
                answer = read()
            elif choices.random() < 0.2:
                answer = deed(choices.randint(first, number))
            else:
                number += 1
                answer = deed(number)
            print(answer, retries.count, flush=True)
            retries.count = 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard_project.settings")
    django.setup()
    main(*map(int, sys.argv[1:]))
