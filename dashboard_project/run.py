"""`make run`: everything on this machine, with nothing configured.

Prepares the database, the static files and the user `admin`, then keeps the broker, the web
process, the bot and, where there is no token, an emulated Discord running until told to stop.
"""

import asyncio
import fcntl
import os
import secrets
import socket
import sys
from collections.abc import Awaitable, Callable

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard_project.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import CommandError, call_command  # noqa: E402
from django.db import connections  # noqa: E402

from botworker.emulator.snowflakes import token_for  # noqa: E402
from botworker.emulator.world import BOT_ID  # noqa: E402
from dashboard.management.commands.runweb import require_free_port  # noqa: E402
from dashboard.preflight import address, require_broker, require_database  # noqa: E402
from dashboard_project.supervisor import (  # noqa: E402
    Interrupted,
    Program,
    ProgramEnded,
    Supervisor,
)

BIND = "127.0.0.1"
EMBEDDED_BROKER = settings.REDIS_URL == f"unix://{settings.EMBEDDED_BROKER_SOCKET}"


def say(name: str, line: str) -> None:
    """Print a line of one of the programs."""
    print(f"{name:>7} | {line}", flush=True)


def progress(line: str) -> None:
    """Print a line of our own."""
    print(line, flush=True)


# ---------------------------------------------------------------------------- before the start


def claim_data_folder() -> None:
    """Keep DATA_DIR to ourselves until this process ends; raise `CommandError` if it is taken.

    Two of us would share the broker, the database and the name of the bot.
    """
    lock = os.open(settings.DATA_DIR / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CommandError(
            f"Aurora already runs from {settings.DATA_DIR}. Stop it, or name another folder:"
            " DATA_DIR=data2 PORT=8001 make run"
        ) from None


def prepare() -> str:
    """Make ready what the programs need; return the password of `admin`. Raises `CommandError`."""
    claim_data_folder()
    require_free_port(BIND, settings.PORT)
    if not EMBEDDED_BROKER:
        require_broker(settings.STARTUP_WAIT_SECONDS)
    require_database(migrated=False)
    progress("Bringing the database up to date ...")
    call_command("migrate", interactive=False, verbosity=0)
    progress("Collecting static files ...")
    call_command("collectstatic", interactive=False, verbosity=0)
    password = _keep_admin()
    connections.close_all()
    return password


def _kept_password() -> str:
    """Return the password in DATA_DIR, which the first start makes; nobody else may read it."""
    path = settings.DATA_DIR / "admin_password"
    path.touch(mode=0o600)
    password = path.read_text().strip()
    if not password:
        password = secrets.token_urlsafe(12)
        path.write_text(f"{password}\n")
    return password


def _keep_admin() -> str:
    """Let `admin` sign in with DEMO_ADMIN_PASSWORD or the kept password, and return which."""
    password = settings.DEMO_ADMIN_PASSWORD or _kept_password()
    admin = User.objects.filter(username="admin").first() or User(username="admin")
    admin.is_active = admin.is_staff = admin.is_superuser = True
    if not (admin.password and admin.check_password(password)):  # a new hash ends its sessions
        admin.set_password(password)
    admin.save()
    return password


# ---------------------------------------------------------------------------- the programs


def _manage(*arguments: str) -> list[str]:
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]


def _listens(*where: str | int) -> Callable[[], Awaitable[bool]]:
    """Return a check whether somebody takes connections at a (host, port) or a (path)."""

    async def check() -> bool:
        try:
            if len(where) == 1:
                _, writer = await asyncio.open_unix_connection(str(where[0]))
            else:
                _, writer = await asyncio.open_connection(str(where[0]), int(where[1]))
        except OSError:
            return False
        writer.close()
        return True

    return check


def _free_port() -> int:
    with socket.create_server((BIND, 0)) as server:
        return int(server.getsockname()[1])


def programs() -> list[Program]:
    """Return what is to run, in the order of starting."""
    wanted = []
    bot: dict[str, str] = {}
    if EMBEDDED_BROKER:
        ready = _listens(str(settings.EMBEDDED_BROKER_SOCKET))
        wanted.append(Program(name="broker", command=_manage("runbroker"), ready=ready))
    if not settings.DISCORD_TOKEN:
        port = _free_port()
        bot = {
            "DISCORD_TOKEN": token_for(BOT_ID),
            "DISCORD_API_URL": f"http://{BIND}:{port}/api/v10",
            "DISCORD_GATEWAY_URL": f"ws://{BIND}:{port}/",
        }
        command = _manage("rundiscord", "--port", str(port), "--token", token_for(BOT_ID))
        wanted.append(Program(name="discord", command=command, ready=_listens(BIND, port)))
    web = _manage("runweb", "--bind", BIND)
    wanted.append(Program(name="web", command=web, ready=_listens(BIND, settings.PORT)))
    wanted.append(Program(name="bot", command=_manage("runbot"), variables=bot))
    return wanted


def summary(password: str) -> str:
    """Return the block that tells where everything is."""
    emulated = not settings.DISCORD_TOKEN
    given = bool(settings.DEMO_ADMIN_PASSWORD)
    lines = [
        f"Aurora is up:  http://localhost:{settings.PORT}",
        "",
        "  user          admin",
        f"  password      {'the one in DEMO_ADMIN_PASSWORD' if given else password}",
        f"  discord       {'emulated, with members who play' if emulated else 'the real one'}",
        f"  broker        {'embedded' if EMBEDDED_BROKER else address(settings.REDIS_URL)}",
        f"  database      {_database()}",
    ]
    if emulated:
        lines += ["", "  your own bot  DISCORD_TOKEN=your-token make run   (or a line in .env)"]
    lines += ["", "  Ctrl-C stops everything."]
    rule = "-" * max(map(len, lines))
    return "\n".join(["", rule, *lines, rule, ""])


def _database() -> str:
    found = connections["default"].settings_dict
    if connections["default"].vendor == "sqlite":
        return f"SQLite, {found['NAME']}"
    return f"PostgreSQL, {found['NAME']} on {found['HOST'] or 'this machine'}"


# ---------------------------------------------------------------------------- the run


async def run(password: str) -> None:
    """Start everything, tell where it is, and keep it running until a signal."""
    async with Supervisor(say) as supervisor:
        for program in programs():
            progress(f"Starting {program.name} ...")
            await supervisor.start(program)
        progress(summary(password))
        await supervisor.until_stopped()
        progress("Stopping ...")


def main() -> int:
    """Run; return the exit status, 0 when it was asked to stop."""
    try:
        asyncio.run(run(prepare()))
    except CommandError as error:
        print(f"aurora: {error}", file=sys.stderr)
        return 1
    except ProgramEnded as error:
        print(f"aurora: {error} did not start; its last lines tell why.", file=sys.stderr)
        return 1
    except (Interrupted, KeyboardInterrupt):
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
