"""What operators ask of the bot: once, in time, and told whatever becomes of it."""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.db.models import QuerySet
from django.utils import timezone

from dashboard import control
from dashboard.deadlines import AGAIN_SECONDS, Deadlines
from dashboard.errors import AlreadyPending, ReasonMissing, RequestMismatch, TooManyRequests
from dashboard.hub import Nudges
from dashboard.models import (
    AuditEntry,
    BotProcess,
    ControlAction,
    ControlAnswer,
    ControlRequest,
    Event,
)
from dashboard.publisher import publisher
from dashboard.services import mark_stopped, record_heartbeat
from tests.broker import Broker
from tests.economy.bank import at_once
from tests.web import LiveWeb

pytestmark = pytest.mark.django_db(transaction=True)

ON, OFF = ControlAction.MAINTENANCE_ON, ControlAction.MAINTENANCE_OFF
RELOAD, CACHE = ControlAction.RELOAD_COMMANDS, ControlAction.CLEAR_CACHE
ADDRESS = "192.0.2.7"


@pytest.fixture
def maria(db: None) -> User:
    return User.objects.create_user("maria")


def alive(*names: str) -> None:
    for name in names:
        record_heartbeat(name=name, started_at=timezone.now(), emulated=True, connected=True)


def stop(name: str) -> None:
    mark_stopped(name, started_at=BotProcess.objects.get(name=name).started_at)


def ask(user: User, action: ControlAction = CACHE, **more: Any) -> ControlRequest:
    given: dict[str, Any] = {"reason": "nightly work", "request_id": uuid4(), "address": ADDRESS}
    return control.request(action, user=user, **(given | more))


def wait(asked: ControlRequest, seconds: float) -> None:
    """Let `seconds` have passed since the request."""
    at = timezone.now() - timedelta(seconds=seconds)
    ControlRequest.objects.filter(pk=asked.pk).update(requested_at=at)


def audited() -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(action__startswith="control.")


def kinds() -> list[str]:
    return list(Event.objects.order_by("seq").values_list("kind", flat=True))


def outcome(asked: ControlRequest) -> tuple[str, str]:
    asked.refresh_from_db()
    return asked.state, asked.detail


# ---------------------------------------------------------------------------- asking


def test_a_request_is_a_row_an_event_and_an_audit_entry(maria: User):
    asked = ask(maria, ON, reason="  Moving the\u202e database\x00  ")

    assert (asked.action, asked.state, asked.requested_by) == (ON, "pending", "maria")
    assert asked.reason == "Moving the database"
    event = Event.objects.get()
    assert event.kind == "control.requested"
    assert event.message == "maria asked the bot: Turn maintenance mode on. Moving the database"
    assert event.request_id == str(asked.id)
    assert (event.data["action"], event.data["user"]) == (ON, "maria")
    entry = audited().get()
    assert (entry.action, entry.actor, entry.actor_id) == (f"control.{ON}", "maria", maria.pk)
    assert (entry.address, entry.reason) == (ADDRESS, "Moving the database")
    assert entry.before == {"maintenance": False}


def test_the_same_id_twice_is_one_request_and_tells_what_the_first_became(maria: User):
    alive("bot")
    first = ask(maria)
    control.answer(first.id, bot="bot", ok=True)

    again = ask(maria, request_id=first.id)

    assert (again.id, again.state) == (first.id, "done")
    assert kinds() == ["control.requested", "control.done"]
    assert audited().count() == 1


def test_ten_of_the_same_at_once_are_one_request(maria: User):
    given = uuid4()
    results = at_once([lambda: ask(maria, request_id=given)] * 10)
    assert {result.id for result in results} == {given}
    assert kinds() == ["control.requested"]


@pytest.mark.parametrize("changed", [{"action": RELOAD}, {"reason": "another"}, {"user": "pelle"}])
def test_an_id_that_comes_with_something_else_is_refused(maria: User, changed: dict[str, Any]):
    first = ask(maria)
    user = User.objects.create_user("pelle") if changed.pop("user", "") else maria
    with pytest.raises(RequestMismatch):
        ask(user, request_id=first.id, **changed)
    assert ControlRequest.objects.count() == 1


