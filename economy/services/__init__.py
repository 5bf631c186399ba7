"""What may happen to money. Every payment may be repeated: its `request_id` takes effect once.

A repetition writes nothing and returns an equal result whose `repeated` is true. Each service is
one database transaction with its event, retried when it lost a race (see `economy.requests`).
"""

from economy.services.corrections import Correction, correct_balance, set_frozen
from economy.services.daily import DailyClaim, claim_daily
from economy.services.transfers import Transfer, transfer

__all__ = [
    "Correction",
    "DailyClaim",
    "Transfer",
    "claim_daily",
    "correct_balance",
    "set_frozen",
    "transfer",
]
