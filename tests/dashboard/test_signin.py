"""Who gets in, who is slowed down, and what a session is worth afterwards."""

from datetime import timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import time_machine
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.test import Client, RequestFactory, override_settings
from django.utils import timezone

from dashboard.access import Verdict, judge_sessions
from dashboard.addresses import client_address, neighbourhood
from dashboard.models import AuditEntry
from tests.dashboard.sockets import browser
from tests.web import LiveWeb

pytestmark = pytest.mark.django_db

PASSWORD, NEW = "correct horse battery", "n3w and long"
HOME, AWAY = "192.0.2.7", "198.51.100.9"
DOORS = ["/login/", "/admin/login/"]


class CountingHasher(PBKDF2PasswordHasher):
    """Hashes quickly, and counts."""

    iterations = 1
    hashed = 0

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        CountingHasher.hashed += 1
        return super().encode(password, salt, iterations)


@pytest.fixture(autouse=True)
def _hashes_quickly(settings: Any) -> None:
    """Hundreds of passwords are tried here; the real hash takes a third of a second."""
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]


@pytest.fixture
def maria(db: None) -> User:
    """The owner of a name that others guess at."""
    return User.objects.create_user("maria", password=PASSWORD, is_staff=True)


def knock(
    name: str = "maria",
    password: str = "wrong",
    *,
    address: str = HOME,
    door: str = "/login/",
    client: Client | None = None,
    **headers: Any,
) -> Any:
    client = client or Client()
    form = {"username": name, "password": password}
    return client.post(door, form, REMOTE_ADDR=address, **headers)


def lock(name: str = "maria", address: str = HOME) -> None:
    for _ in range(5):
        knock(name, address=address)


# ---------------------------------------------------------------------------- guessing


@pytest.mark.parametrize("door", DOORS)
def test_the_fifth_failure_locks_and_even_the_right_password_waits(maria: User, door: str):
    statuses = [knock(door=door).status_code for _ in range(6)]
    assert statuses == [200, 200, 200, 200, 429, 429]
    locked = knock(password=PASSWORD, door=door)
    assert locked.status_code == 429
    assert 0 < int(locked["Retry-After"]) <= 900
    assert "Wait 15 minutes" in locked.content.decode()
    assert "no-store" in locked["Cache-Control"]


def test_a_lock_at_one_door_is_a_lock_at_the_other(maria: User):
    lock()
    assert [knock(password=PASSWORD, door=door).status_code for door in DOORS] == [429, 429]


def test_guesses_from_elsewhere_do_not_lock_the_owner_out(maria: User):
    for number in range(60):
        knock(address=f"198.51.100.{number}")
    lock(address=AWAY)
    assert knock(password=PASSWORD, address=HOME).status_code == 302


def test_the_lock_falls_off_and_knocking_at_it_does_not_make_it_last(maria: User):
    now = timezone.now()
    with time_machine.travel(now, tick=False) as clock:
        lock()
        for _ in range(14):
            clock.shift(timedelta(minutes=1))
            assert knock(password=PASSWORD).status_code == 429
        assert "Wait 1 minute," in knock().content.decode()
        clock.shift(timedelta(minutes=1, seconds=1))
        assert knock(password=PASSWORD).status_code == 302


def test_one_address_does_not_try_many_names(maria: User):
    statuses = [knock(f"name{number}", address=AWAY).status_code for number in range(51)]
    assert statuses[48:] == [200, 429, 429]
    assert knock("maria", PASSWORD, address=AWAY).status_code == 429
    assert knock("maria", PASSWORD, address=HOME).status_code == 302


def test_all_addresses_of_one_ipv6_network_are_one(maria: User):
    for number in range(5):
        knock(address=f"2001:db8:0:1::{number:x}")
    assert knock(password=PASSWORD, address="2001:db8:0:1:ffff::1").status_code == 429
    assert knock(password=PASSWORD, address="2001:db8:0:2::1").status_code == 302


def test_another_browser_or_a_forged_address_does_not_help(maria: User):
    statuses = [
        knock(
            HTTP_USER_AGENT=f"agent {number}",
            HTTP_X_FORWARDED_FOR=f"203.0.113.{number}",
            HTTP_X_REAL_IP=f"203.0.113.{number}",
            HTTP_FORWARDED=f"for=203.0.113.{number}",
        ).status_code
        for number in range(6)
    ]
    assert statuses == [200, 200, 200, 200, 429, 429]


