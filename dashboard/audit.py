"""The one door to the audit log: who did what to what, from where, and what it was before.

An entry is written in the caller's transaction, so that an act and its entry commit or roll back
together. The database lets nobody change or delete one.
"""

import getpass
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import msgspec
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest
from django.utils import timezone

from dashboard.addresses import client_address
from dashboard.models import AuditEntry
from dashboard.text import clean, storable

STATE_MAX_BYTES = 16_384
_SECRET = re.compile(r"password|token|secret|session|cookie|credential|api.?key", re.IGNORECASE)


class Who(NamedTuple):
    """Somebody who acts: the name as it is now, the user's id, and the client's address.

    A management command has no user: its name is that of the account in the operating system.
    """

    name: str
    id: int | None = None
    address: str | None = None


def person(user: User | AnonymousUser, address: str | None) -> Who:
    """Return `user` at `address` as an actor; somebody who is not signed in has no name."""
    return Who(user.get_username(), user.pk, address)


def operator() -> Who:
    """Return whoever runs this process, for management commands."""
    try:
        return Who(f"os:{getpass.getuser()}")
    except (KeyError, OSError):  # an id without a name, as containers have
        return Who("os:unknown")


_request: ContextVar[HttpRequest | None] = ContextVar("audit_request", default=None)


@contextmanager
def request_of(request: HttpRequest) -> Iterator[None]:
    """Have what is recorded within be done by whoever sent `request`."""
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)


def current() -> Who:
    """Return who acts now: the sender of the request that runs, else whoever runs the process."""
    request = _request.get()
    return operator() if request is None else sender(request)


def sender(request: HttpRequest) -> Who:
    """Return who sent `request`."""
    user = getattr(request, "user", None) or AnonymousUser()
    return person(user, client_address(request))


def record(
    *,
    action: str,
    who: Who | None = None,
    target: str = "",
    reason: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> AuditEntry:
    """Write one entry in the caller's transaction; `who` acted, unless given `current()`.

    `action` is a dotted past-tense name (`account.frozen`), `target` says what it was done to.
    `before` and `after` are JSON objects of what was changed; values whose names sound secret are
    kept as "(hidden)", and a state beyond `STATE_MAX_BYTES` as its size only. Text is cleaned and
    cut to what a row holds.
    """
    who = current() if who is None else who
    return AuditEntry.objects.create(
        at=timezone.now(),
        actor=clean(who.name, 150),
        actor_id=who.id,
        address=who.address,
        action=action,
        target=clean(target, 200),
        reason=clean(reason, 500),
        before=_state(before),
        after=_state(after),
    )


def _state(value: dict[str, Any] | None) -> Any:
    if value is None:
        return None
    kept = storable(msgspec.to_builtins(_without_secrets(value), str_keys=True))
    size = len(msgspec.json.encode(kept))
    return kept if size <= STATE_MAX_BYTES else {"bytes": size}


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: "(hidden)" if _SECRET.search(str(key)) else _without_secrets(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_without_secrets(item) for item in value]
    return value
