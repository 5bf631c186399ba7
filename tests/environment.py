"""What the suite runs in: the same whatever the machine, its `.env` or its data folder hold.

Imported by `tests/conftest.py` before Django reads its settings. Every process of pytest, so every
worker of xdist, gets folders, a broker and a database of its own.
"""

import atexit
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parent.parent
TEMPORARY = Path(tempfile.mkdtemp(prefix="v"))  # short: a unix socket's path has 107 bytes
atexit.register(shutil.rmtree, TEMPORARY, ignore_errors=True)
DATABASE_VARIABLE = "TEST_DATABASE_URL"
SECRET_KEY = (
    "only-for-tests-q7Yk2VvX9pR4mB1nT6wZ3cL8dF5gH0jS_aE-uI"  # what production takes for one
)


def variables_of_example() -> dict[str, str]:
    """Return the variables that `.env.example` names, with the defaults it tells."""
    text = (ROOT / ".env.example").read_text()
    return dict(re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", text, flags=re.MULTILINE))


def load_django() -> None:
    """Replace the settings in the environment by those of the suite, and load Django with them."""
    if "DJANGO_SETTINGS_MODULE" in os.environ:  # pytest-django has read the wrong ones already
        sys.exit("The tests make their own settings: unset DJANGO_SETTINGS_MODULE.")
    for name in variables_of_example():
        os.environ.pop(name, None)
    os.environ |= {
        "READ_DOTENV": "false",
        "DATA_DIR": str(TEMPORARY / "data"),
        "REDIS_URL": f"unix://{TEMPORARY / 'broker.sock'}",
        "SECRET_KEY": SECRET_KEY,
    }
    if DATABASE_VARIABLE in os.environ:
        os.environ["DATABASE_URL"] = os.environ[DATABASE_VARIABLE]
    os.environ["DJANGO_SETTINGS_MODULE"] = "dashboard_project.settings"
    django.setup()
    # A worker of xdist would inherit it, and with it our folders, before it comes here itself.
    del os.environ["DJANGO_SETTINGS_MODULE"]