@pytest.mark.parametrize("reason", ["", "   ", "\x00\u200b\u202e", "\n\t"])
def test_a_request_without_a_readable_reason_is_refused(maria: User, reason: str):
    with pytest.raises(ReasonMissing):
        ask(maria, reason=reason)
    assert not ControlRequest.objects.exists()
    assert not audited().exists()


def test_maintenance_cannot_be_turned_off_before_turning_it_on_is_answered(maria: User):
    alive("bot")
    first = ask(maria, ON)
    with pytest.raises(AlreadyPending):
        ask(maria, OFF)
    assert ask(maria, CACHE).state == "pending"  # another matter
    control.answer(first.id, bot="bot", ok=True)
    assert ask(maria, OFF).state == "pending"


def test_one_of_many_rivals_is_asked(maria: User):
    results = at_once([lambda: ask(maria, ON), lambda: ask(maria, OFF)] * 5)
    assert sum(isinstance(result, ControlRequest) for result in results) == 1
    assert sum(isinstance(result, AlreadyPending) for result in results) == 9


def test_a_request_that_nobody_answered_does_not_block_the_next_for_ever(maria: User):
    first = ask(maria, ON)
    wait(first, 11)
    assert ask(maria, ON).state == "pending"
    assert outcome(first) == ("failed", "no answer: no process of the bot is running")


def test_one_person_asks_so_often_a_minute_and_others_still_may(maria: User):
    alive("bot")
    for _ in range(control.REQUESTS_PER_MINUTE_MAX):
        control.answer(ask(maria).id, bot="bot", ok=True)
    with pytest.raises(TooManyRequests) as refused:
        ask(maria)
    assert 50 <= refused.value.wait_seconds <= 60
    assert ask(User.objects.create_user("pelle")).state == "pending"


# ---------------------------------------------------------------------------- answering


def test_the_bot_finds_what_it_has_not_answered_oldest_first(maria: User):
    alive("one", "two")
    first, second = ask(maria, CACHE), ask(maria, RELOAD)
    assert [found.id for found in control.pending("one")] == [first.id, second.id]
    assert control.answer(first.id, bot="one", ok=True)
    assert [found.id for found in control.pending("one")] == [second.id]
    assert [found.id for found in control.pending("two")] == [first.id, second.id]
    wait(first, 11)
    assert [found.id for found in control.pending("two")] == [second.id]


def test_a_request_is_done_when_every_living_process_did_it(maria: User):
    alive("one", "two", "three")
    stop("three")
    asked = ask(maria)
    assert control.answer(asked.id, bot="one", ok=True, detail="12 entries")
    assert outcome(asked) == ("pending", "")
    assert control.answer(asked.id, bot="two", ok=True)
    assert outcome(asked) == ("done", "done by one (12 entries), two")
    assert asked.finished_at is not None
    assert kinds() == ["control.requested", "control.done"]
    assert Event.objects.latest("seq").message == ("Clear cache: done by one (12 entries), two.")


def test_a_request_is_failed_when_one_process_failed_and_says_which(maria: User):
    alive("one", "two")
    asked = ask(maria)
    control.answer(asked.id, bot="two", ok=False, detail="the disk is full")
    control.answer(asked.id, bot="one", ok=True)
    assert outcome(asked) == ("failed", "failed on two: the disk is full; done by one")
    assert kinds() == ["control.requested", "control.failed"]


def test_a_process_that_does_not_answer_is_named(maria: User):
    alive("one", "two")
    asked = ask(maria)
    control.answer(asked.id, bot="one", ok=True)
    assert control.settle(timezone.now()) == 0
    wait(asked, 11)
    assert control.settle(timezone.now()) == 1
    assert outcome(asked) == ("failed", "no answer from two; done by one")
    event = Event.objects.latest("seq")
    assert (event.kind, event.level) == ("control.failed", "error")


