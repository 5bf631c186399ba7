"""Who may import whom: docs/architecture.md draws it, this test holds it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.environment import ROOT

APPS = ("dashboard", "economy", "botworker", "dashboard_project")

# The folder or file on the left may not import what stands on the right.
FORBIDDEN = [
    ("dashboard", {"economy", "botworker", "dashboard_project", "discord"}),
    ("economy", {"botworker", "dashboard_project", "discord", "channels", "channels_redis"}),
    ("botworker", {"dashboard_project", "channels", "channels_redis"}),
    ("dashboard_project", {"discord"}),
    ("botworker/emulator", {"dashboard", "economy", "django", "discord", "asgiref"}),
]

# What lets somebody publish to the layer, or receive from it, and who may name it.
PUBLISHING = {"group_send"}
SUBSCRIBING = {"group_add", "group_discard", "new_channel"}


class Import(NamedTuple):
    path: Path
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line} imports {self.module}"


def modules(folder: str) -> list[Path]:
    return sorted(path for path in (ROOT / folder).rglob("*.py"))


def imports(path: Path) -> Iterator[Import]:
    """Every import of a module, also those within functions; relative ones made absolute."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(path, node.lineno, name.name)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            for name in node.names:
                yield Import(path, node.lineno, f"{module}.{name.name}")


def names_used(path: Path) -> set[str]:
    """Every name and attribute that the code of a module mentions; comments do not count."""
    tree = ast.walk(ast.parse(path.read_text()))
    return {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in tree
        if isinstance(node, ast.Attribute | ast.Name)
    }


def within(module: str, roots: set[str]) -> bool:
    return any(module == root or module.startswith(f"{root}.") for root in roots)


@pytest.mark.parametrize(("folder", "forbidden"), FORBIDDEN, ids=[row[0] for row in FORBIDDEN])
def test_imports_follow_the_directions(folder: str, forbidden: set[str]) -> None:
    found = [found for path in modules(folder) for found in imports(path)]
    assert found
    assert not [str(one) for one in found if within(one.module, forbidden)]


def test_the_emulated_discord_imports_nothing_of_ours_but_itself() -> None:
    ours = [
        one
        for path in modules("botworker/emulator")
        for one in imports(path)
        if within(one.module, set(APPS)) and not within(one.module, {"botworker.emulator"})
    ]
    assert not [str(one) for one in ours]


def test_only_the_command_and_the_runner_reach_into_the_emulated_discord() -> None:
    """The bot does not know whether its Discord is emulated, except by its address."""
    allowed = {
        ROOT / "botworker/management/commands/rundiscord.py",
        ROOT / "dashboard_project/run.py",
    }
    reaching = {
        one.path
        for app in APPS
        for path in modules(app)
        for one in imports(path)
        if within(one.module, {"botworker.emulator"})
        and ROOT / "botworker/emulator" not in path.parents
    }
    assert reaching <= allowed


def _using(names: set[str]) -> set[str]:
    return {
        str(path.relative_to(ROOT))
        for app in APPS
        for path in modules(app)
        if names & names_used(path)
    }


def test_only_the_publisher_sends_to_the_layer() -> None:
    assert _using(PUBLISHING) == {"dashboard/publisher.py"}


def test_only_the_dashboard_itself_uses_the_publisher() -> None:
    users = {
        one.path.relative_to(ROOT).as_posix()
        for app in APPS
        for path in modules(app)
        for one in imports(path)
        if within(one.module, {"dashboard.publisher"})
    }
    # events: what was recorded; services: frames that are not kept; apps: a session that ended;
    # control: a request to the bot; metrics: only its figures.
    assert users <= {
        "dashboard/apps.py",
        "dashboard/control.py",
        "dashboard/events.py",
        "dashboard/metrics.py",
        "dashboard/services.py",
    }
    assert "dashboard/events.py" in users


def test_only_the_hub_subscribes_to_the_layer() -> None:
    found = _using(SUBSCRIBING)
    assert found
    assert not [path for path in found if not path.startswith("dashboard/hub")]


def test_no_module_is_a_drawer_for_everything() -> None:
    names = {path.stem for app in APPS for path in modules(app)}
    assert not names & {"utils", "helpers", "misc", "common"}
