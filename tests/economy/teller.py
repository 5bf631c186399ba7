"""A process that works at the bank until it is killed: `python -m tests.economy.teller SEED`.

It repeats some of its own requests and those of others. Every answer it gets is printed, flushed:
what is printed was acknowledged, and may not be lost.
"""

import os
import random
import sys

import django

MEMBERS = range(300_000_000_000_000_000, 300_000_000_000_000_006)


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


def main(seed: int) -> None:
    """Do requests for ever: mostly new ones, sometimes one that somebody did before."""
    choices = random.Random(seed)
    number = seed * 1_000_000
    while True:
        number += 1
        again = choices.random() < 0.2
        print(deed(choices.randint(seed * 1_000_000, number) if again else number), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard_project.settings")
    django.setup()
    main(int(sys.argv[1]))