def test_an_answer_that_comes_too_late_is_refused_and_changes_nothing(maria: User):
    alive("bot")
    asked = ask(maria, ON)
    wait(asked, 10.1)
    assert not control.answer(asked.id, bot="bot", ok=True)
    control.settle(timezone.now())
    assert not control.answer(asked.id, bot="bot", ok=True)
    assert not control.mode().maintenance
    assert not ControlAnswer.objects.exists()
    assert outcome(asked) == ("failed", "no answer from bot")


def test_an_answer_to_nothing_is_refused():
    assert not control.answer(uuid4(), bot="bot", ok=True)


def test_the_first_answer_of_a_process_counts(maria: User):
    alive("one", "two")
    asked = ask(maria)
    assert control.answer(asked.id, bot="one", ok=False, detail="broken")
    assert control.answer(asked.id, bot="one", ok=True)
    assert control.answer(asked.id, bot="two", ok=True)
    assert outcome(asked) == ("failed", "failed on one: broken; done by two")


def test_processes_that_answer_at_once_finish_a_request_once(maria: User):
    names = [f"bot {number}" for number in range(8)]
    alive(*names)
    asked = ask(maria, ON)
    deeds: list[Callable[[], Any]] = [
        lambda name=name: control.answer(asked.id, bot=name, ok=True)  # type: ignore[misc]
        for name in names
    ]
    assert at_once(deeds) == [True] * 8
    assert outcome(asked)[0] == "done"
    assert kinds() == ["control.requested", "control.done"]
    assert control.mode().maintenance


def test_many_who_settle_at_the_deadline_tell_it_once(maria: User):
    alive("bot")
    asked = ask(maria)
    wait(asked, 11)
    results = at_once([lambda: control.settle(timezone.now())] * 10)
    assert sorted(results) == [0] * 9 + [1]
    assert kinds() == ["control.requested", "control.failed"]


def test_the_deadline_and_the_last_answer_at_once_agree(maria: User):
    alive("bot")
    asked = ask(maria)
    later = timezone.now() + timedelta(seconds=11)
    answered, settled = at_once(
        [lambda: control.answer(asked.id, bot="bot", ok=True), lambda: control.settle(later)]
    )
    assert answered is not bool(settled)
    assert outcome(asked)[0] == ("done" if answered else "failed")
    assert len(kinds()) == 2


# ---------------------------------------------------------------------------- the deadline


def test_the_next_look_is_at_the_oldest_deadline_and_at_most_as_far_as_a_request_lives(maria: User):
    alive("bot")
    assert control.settle_and_wait(timezone.now()) == control.ANSWER_SECONDS
    older, newer = ask(maria, CACHE), ask(maria, RELOAD)
    wait(older, 7)
    wait(newer, 4)
    assert control.settle_and_wait(timezone.now()) == pytest.approx(3, abs=0.5)
    wait(older, 10)
    assert control.settle_and_wait(timezone.now()) == pytest.approx(6, abs=0.5)
    assert (outcome(older)[0], outcome(newer)[0]) == ("failed", "pending")
    wait(newer, -3600)  # the clock was set back
    assert control.settle_and_wait(timezone.now()) == control.ANSWER_SECONDS


def test_what_nobody_answers_is_told_in_time_by_one_process_though_nobody_looks(
    maria: User, start_web: Callable[..., LiveWeb]
):
    left_behind = ask(maria)  # by a process that ended since
    wait(left_behind, 9)
    for _ in range(2):
        start_web()
    for asked in (left_behind, ask(maria, RELOAD)):
        while outcome(asked)[0] == "pending":
            assert timezone.now() < control.deadline(asked) + timedelta(seconds=10)
            time.sleep(0.05)  # a busy loop would keep the processes from it
        assert asked.detail == "no answer: no process of the bot is running"
        assert asked.finished_at is not None
        assert asked.finished_at >= control.deadline(asked)
    assert sorted(kinds()) == ["control.failed"] * 2 + ["control.requested"] * 2


