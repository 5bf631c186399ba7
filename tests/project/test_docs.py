"""Documents lead somewhere, and name commands that exist."""

import re
from pathlib import Path

import pytest

from tests.environment import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def _headings(document: Path) -> set[str]:
    """The anchors of a document, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", document.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_within_the_repository_resolve(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name) if name else document
        if not target.exists() or (anchor and anchor not in _headings(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_make_targets_that_a_document_names_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = set(re.findall(r"(?:^|`|=\S+ )make ([a-z][a-z-]*)", document.read_text(), re.MULTILINE))
    assert named <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_of_manage_that_a_document_names_exist(document: Path) -> None:
    from django.core.management import get_commands

    named = set(re.findall(r"manage\.py ([a-z][a-z_]*)", document.read_text()))
    assert named <= set(get_commands()) | {"help"}


def test_the_pipeline_runs_what_the_readme_tells_to_run() -> None:
    (command,) = re.findall(r"^exec (.+)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert command == "make test"
    assert command in (ROOT / "README.md").read_text()


def test_decisions_are_numbered_without_a_gap_and_say_what_was_turned_down() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in files] == list(range(1, len(files) + 1))
    for path in files:
        for part in ("## Context", "## Decision", "## Turned down"):
            assert part in path.read_text(), f"{path.name} lacks {part}"


def test_operations_tells_of_every_close_code_and_of_every_metric_that_there_is() -> None:
    from dashboard.hub import codes

    text = (ROOT / "docs" / "operations.md").read_text()
    for name, code in vars(codes).items():
        assert not name.isupper() or f"| {code} |" in text, name
    source = (ROOT / "dashboard" / "metrics.py").read_text()
    named = set(re.findall(r'"(aurora_[a-z_]+)"', source))
    assert named
    assert not [name for name in named if name not in text]
    for address in re.findall(r"`(deploy/[\w./@-]+)`", text):
        assert (ROOT / address).exists(), address
