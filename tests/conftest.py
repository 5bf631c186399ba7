"""The fixtures of all tests: a broker, people, static files, a web process."""

from tests import environment

environment.load_django()  # before anything reads the settings

import shutil  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from contextlib import ExitStack  # noqa: E402
from typing import Any  # noqa: E402

import pytest  # noqa: E402
from django.contrib.auth.models import Permission, User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import override_settings  # noqa: E402
from pytest_django import DjangoDbBlocker  # noqa: E402

from tests.broker import Broker  # noqa: E402
from tests.environment import TEMPORARY  # noqa: E402
from tests.web import LiveWeb  # noqa: E402

# ---------------------------------------------------------------------------- the machinery


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what meets the database: only that is worth a run on each."""
    asked = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    if asked or item.get_closest_marker("django_db"):
        item.add_marker("database")


@pytest.fixture(scope="session", autouse=True)
def _broker_of_the_session() -> Iterator[Broker]:
    broker = Broker(TEMPORARY / "broker.sock")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def broker(_broker_of_the_session: Broker) -> Iterator[Broker]:
    """The real broker behind the channel layer; a test may stop it, and it runs again after."""
    yield _broker_of_the_session
    _broker_of_the_session.start()


@pytest.fixture(scope="session", autouse=True)
def _static_files() -> None:
    """Every page needs the names of the files; compressing them is only for those far away."""
    with override_settings(WHITENOISE_SKIP_COMPRESS_EXTENSIONS=["css", "js", "svg", "txt", "md"]):
        call_command("collectstatic", interactive=False, verbosity=0)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium. Without one: skip, or fail where REQUIRE_BROWSER=1."""
    import os

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        reason = "there is no chromium in PATH: apt-get install chromium"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """End what threads of the tests left open: PostgreSQL drops no database that is in use."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture(autouse=True)
def _nobody_at_work(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let threads end what they ask before the rows of the test are deleted.

    PostgreSQL would find a deadlock between them and the TRUNCATE, and end one or the other.
    """
    marker = request.node.get_closest_marker("django_db")
    if "transactional_db" in request.fixturenames or (marker and marker.kwargs.get("transaction")):
        request.getfixturevalue("transactional_db")  # to be done before it is
        yield
        if connection.vendor == "postgresql":
            _wait_for_the_others()
    else:
        yield


def _wait_for_the_others() -> None:
    others: list[tuple[str, ...]] = []
    for _ in range(300):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT state, query FROM pg_stat_activity WHERE datname = current_database()"
                " AND backend_type = 'client backend' AND state <> 'idle'"
                " AND pid <> pg_backend_pid()"
            )
            others = list(cursor)
        if not others:
            return
        time.sleep(0.05)  # PostgreSQL tells nobody when others have ended
    pytest.fail(f"somebody is at work in the database still: {others}")


# ---------------------------------------------------------------------------- people


def _user(name: str, *permissions: str, **fields: Any) -> User:
    user = User.objects.create_user(name, **fields)  # no password: hashing one takes 0.3 s
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )
    return user


@pytest.fixture
def viewer(db: None) -> User:
    """May look at the dashboard, and no more."""
    return _user("viewer", "dashboard.view_event")


@pytest.fixture
def staff(db: None) -> User:
    """May look at the dashboard and sign in to the admin."""
    return _user("staff", "dashboard.view_event", is_staff=True)


@pytest.fixture
def stranger(db: None) -> User:
    """Is signed in, and may nothing."""
    return _user("stranger")


@pytest.fixture
def admin(db: None) -> User:
    """May everything."""
    return User.objects.create_superuser("admin")


# ---------------------------------------------------------------------------- a web process


@pytest.fixture
def start_web(
    transactional_db: None, broker: Broker, request: pytest.FixtureRequest
) -> Iterator[Callable[..., LiveWeb]]:
    """Start web processes on the database of this test: `start_web(REPLAY_EVENTS_MAX="3")`.

    Each is a real Daphne, answers when the call returns, and is ended with the test.
    """
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(LiveWeb(settings))


@pytest.fixture
def live_web(start_web: Callable[..., LiveWeb]) -> LiveWeb:
    """A running web process: `live_web.url`, `live_web.cookie(user)`, `live_web.stop()`."""
    return start_web()


@pytest.fixture
def cookie(live_web: LiveWeb, staff: User) -> dict[str, str]:
    """What `staff` signed in with, as `live_web.cookie` returns it."""
    return live_web.cookie(staff)
