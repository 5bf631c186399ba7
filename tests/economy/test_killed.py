"""The bank with several processes, killed at random moments: nothing is lost, made or doubled.

`BANK_SEED` repeats a run; `make bank` is the same at full size.
"""

import os
import random

import pytest

from tests.economy.traffic import Bank, Plan


@pytest.mark.django_db(transaction=True)
def test_killing_tellers_at_random_moments_breaks_no_invariant():
    seed = int(os.environ.get("BANK_SEED", random.randrange(2**16)))
    print(f"BANK_SEED={seed}")
    plan = Plan(
        seed=seed,
        operations=120,
        processes=2,
        audit_every_operations=20,
        kill_every_operations=35 + seed % 20,
    )
    outcome = Bank(plan).run()
    assert outcome.violations == []
    assert outcome.kills >= 1
    assert outcome.operations >= plan.operations
    assert outcome.reads + outcome.refused < outcome.operations, "nothing was ever done"
