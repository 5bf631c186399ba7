"""The bank with several processes, killed at random moments: nothing is lost, made or doubled.

`BANK_SEED` repeats a run, `BANK_KILLS` makes it longer.
"""

import os
import random
import subprocess
import sys

import pytest

from dashboard_project.supervisor import die_with_parent
from economy.audit import reconcile
from economy.models import Transaction
from tests.economy.teller import MEMBERS, deed
from tests.environment import ROOT
from tests.web import database_url

TELLERS = 2


class Teller:
    """A running teller process and the answers that were read from it."""

    def __init__(self, seed: int) -> None:
        self.answers: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.economy.teller", str(seed)],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": database_url()},
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,
        )

    def listen(self, answers: int) -> None:
        """Wait for so many more answers."""
        assert self._process.stdout
        for _ in range(answers):
            line = self._process.stdout.readline()
            assert line, f"the teller ended by itself: {self._process.wait()}"
            self.answers.append(line.strip())

    def kill(self) -> None:
        """Kill it (SIGKILL), and read what it had been answered."""
        self._process.kill()
        rest, _ = self._process.communicate()
        self.answers += rest.split("\n")[:-1]


@pytest.mark.django_db(transaction=True)
def test_killing_tellers_at_random_moments_breaks_no_invariant():
    seed = int(os.environ.get("BANK_SEED", random.randrange(2**16)))
    kills = int(os.environ.get("BANK_KILLS", 2))
    print(f"BANK_SEED={seed} BANK_KILLS={kills}")
    choices = random.Random(seed)
    tellers = [Teller(seed * 100 + number) for number in range(TELLERS)]
    gone: list[Teller] = []
    try:
        for number in range(TELLERS, TELLERS + kills):
            victim = tellers.pop(choices.randrange(TELLERS))
            gone.append(victim)
            victim.listen(choices.randint(1, 40))
            victim.kill()
            assert reconcile().findings == []
            tellers.append(Teller(seed * 100 + number))
    finally:
        for teller in tellers:
            teller.kill()

    answers = [answer.split() for teller in gone + tellers for answer in teller.answers]
    done = {(request, reply) for request, kind, reply in answers if kind != "refused"}
    assert len({request for request, _ in done}) == len(done), "one request, two transactions"
    kept = dict(Transaction.objects.values_list("request_id", "id"))
    assert {(request, int(reply)) for request, reply in done} <= {
        (request_id.removeprefix("request "), id) for request_id, id in kept.items()
    }
    for request, reply in sorted(done)[:20]:
        assert deed(int(request)).split()[2] == reply
    report = reconcile()
    assert report.findings == []
    assert report.checked["accounts"] <= len(MEMBERS) + 2
