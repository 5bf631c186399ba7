"""Who may do what. Decided here and nowhere else: pages, API, socket, admin and commands ask here.

Rights are Django's permissions. People get them through three groups, the roles below, which every
`manage.py migrate` makes to be what they are here; other groups are the site's own.
"""

import hashlib
from collections.abc import Iterable
from enum import Enum

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
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
