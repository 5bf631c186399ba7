"""What becomes of people is kept in the audit log, and their roles are what `access` says.

Told by Django's signals, whichever door a change came through: the admin, a command, a shell.
"""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.contrib.auth.models import Group, Permission, User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models import Model
from django.db.models.signals import (
    m2m_changed,
    post_migrate,
    post_save,
    pre_delete,
    pre_save,
)
from django.http import HttpRequest

from dashboard import access, audit
from dashboard.addresses import client_address

MEMBERS_KEPT = 200

_FIELDS = {
    User: ("username", "first_name", "last_name", "email", "is_active", "is_staff", "is_superuser"),
    Group: ("name",),
}
_LISTS = {User.groups.through, User.user_permissions.through, Group.permissions.through}


def connect() -> None:
    """Begin to listen; called once, when the apps are ready."""
    user_logged_in.connect(_signed_in)
    user_logged_out.connect(_signed_out)
    user_login_failed.connect(_refused)
    for model in _FIELDS:
        pre_save.connect(_before_saving, sender=model)
        post_save.connect(_saved, sender=model)
        pre_delete.connect(_deleted, sender=model)
    for through in _LISTS:
        m2m_changed.connect(_list_changed, sender=through)
    post_migrate.connect(_make_roles)


# ---------------------------------------------------------------------------- signing in and out


def _signed_in(request: HttpRequest, user: User, **_: Any) -> None:
    audit.record(
        action="session.signed_in",
        who=audit.person(user, client_address(request)),
        target=_target(user),
    )


def _signed_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        audit.record(
            action="session.signed_out",
            who=audit.person(user, client_address(request)),
            target=_target(user),
        )


def _refused(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    """Keep whom somebody tried to be; what nobody is called may be a password, and is not kept."""
    if getattr(request, "axes_locked_out", None):
        return  # told once, when the lock fell
    known = User.objects.filter(username=str(credentials.get("username", ""))[:150]).first()
    address = client_address(request) if request is not None else None
    audit.record(
        action="session.refused",
        who=audit.Who("", None, address),
        target=_target(known) if known else "nobody of that name",
    )


# ---------------------------------------------------------------------------- changes


def _before_saving(instance: Any, raw: bool, **_: Any) -> None:
    model = type(instance)
    stored = None if raw or instance.pk is None else model.objects.filter(pk=instance.pk).first()
    instance._before = stored


def _saved(
    instance: Any, raw: bool, created: bool, update_fields: frozenset[str] | None, **_: Any
) -> None:
    before: Any = instance.__dict__.pop("_before", None)
    if raw:
        return
    word = type(instance).__name__.lower()
    fields = [
        name for name in _FIELDS[type(instance)] if update_fields is None or name in update_fields
    ]
    if created:
        audit.record(
            action=f"{word}.added", target=_target(instance), after=_values(instance, fields)
        )
        return
    if before is None:
        return
    changed = [name for name in fields if getattr(before, name) != getattr(instance, name)]
    if changed:
        audit.record(
            action=f"{word}.changed",
            target=_target(before),
            before=_values(before, changed),
            after=_values(instance, changed),
        )
    # Django saves the password alone when it hashes the same one better, at a sign-in.
    if update_fields is None and getattr(before, "password", "") != getattr(
        instance, "password", ""
    ):
        audit.record(action=f"{word}.password_changed", target=_target(instance))


def _deleted(instance: Any, **_: Any) -> None:
    """Keep whoever goes, with what goes with them."""
    before = _values(instance, _FIELDS[type(instance)])
    if isinstance(instance, Group):
        members = instance.user_set.order_by("username")[:MEMBERS_KEPT]
        before |= {"permissions": _list(instance, "permissions")}
        before |= {"members": [user.username for user in members]}
    else:
        before |= {name: _list(instance, name) for name in ("groups", "user_permissions")}
    audit.record(
        action=f"{type(instance).__name__.lower()}.deleted",
        target=_target(instance),
        before=before,
    )


def _list_changed(
    instance: Any, action: str, reverse: bool, model: type[Model], pk_set: set[int] | None, **_: Any
) -> None:
    """Keep which groups or rights somebody had, and has now.

    `instance` is whose list it is; or, if `reverse`, what lists of the holders in `pk_set` are
    given or lose, all who have it if that is None.
    """
    kept: dict[Any, list[str]] = instance.__dict__.setdefault("_lists_before", {})
    holder_model = model if reverse else type(instance)
    item_model = type(instance) if reverse else model
    name = "groups" if item_model is Group else "permissions"
    attribute = "user_permissions" if (holder_model, name) == (User, "permissions") else name
    if action.startswith("pre_"):
        holders = [instance]
        if reverse:
            wanted = {attribute: instance} if pk_set is None else {"pk__in": pk_set}
            holders = list(holder_model._default_manager.filter(**wanted))
        kept.update({holder: _list(holder, attribute) for holder in holders})
        return
    for holder, before in kept.items():
        now = _list(holder, attribute)
        if before != now:
            audit.record(
                action=f"{type(holder).__name__.lower()}.{name}_changed",
                target=_target(holder),
                before={name: before},
                after={name: now},
            )
    kept.clear()


def _list(holder: Any, attribute: str) -> list[str]:
    return sorted(_label(item) for item in getattr(holder, attribute).all())


def _values(instance: Any, fields: Any) -> dict[str, Any]:
    return {name: getattr(instance, name) for name in fields}


def _label(item: Any) -> str:
    if isinstance(item, Permission):
        return f"{item.content_type.app_label}.{item.codename}"
    return str(item.name)


def _target(of: Any) -> str:
    return f"user {of.username}" if isinstance(of, User) else f"group {of.name}"


# ---------------------------------------------------------------------------- roles


def _make_roles(app_config: AppConfig, using: str, apps: Any = installed, **_: Any) -> None:
    """Let each role have exactly the rights of this app that `access` gives it.

    After every migration, since the permissions of an app are made only then.
    """
    try:
        apps.get_model("auth", "Permission")
    except LookupError:  # the tables are not there: migrated back to nothing
        return
    label = app_config.label
    Group.objects.using(using).bulk_create(
        [Group(name=name) for name in access.ROLES], ignore_conflicts=True
    )
    through = Group.permissions.through
    for name, rights in access.ROLES.items():
        group = Group.objects.using(using).get(name=name)
        codenames = {right.partition(".")[2] for right in rights if right.startswith(f"{label}.")}
        of_app = Permission.objects.using(using).filter(content_type__app_label=label)
        wanted = set(of_app.filter(codename__in=codenames).values_list("pk", flat=True))
        held = through._default_manager.using(using).filter(
            group=group, permission__content_type__app_label=label
        )
        held.exclude(permission_id__in=wanted).delete()
        through._default_manager.using(using).bulk_create(
            [through(group_id=group.pk, permission_id=pk) for pk in wanted], ignore_conflicts=True
        )
