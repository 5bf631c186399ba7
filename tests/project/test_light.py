"""What a process loads, and what it does not."""

import subprocess
import sys

import pytest

from dashboard_project.light import without
from tests.environment import ROOT, TEMPORARY


def test_a_package_is_hidden_only_meanwhile_and_only_if_it_is_not_loaded():
    with without("colorsys", "sys"):
        with pytest.raises(ImportError):
            import colorsys  # noqa: F401 - loaded nowhere else
        import sys as still

        assert still is sys
    assert "colorsys" not in sys.modules


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