def test_a_success_forgets_the_failures_before_it(maria: User):
    for _ in range(3):
        for _ in range(4):
            assert knock().status_code == 200
        assert knock(password=PASSWORD).status_code == 302


def test_locks_of_guesses_are_kept_once_in_the_record_however_often_they_are_met(maria: User):
    lock()
    before = AuditEntry.objects.count()
    for _ in range(20):
        knock()
    assert AuditEntry.objects.count() == before
    kept = AuditEntry.objects.get(action="session.locked")
    assert (kept.actor, kept.address, kept.after) == ("", HOME, {"minutes": 15})


def test_what_counts_the_failures_does_not_grow(maria: User):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for number in range(40):
            knock(f"name{number}", HTTP_USER_AGENT=f"agent {number}")
        assert AccessAttempt.objects.count() == 40
        clock.shift(timedelta(minutes=16))
        knock(password=PASSWORD, address=AWAY)
        assert not AccessAttempt.objects.exists()
    assert not AccessLog.objects.exists()
    assert not AccessFailureLog.objects.exists()


@pytest.mark.parametrize(
    "name", ["x" * 5000, "", "a\x00b", "\u202emaria", "м" * 200, "%s%n", "'--"]
)
def test_no_name_is_too_strange_to_be_refused(name: str):
    assert {knock(name).status_code for _ in range(7)} <= {200, 429}


def test_neither_a_password_nor_a_name_is_kept_where_failures_are_counted(maria: User):
    knock(password="hunter2")
    row = AccessAttempt.objects.values().get()
    assert "hunter2" not in str(row)
    assert "maria" not in row["post_data"]


# ---------------------------------------------------------------------------- who is there


def refusal(name: str) -> tuple[int, str, int]:
    CountingHasher.hashed = 0
    answer = knock(name)
    text = answer.content.decode().replace(name, "NAME")
    text = text.replace(answer.wsgi_request.META["CSRF_COOKIE"], "")
    shown = [line for line in text.splitlines() if "csrfmiddlewaretoken" not in line]
    return answer.status_code, "\n".join(shown), CountingHasher.hashed


def test_the_answer_and_the_work_are_the_same_whether_somebody_is_there_or_not():
    User.objects.create_user("maria", password=PASSWORD)
    User.objects.create_user("sleeping", password=PASSWORD, is_active=False)
    answers = {refusal(name) for name in ("maria", "nobody-such", "sleeping")}
    assert len(answers) == 1, answers
    ((status, text, hashed),) = answers
    assert (status, hashed) == (200, 1)
    assert "correct" in text
    assert knock("sleeping", PASSWORD, address=AWAY).status_code == 200

    locked = [[knock(name).status_code for _ in range(5)] for name in ("maria", "nobody-such")]
    assert locked[0] == locked[1]


# ---------------------------------------------------------------------------- what follows


def test_a_session_gets_a_new_key_at_the_sign_in_so_that_nobody_can_plant_one(maria: User):
    planted = Client()
    planted.get("/login/")
    session = planted.session
    session["planted"] = "by somebody"
    session.save()
    planted.cookies["sessionid"] = str(session.session_key)
    knock(password=PASSWORD, client=planted)
    assert planted.session.session_key != session.session_key
    other = Client()
    other.cookies["sessionid"] = str(session.session_key)
    assert other.get("/").status_code == 302


FOREIGN = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "http:evil.example",
    "javascript:alert(1)",
    "https://testserver@evil.example/",
    "https://evil.example\\@testserver/",
    " https://evil.example",
    "\thttps://evil.example",
    "%2F%2Fevil.example",
    "\x00//evil.example",
]


def stays_here(answer: Any) -> bool:
    """Whether a browser at the sign-in stays on this site; a backslash is a slash to it."""
    to = answer.get("Location", "/").replace("\\", "/")
    return bool(urlsplit(urljoin("http://testserver/login/", to)).netloc == "testserver")


@pytest.mark.parametrize("target", FOREIGN)
@pytest.mark.parametrize("door", DOORS)
def test_no_sign_in_leads_away_from_here(maria: User, door: str, target: str):
    form = {"username": "maria", "password": PASSWORD, "next": target}
    for address in (door, f"{door}?next={target}"):
        answer = Client().post(address, form)
        assert answer.status_code == 302
        assert stays_here(answer)
    client = Client()
    client.force_login(maria)
    for address in (door, "/logout/", "/password/"):
        answer = client.get(f"{address}?next={target}")
        assert stays_here(answer), address
    answer = client.post(f"/logout/?next={target}", {"next": target})
    assert stays_here(answer)


