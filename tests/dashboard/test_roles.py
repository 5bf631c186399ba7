"""Who may do what: every address and every frame, for every role, against one table."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from dashboard import access
from dashboard.events import record_event
from dashboard.models import AuditEntry, Event, Guild
from dashboard.operator_session import NobodyToBe, find_user
from tests.dashboard.sockets import browser, status_of
from tests.economy.bank import ADA, claim
from tests.web import LiveWeb

pytestmark = pytest.mark.django_db

SOMETHING = 700_007
ROLES = ("anonymous", "nobody", "viewer", "operator", "staff", "superuser", "disabled")

# ---------------------------------------------------------------------------- the table
#
# The status of a GET, then of an empty POST, for each of ROLES. `in` leads to the sign-in, `->`
# elsewhere. It is about a row that exists, where such rows are made below.

READS = "405 405 405 405 405 405 405"
EVERYBODY = ("200 200 200 200 200 200 200", READS)
PAGE = ("in 403 200 200 200 200 in", READS)
EXPORT = ("in 403 403 200 200 200 in", READS)
API = ("401 403 200 200 200 200 401", READS)
ADMIN = ("in in in in 200 200 in", "in in in in 200 200 in")
ADMIN_READ = ("in in in in 200 200 in", "in in in in 405 405 in")
ADMIN_CSV = ("in in in in 200 200 in", "in in in in 403 403 in")
NEVER = ("in in in in 403 403 in", "in in in in 403 403 in")
SHOWN = ("in in in in 200 200 in", "in in in in 403 403 in")
MISSING = ("in in in in 404 404 in", "in in in in 404 404 in")
LEADS_ON = ("in in in in -> -> in", "in in in in -> -> in")
NOT_THERE = ("in in in in -> -> in", "in in in in 403 403 in")  # a row that is gone: to the index
SUPERUSERS = ("in in in in 403 200 in", "in in in in 403 200 in")

TABLE = {
    "": PAGE,
    "economy": PAGE,
    "events": PAGE,
    "events.csv": EXPORT,
    "events/<int:seq>": PAGE,
    "commands": PAGE,
    "guilds": PAGE,
    "guilds/<int:guild_id>": PAGE,
    "shards": PAGE,
    "api/commands": API,
    "api/guilds": API,
    "api/guilds/<int:guild_id>": API,
    "control": ("in 403 403 200 200 200 in", "in 403 403 400 400 400 in"),
    "api/stats": API,
    "api/stats/activity": API,
    "api/stats/latency": API,
    "api/events": API,
    "healthz": EVERYBODY,
    "readyz": EVERYBODY,
    "metrics": ("401 401 401 401 200 200 401", READS),
    "favicon.ico": ("-> -> -> -> -> -> ->", READS),
    "login/": ("200 -> -> -> -> -> 200", "200 -> -> -> -> -> 200"),
    "logout/": (READS, "in in in in in in in"),
    "password/": ("in 200 200 200 200 200 in", "in 200 200 200 200 200 in"),
    "admin/": ADMIN,
    "admin/login/": ("200 403 403 403 -> -> 200", "200 403 403 403 -> -> 200"),
    "admin/logout/": ("-> -> -> -> 405 405 ->", "-> -> -> -> in in ->"),
    "admin/password_change/": LEADS_ON,
    "admin/password_change/done/": ADMIN_READ,
    "admin/autocomplete/": ("in in in in 403 403 in", "in in in in 405 405 in"),
    "admin/jsi18n/": ADMIN_READ,
    "admin/r/<path:content_type_id>/<path:object_id>/": MISSING,
    "admin/^(?P<app_label>dashboard|auth|economy)/$": ADMIN,
    "admin/(?P<url>.*)$": MISSING,
    "admin/auth/user/": ADMIN,
    "admin/auth/user/add/": ADMIN,
    "admin/auth/user/<id>/password/": ADMIN,
    "admin/auth/user/<path:object_id>/": LEADS_ON,
    "admin/auth/user/<path:object_id>/change/": ADMIN,
    "admin/auth/user/<path:object_id>/history/": ADMIN,
    "admin/auth/user/<path:object_id>/delete/": SUPERUSERS,
    "admin/auth/group/": ADMIN,
    "admin/auth/group/add/": SUPERUSERS,
    "admin/auth/group/<path:object_id>/": LEADS_ON,
    "admin/auth/group/<path:object_id>/change/": (
        "in in in in 200 200 in",
        "in in in in 403 200 in",
    ),
    "admin/auth/group/<path:object_id>/history/": ADMIN,
    "admin/auth/group/<path:object_id>/delete/": SUPERUSERS,
    "admin/economy/account/<int:account_id>/correct/": ADMIN,
    "admin/economy/account/<int:account_id>/freeze/": ADMIN,
    "admin/economy/account/<int:account_id>/entries.csv": ("in in in in 200 200 in",) * 2,
}
EXPORTED = {"dashboard/auditentry", "economy/account", "economy/transaction", "economy/claim"}
EXISTING = {
    "dashboard/event",
    "dashboard/auditentry",
    "economy/account",
}  # what is asked for is there
READ_ONLY = EXPORTED | EXISTING | {"dashboard/botprocess", "dashboard/controlrequest"}
for model in READ_ONLY:
    there = model in EXISTING
    TABLE |= {
        f"admin/{model}/": ADMIN,
        f"admin/{model}/add/": NEVER,
        f"admin/{model}/<path:object_id>/": LEADS_ON,
        f"admin/{model}/<path:object_id>/change/": SHOWN if there else NOT_THERE,
        f"admin/{model}/<path:object_id>/history/": ADMIN if there else LEADS_ON,
        f"admin/{model}/<path:object_id>/delete/": NEVER,
    }
    if model in EXPORTED:
        TABLE[f"admin/{model}/export/"] = ADMIN_CSV


def routes(of: URLResolver, before: str = "") -> Iterator[str]:
    """Yield every route of the site, as its patterns are written."""
    for pattern in of.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from routes(pattern, route)


def address_of(route: str) -> str:
    """Return an address of the route, about something that is there if anything of its kind is."""
    known = {
        "admin/^(?P<app_label>dashboard|auth|economy)/$": "/admin/dashboard/",
        "admin/(?P<url>.*)$": "/admin/nothing/like/this/",
        "admin/r/<path:content_type_id>/<path:object_id>/": "/admin/r/999999/7/",
    }
    about = {
        "economy/account/": lambda: ADA,
        "dashboard/auditentry/": lambda: AuditEntry.objects.latest("pk").pk,
        "dashboard/event/": lambda: Event.objects.latest("seq").seq,
        "events/": lambda: Event.objects.latest("seq").seq,
    }
    number = next((find() for part, find in about.items() if part in route), SOMETHING)
    return known.get(route, "/" + re.sub(r"<[^>]+>", str(number), route))


@pytest.fixture
def people(db: None) -> dict[str, User]:
    """One of each, and what their addresses are about."""
    return populate()


def populate() -> dict[str, User]:
    """Make somebody of each of ROLES but `anonymous`, and what the addresses are about."""
    User.objects.create_user("somebody", pk=SOMETHING)
    Group.objects.create(pk=SOMETHING, name="Guests")
    claim(ADA)
    Guild.objects.create(id=SOMETHING, name="Harbour", seen_at=timezone.now())
    record_event(kind="test.happened", message="Something happened.")
    found = {"nobody": User.objects.create_user("nobody")}
    for role, group in zip(
        ("viewer", "operator", "staff", "disabled"),
        (access.VIEWER, access.OPERATOR, access.STAFF, access.STAFF),
        strict=True,
    ):
        found[role] = User.objects.create_user(f"a-{role}")
        found[role].groups.add(Group.objects.get(name=group))
    return found | {"superuser": User.objects.create_superuser("root")}


def client_of(people: dict[str, User], role: str) -> Client:
    client = Client()
    if role != "anonymous":
        client.force_login(people[role])
    if role == "disabled":
        User.objects.filter(pk=people[role].pk).update(is_active=False)
    return client


def seen(answer: Any) -> str:
    """Return what the table calls an answer."""
    if answer.status_code not in {301, 302, 303}:
        return str(answer.status_code)
    to = answer["Location"].partition("?")[0]
    return "in" if to in {"/login/", "/admin/login/"} else "->"


def test_every_address_of_the_site_is_in_the_table_and_no_other():
    assert set(routes(get_resolver())) == set(TABLE)


@pytest.mark.parametrize("role", ROLES)
def test_every_address_answers_each_role_as_the_table_says(people: dict[str, User], role: str):
    column = ROLES.index(role)
    wrong, client = [], client_of(people, role)
    for route, rows in sorted(TABLE.items()):
        for method, row in zip(("get", "post"), rows, strict=True):
            answer = seen(getattr(client, method)(address_of(route)))
            if answer != row.split()[column]:
                wrong.append(f"{method} {route}: {answer}, not {row.split()[column]}")
            if route.endswith("logout/"):
                client = client_of(people, role)
    assert wrong == []


# ---------------------------------------------------------------------------- sockets


@pytest.mark.django_db(transaction=True)
async def test_every_frame_is_answered_to_those_who_may_look_and_nobody_else(live_web: LiveWeb):
    def everybody() -> tuple[dict[str, User], dict[str, Any]]:
        found = {"nobody": User.objects.create_user("nobody")}
        for role, group in access.ROLES.items():
            found[role] = User.objects.create_user(f"a-{role}")
            found[role].groups.add(Group.objects.get(name=role))
            assert group
        found["superuser"] = User.objects.create_superuser("root")
        found["disabled"] = User.objects.create_user("gone", is_active=False)
        return found, {role: live_web.cookie(user) for role, user in found.items()}

    _, cookies = await sync_to_async(everybody)()
    assert await status_of(live_web, None, live_web.url) == 403
    assert await status_of(live_web, cookies["disabled"], live_web.url) == 403
    async with browser(live_web, cookies["nobody"]) as page:
        assert await page.close_code() == 4503
        assert page.frames == []
    for role in (*access.ROLES, "superuser"):
        async with browser(live_web, cookies[role]) as page:
            first = await page.receive()
            assert first["type"] == "STATS_UPDATE", role
            await page.send("PING", id=role)
            assert await page.receive_until("PONG") == {"id": role}
            await page.send("RESUME", epoch=first["data"]["stream"]["epoch"], after=0)
            assert (await page.receive_until("RESUMED"))["complete"], role
            await page.send("CONTROL", action="maintenance_on", reason="no such frame")
            assert (await page.receive_until("ERROR"))["code"] == "unknown_type", role


# ---------------------------------------------------------------------------- the roles


def rights(group: str) -> set[str]:
    held = Permission.objects.filter(group__name=group)
    return {f"{right.content_type.app_label}.{right.codename}" for right in held}


def test_the_database_has_the_roles_that_the_program_says():
    assert {name: rights(name) for name in access.ROLES} == access.ROLES
    viewer, operator, staff = (access.ROLES[name] for name in access.ROLES)
    assert viewer < operator < staff


def test_every_migrate_repairs_a_role_and_leaves_other_groups_alone():
    guests = Group.objects.create(name="Guests")
    guests.permissions.add(Permission.objects.get(codename="view_event"))
    viewer = Group.objects.get(name=access.VIEWER)
    viewer.permissions.add(Permission.objects.get(codename="delete_user"))
    Group.objects.get(name=access.STAFF).delete()
    call_command("migrate", verbosity=0)
    assert {name: rights(name) for name in access.ROLES} == access.ROLES
    assert rights("Guests") == {"dashboard.view_event"}


@pytest.mark.django_db(transaction=True)
def test_the_roles_are_there_after_a_flush():
    call_command("flush", interactive=False, verbosity=0)
    assert {name: rights(name) for name in access.ROLES} == access.ROLES


def test_a_command_is_nobody_who_may_not_look(people: dict[str, User]):
    assert find_user("a-viewer") == people["viewer"]
    User.objects.filter(username="a-disabled").update(is_active=False)
    for name in ("nobody", "a-disabled", "no such person"):
        with pytest.raises(NobodyToBe):
            find_user(name)


# ---------------------------------------------------------------------------- no way up


@pytest.fixture
def staff_client(people: dict[str, User]) -> Client:
    return client_of(people, "staff")


def change(user: User, **more: Any) -> dict[str, Any]:
    return {"username": user.username, "is_active": "on", **more}


def test_staff_make_nobody_more_than_they_are(people: dict[str, User], staff_client: Client):
    viewer = people["viewer"]
    may_delete = Permission.objects.get(codename="delete_user")
    powerful = Group.objects.create(name="Powerful")
    powerful.permissions.add(may_delete)
    form = change(viewer, is_superuser="on", is_staff="on", user_permissions=[may_delete.pk])
    address = f"/admin/auth/user/{viewer.pk}/change/"

    refused = staff_client.post(address, form | {"groups": [powerful.pk]})
    assert refused.status_code == 200  # that choice is not offered
    assert staff_client.post(address, form).status_code == 302
    viewer = User.objects.get(pk=viewer.pk)
    assert not viewer.is_superuser
    assert not viewer.is_staff
    assert not viewer.user_permissions.exists()
    assert not viewer.groups.filter(pk=powerful.pk).exists()


def test_staff_give_themselves_nothing(people: dict[str, User], staff_client: Client):
    mine = people["staff"]
    powerful = Group.objects.create(name="Powerful")
    powerful.permissions.add(Permission.objects.get(codename="delete_user"))
    staff_group = Group.objects.get(name=access.STAFF)
    address = f"/admin/auth/user/{mine.pk}/change/"
    right = Permission.objects.get(codename="change_group")
    beyond = {"is_superuser": "on", "is_staff": "on", "user_permissions": [right.pk]}
    before = mine.get_all_permissions()

    form = change(mine, groups=[staff_group.pk, powerful.pk]) | beyond
    assert staff_client.post(address, form).status_code == 200  # that group is not offered
    form = change(mine, groups=[staff_group.pk]) | beyond
    assert staff_client.post(address, form).status_code == 302
    for group in (staff_group, powerful):
        form = {"name": group.name, "permissions": [right.pk]}
        answer = staff_client.post(f"/admin/auth/group/{group.pk}/change/", form)
        assert answer.status_code == 403
    assert staff_client.post("/admin/auth/group/add/", {"name": "Mine"}).status_code == 403

    mine = User.objects.get(pk=mine.pk)
    assert (mine.is_superuser, mine.is_staff) == (False, False)
    assert mine.get_all_permissions() == before


HASHES = ("pbkdf2", "algorithm", "iterations", "salt", "id_password")


def test_staff_see_no_password_of_those_they_may_not_change_not_even_masked(
    people: dict[str, User], staff_client: Client
):
    people["superuser"].set_password("correct horse battery")
    people["superuser"].save()
    flagged = User.objects.create_user("flagged", password="correct horse battery", is_staff=True)
    for target in (people["superuser"], flagged):
        for page in ("change/", "history/"):
            answer = staff_client.get(f"/admin/auth/user/{target.pk}/{page}")
            assert answer.status_code == 200
            assert target.username in answer.content.decode()
            assert not [word for word in HASHES if word in answer.content.decode()]
    own = staff_client.get(f"/admin/auth/user/{people['viewer'].pk}/change/").content.decode()
    assert "id_password" in own
    root = client_of(people, "superuser")
    assert "id_password" in root.get(f"/admin/auth/user/{flagged.pk}/change/").content.decode()


@pytest.mark.parametrize("lookup", ["password__startswith", "groups__user__password__contains"])
def test_no_list_can_be_asked_for_part_of_a_password(
    people: dict[str, User], staff_client: Client, lookup: str
):
    for listed in ("user", "group"):
        answer = staff_client.get(f"/admin/auth/{listed}/", {lookup: "pbkdf2"})
        assert answer.status_code in {302, 400}


@pytest.mark.parametrize("disabled", [False, True])
def test_staff_take_over_nobody_who_may_more(
    people: dict[str, User], staff_client: Client, disabled: bool
):
    powerful = User.objects.create_user("powerful")
    powerful.user_permissions.add(Permission.objects.get(codename="delete_user"))
    flagged = User.objects.create_user("flagged", is_staff=True)
    User.objects.filter(pk__in=[powerful.pk, people["superuser"].pk]).update(is_active=not disabled)
    password = {"password1": "n3w and long", "password2": "n3w and long"}
    for target in (people["superuser"], powerful, flagged):
        before = User.objects.filter(pk=target.pk).values().get()
        for address, form in (
            ("change/", change(target, username="taken")),
            ("password/", password | {"usable_password": "true"}),
            ("delete/", {"post": "yes"}),
        ):
            answer = staff_client.post(f"/admin/auth/user/{target.pk}/{address}", form)
            assert answer.status_code == 403, (target, address)
        staff_client.post(
            "/admin/auth/user/",
            {"action": "delete_selected", "_selected_action": [target.pk], "post": "yes"},
        )
        assert User.objects.filter(pk=target.pk).values().get() == before


def test_staff_look_after_those_below_them(people: dict[str, User], staff_client: Client):
    viewer, operators = people["viewer"], Group.objects.get(name=access.OPERATOR)
    form = change(viewer, groups=[operators.pk])
    answer = staff_client.post(f"/admin/auth/user/{viewer.pk}/change/", form)
    assert answer.status_code == 302
    assert access.may_operate(User.objects.get(pk=viewer.pk))
    added = {
        "username": "new",
        "password1": "n3w and long",
        "password2": "n3w and long",
        "usable_password": "true",
    }
    assert staff_client.post("/admin/auth/user/add/", added).status_code == 302
    assert User.objects.filter(username="new", is_superuser=False).exists()


def test_not_even_a_superuser_changes_a_role(people: dict[str, User]):
    client = client_of(people, "superuser")
    role = Group.objects.get(name=access.VIEWER)
    for address in ("change/", "delete/"):
        answer = client.post(f"/admin/auth/group/{role.pk}/{address}", {"name": "x", "post": "yes"})
        assert answer.status_code == 403
    assert rights(access.VIEWER) == access.ROLES[access.VIEWER]
