"""A machine of its own for what runs at full size: a new database, migrated, and a broker.

The bank test and the benchmarks start their processes with these variables: they touch neither a
developer's data nor each other's.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from tests.broker import Broker
from tests.environment import ROOT, SECRET_KEY, variables_of_example
from tests.postgres import private_cluster

DATABASES = ("sqlite", "postgres")


@contextmanager
def private_machine(database: str, *, fsync: bool = False) -> Iterator[dict[str, str]]:
    """Yield the environment of processes that share a new `database` (one of `DATABASES`).

    `fsync` makes PostgreSQL as safe, and as slow, as in production. A SIGTERM ends it all too.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="v"))  # short: a unix socket's path has 107 bytes
    cluster = (
        private_cluster(fsync=fsync)
        if database == "postgres"
        else nullcontext(f"sqlite:///{folder / 'private.sqlite3'}")
    )
    broker = Broker(folder / "broker.sock")
    try:
        with cluster as url:
            broker.start()
            settings = {
                "READ_DOTENV": "false",
                "DATA_DIR": str(folder / "data"),
                "DATABASE_URL": url,
                "REDIS_URL": f"unix://{broker.socket}",
                "SECRET_KEY": SECRET_KEY,
                "DJANGO_SETTINGS_MODULE": "dashboard_project.settings",
            }
            kept = {k: v for k, v in os.environ.items() if k not in variables_of_example()}
            environment = kept | settings
            migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
            subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
            yield environment
    finally:
        broker.stop()
        shutil.rmtree(folder)
