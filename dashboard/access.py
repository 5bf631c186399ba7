"""Who may see what. Decided here and nowhere else: pages, API and socket ask these functions."""

import hashlib
from collections.abc import Iterable
from enum import Enum

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare


def may_view(user: User | AnonymousUser) -> bool:
    """Tell whether `user` may see the dashboard: active, and staff or allowed to view events."""
    return user.is_active and (user.is_staff or user.has_perm("dashboard.view_event"))


def session_digest(session_key: str) -> str:
    """Return what names a session where its key must not be seen: anybody with the key is in."""
    return hashlib.sha256(session_key.encode()).hexdigest()


class Verdict(Enum):
    """What is to become of a socket: kept, or closed because its session or its right is gone."""

    ALLOWED = "allowed"
    ENDED = "ended"
    FORBIDDEN = "forbidden"


def judge_sessions(session_keys: Iterable[str]) -> dict[str, Verdict]:
    """Look sessions, their users and permissions up again, all at once, as they are now.

    A session has ended when its row is gone or expired, its user is gone or disabled, or the
    password was changed since.
    """
    wanted = set(session_keys)
    kept = Session.objects.filter(session_key__in=wanted, expire_date__gt=timezone.now())
    contents = {session.session_key: session.get_decoded() for session in kept}
    user_ids = {content[SESSION_KEY] for content in contents.values() if SESSION_KEY in content}
    users = {str(user.pk): user for user in get_user_model().objects.filter(pk__in=user_ids)}
    verdicts = dict.fromkeys(wanted, Verdict.ENDED)
    for key, content in contents.items():
        user = users.get(str(content.get(SESSION_KEY)))
        if user is None or not user.is_active:
            continue
        current_hash = user.get_session_auth_hash()
        if constant_time_compare(content.get(HASH_SESSION_KEY, ""), current_hash):
            verdicts[key] = Verdict.ALLOWED if may_view(user) else Verdict.FORBIDDEN
    return verdicts
