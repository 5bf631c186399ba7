"""The audit fails on a finding, and says when it could ask nobody."""

import sys

import pytest

from tests import audit

VULNERABLE = {
    "dependencies": [
        {"name": "django", "version": "5.2.0", "vulns": [{"id": "X-1", "fix_versions": ["5.2.1"]}]},
        {"name": "redis", "version": "7.0.0", "vulns": []},
        {"name": "other", "skip_reason": "not found"},
    ]
}


def test_a_finding_is_named_with_its_remedy_and_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.report("packages", *audit.python_findings(VULNERABLE)) == 1
    assert "2 packages looked up, 1 findings" in capsys.readouterr().out
    assert audit.python_findings(VULNERABLE)[1] == ["django 5.2.0: X-1, repaired in 5.2.1"]
    answer = {
        "vulnerabilities": {"uplot": {"range": "<2", "severity": "high"}},
        "metadata": {"dependencies": {"prod": 2}},
    }
    assert audit.javascript_findings(answer) == (2, ["uplot <2: high"])


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"dependencies": [{"name": "django", "skip_reason": "not found"}]},
        {"message": "405 Method Not Allowed", "error": {"summary": ""}},
    ],
)
def test_a_service_that_cannot_be_asked_fails_nothing_and_is_said(
    answer: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit.report("packages", *audit.python_findings(answer)) == 0
    assert audit.report("packages", *audit.javascript_findings(answer)) == 0
    assert capsys.readouterr().out.count("NOT DONE") == 2


def test_a_command_that_breaks_or_is_missing_answers_nothing() -> None:
    assert audit.ask([sys.executable, "-c", "raise SystemExit('no network')"]) == {}
    assert audit.ask(["there-is-no-such-command"]) == {}
    assert audit.ask([sys.executable, "-c", "print('[]')"]) == {}
