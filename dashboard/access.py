"""Who may do what. Decided here and nowhere else: pages, API, socket, admin and commands ask here.

Rights are Django's permissions. People get them through three groups, the roles below, which every
`manage.py migrate` makes to be what they are here; other groups are the site's own.
"""

import hashlib
from collections.abc import Collection, Iterable
from enum import Enum
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.contrib.sessions.models import Session
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare

Person = User | AnonymousUser

VIEWER, OPERATOR, STAFF = "Viewer", "Operator", "Staff"

_LOOK = {"dashboard.view_event"}
_OPERATE = {*_LOOK, "dashboard.operate_bot", "dashboard.export_events"}
_LOOK_AFTER = {
    *_OPERATE,
    "dashboard.administer",
    "dashboard.view_auditentry",
    "dashboard.view_botprocess",
    "dashboard.view_controlrequest",
    "auth.add_user",
    "auth.change_user",
    "auth.view_user",
    "auth.view_group",
}
ROLES = {VIEWER: _LOOK, OPERATOR: _OPERATE, STAFF: _LOOK_AFTER}


def add_rights(role: str, permissions: Iterable[str]) -> None:
    """Let `role` have `permissions` (`app.codename`) as well. Call it in `AppConfig.ready`."""
    ROLES[role] |= set(permissions)


def may_view(user: Person) -> bool:
    """Tell whether `user` may see the dashboard: active, and staff or allowed to view events."""
    return user.is_active and (user.is_staff or user.has_perm("dashboard.view_event"))


def who_may_view(users: Collection[User]) -> set[int]:
    """Return the ids of those of `users` to whom `may_view` says yes, many in one query."""
    by_role = get_user_model().objects.with_perm(
        "dashboard.view_event", backend="django.contrib.auth.backends.ModelBackend"
    )
    asked = [user.pk for user in users if not (user.is_staff or user.is_superuser)]
    found = set(by_role.filter(pk__in=asked).values_list("pk", flat=True)) if asked else set()
    return {user.pk for user in users if user.pk in found or may_view(user)}


def may_operate(user: Person) -> bool:
    """Tell whether `user` may use the control panel, which is part of what they may see."""
    return may_view(user) and user.has_perm("dashboard.operate_bot")


def may_export(user: Person) -> bool:
    """Tell whether `user` may take the log with them as CSV."""
    return may_view(user) and user.has_perm("dashboard.export_events")


def may_administer(user: Person) -> bool:
    """Tell whether `user` may enter the admin; what they find there is a matter of its rights."""
    return user.is_active and (user.is_staff or user.has_perm("dashboard.administer"))


def may_audit(user: Person) -> bool:
    """Tell whether `user` may read the audit log, and take it with them."""
    return may_administer(user) and user.has_perm("dashboard.view_auditentry")


def may_manage(user: Person, other: User) -> bool:
    """Tell whether `user` may change `other`, password and roles included.

    Nobody changes somebody who may do more than they may themselves: they could become them.
    """
    if user.is_active and user.is_superuser:
        return True
    if not user.has_perm("auth.change_user") or other.is_superuser or other.is_staff:
        return False
    given = Permission.objects.filter(Q(user=other) | Q(group__user=other))
    return _names(given) <= user.get_all_permissions()


def groups_to_give(user: Person) -> QuerySet[Group]:
    """Return the groups that `user` may put others into: those with no right they lack."""
    if user.is_active and user.is_superuser:
        return Group.objects.all()
    own = user.get_all_permissions()
    fitting = [group.pk for group in Group.objects.all() if _names(group.permissions.all()) <= own]
    return Group.objects.filter(pk__in=fitting)


def _names(permissions: QuerySet[Permission]) -> set[str]:
    found = permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in found}


def session_digest(session_key: str) -> str:
    """Return what names a session where its key must not be seen: anybody with the key is in."""
    return hashlib.sha256(session_key.encode()).hexdigest()


class Verdict(Enum):
    """What is to become of a socket: kept, or closed because its session or its right is gone."""

    ALLOWED = "allowed"
    ENDED = "ended"
    FORBIDDEN = "forbidden"


class Standing(NamedTuple):
    """Whose session it is, None where nobody's any more, and what becomes of its sockets."""

    user_id: int | None
    verdict: Verdict


def judge_sessions(session_keys: Iterable[str]) -> dict[str, Verdict]:
    """Look sessions, their users and permissions up again, all at once, as they are now."""
    return {key: standing.verdict for key, standing in look_up_sessions(session_keys).items()}


def look_up_sessions(session_keys: Iterable[str]) -> dict[str, Standing]:
    """Return for each of `session_keys` whose it is and whether they may look, as it is now.

    A session has ended when its row is gone or expired, its user is gone or disabled, their way to
    sign in is no longer one, or the password was changed since. Three queries, however many keys,
    and two more for each user who may not look.
    """
    wanted = set(session_keys)
    kept = Session.objects.filter(session_key__in=wanted, expire_date__gt=timezone.now())
    contents = {session.session_key: session.get_decoded() for session in kept}
    user_ids = {content[SESSION_KEY] for content in contents.values() if SESSION_KEY in content}
    users = {
        str(user.pk): user
        for user in get_user_model().objects.filter(pk__in=user_ids, is_active=True)
    }
    allowed = who_may_view(users.values())
    standings = dict.fromkeys(wanted, Standing(None, Verdict.ENDED))
    for key, content in contents.items():
        user = users.get(str(content.get(SESSION_KEY)))
        if user is not None and _is_signed_in(user, content):
            verdict = Verdict.ALLOWED if user.pk in allowed else Verdict.FORBIDDEN
            standings[key] = Standing(user.pk, verdict)
    return standings


def _is_signed_in(user: User, content: dict[str, Any]) -> bool:
    given = content.get(HASH_SESSION_KEY, "")
    return content.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS and (
        constant_time_compare(given, user.get_session_auth_hash())
    )
