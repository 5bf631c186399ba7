"""Sessions for an operator's own programs: short, renewed while they run, deleted when they end."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from typing import Protocol, cast

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.models import User
from django.db import DatabaseError

from dashboard import access
from dashboard.errors import DashboardError

logger = logging.getLogger(__name__)

LIFETIME = timedelta(minutes=15)
"""How long a session outlives a program that was killed."""


class NobodyToBe(DashboardError):
    """There is no active superuser (`name` None), no such user, or they may not view."""

    def __init__(self, *, name: str | None, exists: bool = False) -> None:
        super().__init__(f"cannot be {name!r}")
        self.name, self.exists = name, exists


class Session(Protocol):
    """A session as Django keeps it."""

    session_key: str

    def save(self) -> None:
        """Keep it for another `LIFETIME`; raises `UpdateError` when somebody ended it."""


def find_user(name: str | None) -> User:
    """Return the user called `name`, or else the first active superuser; raise `NobodyToBe`."""
    users = get_user_model().objects.order_by("pk")
    if name is None:
        user = users.filter(is_superuser=True, is_active=True).first()
    else:
        user = users.filter(username=name).first()
    if user is None or not access.may_view(user):
        raise NobodyToBe(name=name, exists=user is not None)
    return user


@contextmanager
def session_of(user: User) -> Iterator[Session]:
    """Sign `user` in without a password, on this database, until the block ends."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.set_expiry(int(LIFETIME.total_seconds()))
    session.create()
    try:
        yield cast(Session, session)
    finally:
        try:
            session.delete()
        except DatabaseError as error:
            logger.warning("the session ends by itself in %s: %s", LIFETIME, error)
