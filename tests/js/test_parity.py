"""The page says the same before and after JavaScript took over.

One fixture, read here and by `parity.test.js`.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from dashboard import latency
from dashboard.lamp import lamp
from dashboard.templatetags.charts import step_name, trend
from dashboard.templatetags.feed import fold
from dashboard.templatetags.figures import figure, megabytes, milliseconds
from dashboard.templatetags.lamp import page_title
from economy.templatetags.money import day_scale, round_text


def cases(name: str) -> list[Any]:
    found = json.loads((Path(__file__).parent / "fixtures" / f"{name}.json").read_text())
    return [pytest.param(case, id=str(case.get("name", at))) for at, case in enumerate(found)]


@pytest.mark.parametrize("case", cases("rows"))
def test_the_feed_is_folded_and_worded_as_the_browser_does_it(case: dict[str, Any]) -> None:
    assert fold(case["events"]) == case["rows"]


@pytest.mark.parametrize("case", cases("lamp"))
def test_the_lamp_is_derived_as_the_browser_does_it(case: dict[str, Any]) -> None:
    assert lamp(case["stats"]) == case["links"]
    assert page_title(case["stats"], "Overview") == case["title"]


@pytest.mark.parametrize("case", cases("figures"))
def test_a_figure_is_written_as_the_browser_does_it(case: dict[str, Any]) -> None:
    value = case["value"]
    assert figure(value) == case["figure"]
    assert milliseconds(value) == case["milliseconds"]
    assert megabytes(value) == case["megabytes"]


@pytest.mark.parametrize("case", cases("trends"))
def test_the_trend_is_drawn_as_the_browser_does_it(case: dict[str, Any]) -> None:
    assert trend(case["points"]) == {"line": case["line"], "area": case["area"]}


@pytest.mark.parametrize("case", cases("unusual"))
def test_what_is_out_of_the_ordinary_is_found_as_the_browser_does_it(case: dict[str, Any]) -> None:
    assert [list(found) for found in latency.unusual(case["points"])] == case["unusual"]


@pytest.mark.parametrize("case", cases("steps"))
def test_a_step_is_called_as_the_browser_does_it(case: dict[str, Any]) -> None:
    assert step_name(case["at"], case["range"]) == case["step"]


@pytest.mark.parametrize("case", cases("rounds"))
def test_how_far_the_proof_of_the_ledger_is(case):
    assert round_text(case) == case["text"]


@pytest.mark.parametrize("case", cases("scales"))
def test_the_scale_of_the_bars_is_told_as_the_browser_does_it(case: dict[str, Any]) -> None:
    assert day_scale(case["days"], ",".join(case["names"])) == case["text"]
