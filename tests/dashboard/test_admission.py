"""The door of `/ws`: who is looked up, with whom, and who is not."""

import asyncio
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.sessions.models import Session
from django.test import Client

from dashboard import access
from dashboard.access import Standing, Verdict, look_up_sessions, may_view, who_may_view
from dashboard.admission import THREADS, TOGETHER_MAX, Admission
from dashboard.consumers import serve

SLOW = [f"slow {number}" for number in range(THREADS)]


class Book:
    """Looks keys up as the database would, and notes them; a slow key waits until it may go on."""

    def __init__(self) -> None:
        self.looks: list[set[str]] = []
        self.go_on = threading.Event()

    def __call__(self, keys: Iterable[str]) -> dict[str, Standing]:
        keys = set(keys)
        self.looks.append(keys)
        if keys & set(SLOW):
            assert self.go_on.wait(20)
        if "broken" in keys:
            raise LookupError("the book fell down")
        return dict.fromkeys(keys, Standing(1, Verdict.ALLOWED))

    @property
    def looked_up(self) -> set[str]:
        return set().union(*self.looks)


@pytest.fixture
def book() -> Any:
    book = Book()
    yield book
    book.go_on.set()


async def all_threads_busy(admission: Admission, book: Book, count: int) -> list[asyncio.Task[Any]]:
    """Have `count` threads look up somebody slow each."""
    tasks = []
    for key in SLOW[:count]:
        tasks.append(asyncio.create_task(admission.ask(key)))
        while key not in book.looked_up:  # noqa: ASYNC110 - another thread writes there
            await asyncio.sleep(0.001)
    return tasks


async def test_who_waits_meanwhile_is_looked_up_together(book: Book):
    admission = Admission(book)
    slow = await all_threads_busy(admission, book, THREADS)
    others = [asyncio.create_task(admission.ask(f"key {number}")) for number in range(70)]
    await asyncio.sleep(0)
    book.go_on.set()
    for standing in await asyncio.gather(*slow, *others):
        assert standing == Standing(1, Verdict.ALLOWED)
    later = book.looks[THREADS:]
    assert sum(map(len, later)) == 70, "somebody was looked up twice"
    first = {f"key {number}" for number in range(TOGETHER_MAX)}
    assert first in later, "who came first is not looked up first"


async def test_a_slow_look_holds_up_nobody_who_is_not_in_it(book: Book):
    admission = Admission(book)
    slow = await all_threads_busy(admission, book, THREADS - 1)
    others = [admission.ask(f"key {number}") for number in range(200)]
    assert len(await asyncio.gather(*others)) == 200
    assert not any(task.done() for task in slow)
    book.go_on.set()
    await asyncio.gather(*slow)


async def test_who_left_before_their_turn_is_not_looked_up(book: Book):
    admission = Admission(book)
    slow = await all_threads_busy(admission, book, THREADS)
    gone, here = (asyncio.create_task(admission.ask(key)) for key in ("gone", "here"))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    book.go_on.set()
    await asyncio.gather(here, *slow)
    assert "gone" not in book.looked_up
    assert "here" in book.looked_up


async def test_a_look_that_fails_is_told_and_the_next_one_works(book: Book):
    admission = Admission(book)
    with pytest.raises(LookupError):
        await admission.ask("broken")
    assert await admission.ask("whole") == Standing(1, Verdict.ALLOWED)


# ---------------------------------------------------------------------------- the look itself


def people_with_and_without_the_right() -> list[User]:
    """Return somebody for each way to have the right or not to have it."""
    right = Permission.objects.get(codename="view_event")
    made = {
        name: User.objects.create_user(name)
        for name in ("nobody", "by role", "by right", "disabled", "disabled staff")
    }
    made["by role"].groups.add(Group.objects.get(name=access.VIEWER))
    made["by right"].user_permissions.add(right)
    made["disabled"].user_permissions.add(right)
    User.objects.filter(username__startswith="disabled").update(is_active=False)
    User.objects.filter(username="disabled staff").update(is_staff=True)
    User.objects.create_user("staff", is_staff=True)
    User.objects.create_superuser("root")
    return list(User.objects.all())


@pytest.mark.django_db
def test_asked_about_many_the_answer_is_that_about_each():
    people = people_with_and_without_the_right()
    alone = {user.pk for user in people if may_view(user)}
    assert who_may_view(list(User.objects.all())) == alone
    assert len(alone) == 4


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return str(client.session.session_key)


@pytest.mark.django_db
def test_many_are_looked_up_in_three_queries(django_assert_num_queries: Any):
    role = Group.objects.get(name=access.VIEWER)
    users = [User.objects.create_user(f"user {number}") for number in range(30)]
    role.user_set.add(*users)
    keys = {session_of(user): user.pk for user in users}
    with django_assert_num_queries(3):
        found = look_up_sessions(keys)
    assert found == {key: Standing(pk, Verdict.ALLOWED) for key, pk in keys.items()}


@pytest.mark.django_db
def test_a_session_that_does_not_sign_anybody_in_any_more_is_nobodys(settings: Any, viewer: User):
    ended = Standing(None, Verdict.ENDED)
    key = session_of(viewer)
    assert look_up_sessions([key, "no such key"])["no such key"] == ended
    settings.AUTHENTICATION_BACKENDS = ["some.other.Backend"]
    assert look_up_sessions([key]) == {key: ended}
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
    assert look_up_sessions([key]) == {key: Standing(viewer.pk, Verdict.ALLOWED)}
    Session.objects.update(expire_date="2020-01-01T00:00:00Z")
    assert look_up_sessions([key]) == {key: ended}


# ---------------------------------------------------------------------------- the door


def heard(*messages: dict[str, Any]) -> Callable[[], Any]:
    """Return a `receive` that brings `messages` and then waits for ever."""
    waiting = list(messages)

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    return receive


async def answers(*messages: dict[str, Any], cookie: str) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "websocket", "headers": [(b"cookie", cookie.encode())], "query_string": b""}
    await serve(scope, heard(*messages), send)
    return sent


CONNECT = {"type": "websocket.connect"}


@pytest.mark.django_db(transaction=True)
async def test_who_leaves_while_they_are_looked_up_is_told_nothing_and_kept_nowhere():
    left = {"type": "websocket.disconnect", "code": 1006}
    assert await answers(CONNECT, left, cookie="sessionid=abc") == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("cookie", ["", "sessionid=", "sessionid=nobodys", "a=b; c", "sessionid"])
async def test_nobody_is_refused_before_the_accept(cookie: str):
    assert await answers(CONNECT, cookie=cookie) == [{"type": "websocket.close"}]