def test_a_database_that_is_away_is_looked_at_again(maria: User):
    asked = ask(maria)
    wait(asked, 11)
    looking = Deadlines()
    with connection.execute_wrapper(refuse):
        assert looking.look() == AGAIN_SECONDS
    assert outcome(asked)[0] == "pending"
    assert looking.look() == control.ANSWER_SECONDS
    assert outcome(asked)[0] == "failed"


def refuse(*_: Any) -> Any:
    raise OperationalError("the database is away")


# ---------------------------------------------------------------------------- the mode


def test_the_mode_changes_with_the_answer_and_outlives_the_processes(maria: User):
    alive("bot")
    assert not control.mode().maintenance
    on = ask(maria, ON, reason="new database")
    assert not control.mode().maintenance
    control.answer(on.id, bot="bot", ok=True)
    now = control.mode()
    assert (now.maintenance, now.reason) == (True, "new database")
    assert now.since is not None
    stop("bot")
    assert control.mode().maintenance

    alive("bot")
    off = ask(maria, OFF)
    control.answer(off.id, bot="bot", ok=False, detail="cannot")
    assert control.mode().maintenance


def test_the_time_since_when_does_not_move_while_the_mode_stays(maria: User):
    alive("one", "two")
    asked = ask(maria, ON)
    control.answer(asked.id, bot="one", ok=True)
    since = control.mode().since
    control.answer(asked.id, bot="two", ok=True)
    assert control.mode().since == since


# ---------------------------------------------------------------------------- waking


async def test_a_request_wakes_every_bot_and_a_forged_nudge_does_nothing(
    maria: User, broker: Broker
):
    looked = asyncio.Event()
    async with Nudges(looked.set), Nudges(lambda: None):
        await asyncio.wait_for(looked.wait(), 10)  # it is heard
        looked.clear()
        asked = await sync_to_async(ask)(maria)
        await asyncio.wait_for(looked.wait(), 10)

        layer = get_channel_layer()
        for forged in (
            {"type": "dashboard.nudge", "action": "maintenance_on", "request": str(uuid4())},
            {"type": "control.request", "action": "maintenance_on"},
            {"type": "dashboard.frame", "seq": None, "frame": json.dumps({"ok": True})},
            {"type": ["dashboard.nudge"]},
            {},
        ):
            await layer.group_send("control", forged)
        looked.clear()
        await layer.group_send("control", {"type": "dashboard.nudge"})
        await asyncio.wait_for(looked.wait(), 10)
    assert [found.id for found in await sync_to_async(control.pending)("bot")] == [asked.id]
    assert await ControlRequest.objects.acount() == 1
    assert not (await sync_to_async(control.mode)()).maintenance


async def test_a_flood_of_nudges_is_a_look_now_and_then(broker: Broker):
    looks = 0
    again = asyncio.Event()

    def look() -> None:
        nonlocal looks
        looks += 1
        again.set()

    async with Nudges(look):
        await asyncio.wait_for(again.wait(), 10)
        began = asyncio.get_running_loop().time()
        layer = get_channel_layer()
        for _ in range(500):
            await layer.group_send("control", {"type": "dashboard.nudge"})
        again.clear()
        await asyncio.wait_for(again.wait(), 10)
        took = asyncio.get_running_loop().time() - began
    assert looks <= 2 + took / 0.2


async def test_a_bot_that_could_not_hear_looks_once_it_hears_again(broker: Broker):
    looked = asyncio.Event()
    broker.stop()
    async with Nudges(looked.set):
        broker.start()
        await asyncio.wait_for(looked.wait(), 15)


def test_without_the_broker_a_request_is_found_all_the_same(maria: User, broker: Broker):
    broker.stop()
    alive("bot")
    asked = ask(maria)
    assert [found.id for found in control.pending("bot")] == [asked.id]
    publisher.flush(10)


def test_a_request_that_is_rolled_back_leaves_nothing(maria: User):
    from django.db import transaction

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        ask(maria, request_id=UUID(int=7))
        raise ZeroDivisionError
    assert not ControlRequest.objects.exists()
    assert not audited().exists()
    assert kinds() == []
