"""What the benchmarks make of what they measure: nothing is compared that was not side by side."""

import subprocess
import sys
from types import ModuleType
from typing import Any, cast

import pytest

from benchmarks.fanout import Round, ratios, report
from tests.environment import ROOT


class Driver:
    """The part of the driver that counts."""

    @staticmethod
    def count_violations(rounds: list[Round], names: list[str]) -> dict[str, dict[str, int]]:
        return {
            name: {"lost": sum(r.get("lost", 0) for each in rounds for r in each[name].values())}
            for name in names
        }


def told(capsys: pytest.CaptureFixture[str], *rounds: Round) -> tuple[int, list[str]]:
    status = report(cast(ModuleType, Driver), list(rounds), ["variant"])
    return status, capsys.readouterr().out.splitlines()


def w8(rate: float, **more: Any) -> dict[str, dict[str, Any]]:
    return {"w8": {"deliveries_per_s": rate * 1000, "deliveries": 10, **more}}


def test_a_ratio_is_of_figures_of_one_round():
    assert ratios([10, None, 30], [5, 7, None]) == "2.00 (2.00-2.00, n=1)"
    assert ratios([10, 20, 40], [10, 10, 10]) == "2.00 (1.00-4.00, n=3)"
    assert ratios([None], [1]) == "-"


def test_what_was_overloaded_or_the_clients_own_limit_is_marked(
    capsys: pytest.CaptureFixture[str],
):
    status, lines = told(
        capsys,
        {"ours": w8(100, client_load=0.9), "bun": w8(50, overload=True)},
        {"ours": w8(300, client_load=0.5), "bun": w8(100)},
    )
    (row,) = [line for line in lines if line.startswith("8 outstanding ")]
    assert row.split() == [
        "8",
        "outstanding",
        "k/s",
        "200.0?",
        "75.0!",
        "2.50",
        "(2.00-3.00,",
        "n=2)",
    ]
    assert status == 0
    assert any(line.startswith("ours: 20 frames") and "at most at 90%" in line for line in lines)


def test_a_round_that_could_not_be_measured_costs_no_other_and_is_a_failure(
    capsys: pytest.CaptureFixture[str],
):
    status, lines = told(capsys, {"ours": {}, "bun": w8(50)}, {"ours": w8(100), "bun": w8(100)})
    assert status == 1
    assert any("1.00 (1.00-1.00, n=1)" in line for line in lines)
    assert any(line.startswith("ours:") and "1 rounds not measured" in line for line in lines)


@pytest.mark.parametrize(("name", "status"), [("ours", 1), ("variant", 1), ("bun", 0)])
def test_what_ours_or_a_variant_lost_is_a_failure(
    capsys: pytest.CaptureFixture[str], name: str, status: int
):
    each = {key: w8(100) for key in ("ours", "variant", "bun")}
    each[name] = w8(100, lost=1)
    assert told(capsys, each)[0] == status


def test_the_loop_is_measured_beside_bare_sends():
    command = [sys.executable, "-m", "benchmarks.loop", "--sockets", "20", "--turns", "3"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    rows = [line for line in ended.stdout.splitlines() if line.startswith(("bare", "the hub"))]
    assert rows[0].split()[-2] == "1.00"
    assert len(rows) == 3