def test_the_sign_in_leads_back_to_where_somebody_wanted_to_go(maria: User):
    form = {"username": "maria", "password": PASSWORD}
    assert Client().post("/login/?next=/economy", form)["Location"] == "/economy"
    assert Client().post("/admin/login/?next=/admin/auth/user/", form)["Location"] == (
        "/admin/auth/user/"
    )
    assert Client().post("/admin/login/", form)["Location"] == "/admin/"


def test_somebody_signed_in_without_the_right_is_told_so_and_not_asked_again(stranger: User):
    client = Client()
    client.force_login(stranger)
    assert client.get("/admin/", follow=True).status_code == 403
    assert client.get("/admin/login/?next=/admin/").status_code == 403


def test_a_new_password_ends_every_other_session_and_keeps_this_one(maria: User):
    here, there = Client(), Client()
    for client in (here, there):
        knock(password=PASSWORD, client=client)
    key = str(there.session.session_key)
    assert judge_sessions([key]) == {key: Verdict.ALLOWED}
    old_key = here.session.session_key
    form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert here.post("/password/", form)["Location"] == "/password/"
    assert here.get("/").status_code == 200
    assert here.session.session_key != old_key
    assert there.get("/").status_code == 302
    assert judge_sessions([key]) == {key: Verdict.ENDED}


@pytest.mark.django_db(transaction=True)
async def test_a_new_password_closes_the_sockets_of_other_sessions(start_web: Any):
    from asgiref.sync import sync_to_async

    web: LiveWeb = start_web(SOCKET_RECHECK_SECONDS="0.3")
    user = await sync_to_async(User.objects.create_user)("pelle", is_staff=True)
    cookie = await sync_to_async(web.cookie)(user)
    async with browser(web, cookie) as page:
        await page.receive()
        user.set_password("n3w and long")
        await user.asave()
        assert await page.close_code() == 4501


# ---------------------------------------------------------------------------- the address


def coming_from(address: str, forwarded: str | None = None) -> HttpRequest:
    request = RequestFactory().get("/", REMOTE_ADDR=address)
    if forwarded is not None:
        request.META["HTTP_X_FORWARDED_FOR"] = forwarded
    return request


CHAINS = [
    ("198.51.100.1", "203.0.113.5", "198.51.100.1"),  # not a proxy of ours: its word is nothing
    ("10.0.0.2", "203.0.113.5", "203.0.113.5"),
    ("10.0.0.2", "1.1.1.1, 203.0.113.5", "203.0.113.5"),  # 1.1.1.1 is what the client wrote
    ("10.0.0.2", "1.1.1.1, 203.0.113.5, 10.0.0.3", "203.0.113.5"),  # two proxies of ours
    ("10.0.0.2", "10.0.0.9, 203.0.113.5", "203.0.113.5"),  # pretends to be a proxy itself
    ("10.0.0.2", None, "10.0.0.2"),
    ("10.0.0.2", "", "10.0.0.2"),
    ("10.0.0.2", "garbage", "10.0.0.2"),
    ("10.0.0.2", "203.0.113.5, garbage", "10.0.0.2"),
    ("10.0.0.2", " 203.0.113.5 ", "203.0.113.5"),
    ("::ffff:10.0.0.2", "::ffff:203.0.113.5", "203.0.113.5"),
    ("fd00::1", "2001:db8::5", "2001:db8::5"),
    ("", "203.0.113.5", None),
    ("10.0.0.2", ",".join(["10.0.0.3"] * 5000), "10.0.0.3"),
]


@pytest.mark.parametrize(("connection", "forwarded", "expected"), CHAINS)
@override_settings(TRUSTED_PROXIES=["10.0.0.0/8", "fd00::1"])
def test_only_our_own_proxies_tell_who_a_client_is(
    connection: str, forwarded: str | None, expected: str | None
):
    assert client_address(coming_from(connection, forwarded)) == expected


def test_without_a_proxy_named_nobody_is_believed():
    assert client_address(coming_from("127.0.0.1", "203.0.113.5")) == "127.0.0.1"


def test_a_place_is_an_address_or_a_network_of_one_household():
    assert neighbourhood("192.0.2.7") == "192.0.2.7"
    assert neighbourhood("2001:db8:1:2:3::4") == "2001:db8:1:2::"
    assert neighbourhood(None) == neighbourhood("what?") == "0.0.0.0"
