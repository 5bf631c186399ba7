"""What a process loads, and what it does not."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from dashboard_project.light import without
from tests.environment import ROOT, TEMPORARY


def test_a_package_is_hidden_only_meanwhile_and_only_if_it_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "aurora_in_hiding.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with without("aurora_in_hiding", "sys"):
        with pytest.raises(ImportError):
            import_module("aurora_in_hiding")
        assert import_module("sys") is sys
    assert import_module("aurora_in_hiding").__file__ == str(tmp_path / "aurora_in_hiding.py")


def test_a_web_process_loads_neither_discord_nor_twisteds_tls_nor_what_draws():
    code = (
        "import sys, django; django.setup()\n"
        "import dashboard.management.commands.runweb, dashboard_project.asgi\n"
        "print([name for name in ('discord', 'aiohttp', 'OpenSSL', 'rich') if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        env={
            "DJANGO_SETTINGS_MODULE": "dashboard_project.settings",
            "READ_DOTENV": "false",
            "DATA_DIR": str(TEMPORARY / "data"),
        },
        capture_output=True,
        text=True,
    )
    assert (found.stdout, found.stderr) == ("[]\n", "")
