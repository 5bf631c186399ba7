"""Ask the advisory services about what is pinned: `python -m tests.audit`, a part of `make check`.

A finding fails. A service that cannot be asked does not, for it says nothing about us; but that
nothing was asked is said, so that nobody takes silence for health.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from tests.environment import ROOT

PATIENCE_SECONDS = 180
PYTHON = [
    *(sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off"),
    *("--disable-pip", "--require-hashes", "--timeout", "10", "-r", "requirements/dev.txt"),
]
JAVASCRIPT = ["npm", "audit", "--json", "--omit=dev", "--fetch-retries=0"]


def ask(command: list[str]) -> dict[str, Any]:
    """Return what a service answered, an empty object when it could not be asked."""
    try:
        ended = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS
        )
        found = json.loads(ended.stdout)
    except (OSError, subprocess.TimeoutExpired, json.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def python_findings(answer: Mapping[str, Any]) -> tuple[int, list[str]]:
    """Return how many packages were looked up, and a line for each advisory about one."""
    looked_up = [one for one in answer.get("dependencies", []) if "skip_reason" not in one]
    findings = [
        f"{one['name']} {one['version']}: {advisory['id']},"
        f" repaired in {', '.join(advisory['fix_versions']) or 'no version yet'}"
        for one in looked_up
        for advisory in one["vulns"]
    ]
    return len(looked_up), findings


def javascript_findings(answer: Mapping[str, Any]) -> tuple[int, list[str]]:
    """Return how many packages were looked up, and a line for each that has an advisory."""
    if "vulnerabilities" not in answer:
        return 0, []
    count = answer.get("metadata", {}).get("dependencies", {}).get("prod", 0)
    return count, [
        f"{name} {one.get('range', '')}: {one.get('severity', 'unknown')}"
        for name, one in answer["vulnerabilities"].items()
    ]


def report(what: str, looked_up: int, findings: list[str]) -> int:
    """Print what was found out about `what`; return how many findings there are."""
    if not looked_up:
        print(f"audit: NOT DONE for {what}: the advisory service cannot be reached from here.")
    else:
        print(f"audit: {looked_up} {what} looked up, {len(findings)} findings")
    for finding in findings:
        print(f"audit:   {finding}")
    return len(findings)


def main() -> int:
    """Ask both services; return 1 when there is a finding."""
    found = report("Python packages", *python_findings(ask(PYTHON)))
    found += report("JavaScript packages", *javascript_findings(ask(JAVASCRIPT)))
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
