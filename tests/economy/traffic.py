"""The bank at work: several tellers at once, some of them killed, everything read in between.

In the manner of Jepsen's bank test: whatever the tellers do, at every read no coin is missing, none
is new, and nobody owes; what was acknowledged is there, once.
"""

import os
import queue
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import monotonic

from dashboard_project.supervisor import die_with_parent
from economy.audit import reconcile
from economy.audit.money import BALANCED
from economy.models import Transaction
from tests.economy.teller import deed
from tests.environment import ROOT
from tests.web import database_url

SILENCE_SECONDS = 120
AGAIN_MAX = 50


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is to be done, and how often a teller is killed (SIGKILL) and replaced."""

    seed: int
    operations: int
    processes: int = 8
    audit_every_operations: int = 1000
    kill_every_operations: int | None = None
    kill_every_seconds: float | None = None

    @property
    def kills(self) -> bool:
        """Whether tellers are killed at all."""
        return bool(self.kill_every_operations or self.kill_every_seconds)


@dataclass
class Outcome:
    """What was done, and all that was wrong."""

    operations: int = 0
    refused: int = 0
    retries: int = 0
    reads: int = 0
    audits: int = 0
    kills: int = 0
    seconds: float = 0.0
    violations: list[str] = field(default_factory=list)


Answers = queue.Queue[str | int]


class Teller:
    """A running teller process: each line it prints is put on `answers`, then its exit status."""

    def __init__(self, answers: Answers, *arguments: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.economy.teller", *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": database_url()},
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,
        )
        threading.Thread(target=self._listen, args=[answers], daemon=True).start()

    def kill(self) -> None:
        """Kill it (SIGKILL): what it was answered is still read."""
        self._process.kill()

    def _listen(self, answers: Answers) -> None:
        assert self._process.stdout
        with self._process.stdout as lines:
            for line in lines:
                if line.endswith("\n"):  # the last one of a killed process may be half a line
                    answers.put(line.strip())
        answers.put(self._process.wait())


class Bank:
    """Tellers at work as planned: `Bank(plan).run()`."""

    def __init__(self, plan: Plan) -> None:
        self.outcome = Outcome()
        self._plan = plan
        self._choices = random.Random(plan.seed)
        self._answers: Answers = queue.Queue()
        self._acknowledged: dict[str, str] = {}
        self._hired = 0
        self._tellers = [self._hire() for _ in range(plan.processes)]

    def run(self) -> Outcome:
        """Work until the plan is fulfilled, then prove all of it; violations are in the outcome."""
        started = monotonic()
        try:
            for _ in self._working():
                if self.outcome.operations % self._plan.audit_every_operations == 0:
                    self._audit()
        finally:
            for teller in self._tellers:
                teller.kill()
        self.outcome.seconds = monotonic() - started
        self._prove()
        return self.outcome

    def _hire(self) -> Teller:
        number, self._hired = self._plan.seed * 10_000 + self._hired, self._hired + 1
        share = [] if self._plan.kills else [self._plan.operations // self._plan.processes]
        return Teller(self._answers, number, *share)

    def _working(self) -> Iterator[None]:
        """Take every answer, also the last ones of the killed; kill when it is time to."""
        plan, outcome = self._plan, self.outcome
        next_kill = monotonic() + (plan.kill_every_seconds or 0)
        ended = 0
        while ended < self._hired:
            answer = self._answers.get(timeout=SILENCE_SECONDS)
            if isinstance(answer, int):
                ended += 1
                if answer not in {0, -signal.SIGKILL}:
                    raise RuntimeError(f"a teller ended by itself, with status {answer}")
                continue
            self._take(answer)
            yield
            if not plan.kills:
                continue
            if outcome.operations >= plan.operations:
                for each in self._tellers:
                    each.kill()
            elif (
                monotonic() >= next_kill
                if plan.kill_every_seconds
                else outcome.operations % (plan.kill_every_operations or 1) == 0
            ):
                next_kill = monotonic() + (plan.kill_every_seconds or 0)
                outcome.kills += 1
                self._tellers.pop(self._choices.randrange(plan.processes)).kill()
                self._tellers.append(self._hire())

    def _take(self, line: str) -> None:
        request, kind, reply, retries = line.split()
        self.outcome.operations += 1
        self.outcome.retries += int(retries)
        if kind == "read":
            self.outcome.reads += 1
            if reply != "sound":
                self.outcome.violations.append(f"a read found {reply}")
        elif kind == "refused":
            self.outcome.refused += 1
        elif self._acknowledged.setdefault(request, reply) != reply:
            self.outcome.violations.append(f"request {request} was done twice")

    def _audit(self) -> None:
        """Read every entry at one moment, beside the traffic."""
        self.outcome.audits += 1
        self.outcome.violations += map(str, reconcile(BALANCED).findings)

    def _prove(self) -> None:
        kept = dict(Transaction.objects.values_list("request_id", "id"))
        for request, reply in self._acknowledged.items():
            if kept.get(f"request {request}") != int(reply):
                self.outcome.violations.append(f"request {request} was acknowledged and is lost")
        known = sorted(self._acknowledged)
        for request in self._choices.sample(known, min(AGAIN_MAX, len(known))):
            if deed(int(request)).split()[2] != self._acknowledged[request]:
                self.outcome.violations.append(f"request {request} was not answered the same again")
        self.outcome.violations += map(str, reconcile().findings)
