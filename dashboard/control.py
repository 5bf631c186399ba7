"""What operators ask of the bot, and what its processes answer.

The database is the truth: a request is a row, an answer is a row. The channel layer only wakes the
bot; without it the bot finds the request a second later.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from dashboard import audit, bots
from dashboard.errors import AlreadyPending, ReasonMissing, RequestMismatch, TooManyRequests
from dashboard.events import Origin, record_event
from dashboard.frames import timestamp
from dashboard.models import (
    BotMode,
    BotProcess,
    ControlAction,
    ControlAnswer,
    ControlRequest,
    Level,
)
from dashboard.publisher import publisher
from dashboard.text import clean

ANSWER_SECONDS = 10.0
"""How long the processes of the bot have to answer."""
REQUESTS_PER_MINUTE_MAX = 6
"""How many requests one person may make."""
REASON_MAX = 200

_MAINTENANCE = {ControlAction.MAINTENANCE_ON: True, ControlAction.MAINTENANCE_OFF: False}
_State = ControlRequest.State


@transaction.atomic
def request(
    action: ControlAction, *, reason: str, user: User, request_id: UUID, address: str | None
) -> ControlRequest:
    """Ask the bot once per `request_id`; the same again returns what the first one became.

    Audited, told in the log (`control.requested`), and the bot is woken when this commits. The
    caller sees to it that `user` may (`access.may_operate`). Raises `ReasonMissing`,
    `RequestMismatch`, `AlreadyPending` (one at a time about the same thing, so that answers cannot
    overtake each other) or `TooManyRequests`, and asks nothing then.
    """
    _one_at_a_time()
    now = timezone.now()
    reason, name = clean(reason, REASON_MAX), user.get_username()
    known = ControlRequest.objects.filter(id=request_id).first()
    if known is not None:
        if (known.action, known.reason, known.requested_by) != (action, reason, name):
            raise RequestMismatch
        return known
    if not reason:
        raise ReasonMissing
    settle(now)
    _refuse_if_busy(action, name, now)
    asked = ControlRequest.objects.create(
        id=request_id, action=action, reason=reason, requested_by=name, requested_at=now
    )
    audit.record(
        action=f"control.{action}",
        who=audit.person(user, address),
        target="bot",
        reason=reason,
        before={"maintenance": mode().maintenance},
    )
    _tell(asked, "control.requested", f"{name} asked the bot: {_label(asked)}. {reason}")
    transaction.on_commit(publisher.nudge, robust=True)
    return asked


def pending(bot: str) -> list[ControlRequest]:
    """Return what the process `bot` has yet to answer and still may, oldest first."""
    since = timezone.now() - timedelta(seconds=ANSWER_SECONDS)
    waiting = ControlRequest.objects.filter(state=_State.PENDING, requested_at__gt=since)
    return list(waiting.exclude(answers__bot=bot).order_by("requested_at", "pk"))


@transaction.atomic
def answer(request_id: UUID, *, bot: str, ok: bool, detail: str = "") -> bool:
    """Keep what the process `bot` did; return False if nobody waits for it any more.

    The first answer of a process counts. A maintenance request that it did (`ok`) sets the mode.
    The request is done, or failed if any process failed, once every process that lives answered.
    """
    now = timezone.now()
    asked = ControlRequest.objects.select_for_update().filter(id=request_id).first()
    if asked is None or asked.state != _State.PENDING or now >= deadline(asked):
        return False
    _, first = ControlAnswer.objects.get_or_create(
        request=asked,
        bot=clean(bot, 64),
        defaults={"ok": ok, "detail": clean(detail, 200), "at": now},
    )
    if first and ok and asked.action in _MAINTENANCE:
        _set_mode(asked, now)
    if not _silent(asked, now):
        _finish(asked, now)
    return True


def settle(now: datetime) -> int:
    """Finish the requests that waited long enough, each once; return how many.

    They failed, unless all who live by now have answered.

    Costs one short query while there are none; any process may call it at any time.
    """
    late = ControlRequest.objects.filter(
        state=_State.PENDING, requested_at__lte=now - timedelta(seconds=ANSWER_SECONDS)
    )
    if not late.exists():  # on SQLite a transaction, even an idle one, keeps all writers waiting
        return 0
    with transaction.atomic():
        found = list(late.select_for_update().order_by("requested_at", "pk"))
        for asked in found:
            _finish(asked, now)
    return len(found)


def settle_and_wait(now: datetime) -> float:
    """Settle what is due; return the seconds until something may be again."""
    settle(now)
    oldest = ControlRequest.objects.filter(state=_State.PENDING).order_by("requested_at").first()
    if oldest is None:
        return ANSWER_SECONDS
    return min((deadline(oldest) - now).total_seconds(), ANSWER_SECONDS)


def mode() -> BotMode:
    """Return what holds for the bot now."""
    return BotMode.objects.filter(id=1).first() or BotMode()


def maintenance() -> dict[str, Any] | None:
    """Return `reason` and `since` while the bot is in maintenance, as docs/wire.md has it."""
    now = mode()
    if not now.maintenance:
        return None
    return {"reason": now.reason, "since": timestamp(now.since) if now.since else None}


def deadline(asked: ControlRequest) -> datetime:
    """Return until when the bot may answer."""
    return asked.requested_at + timedelta(seconds=ANSWER_SECONDS)


def _one_at_a_time() -> None:
    """Have whoever asks next wait until this transaction ends."""
    BotMode.objects.get_or_create(id=1)
    BotMode.objects.select_for_update().get(id=1)


def _refuse_if_busy(action: ControlAction, name: str, now: datetime) -> None:
    same = list(_MAINTENANCE) if action in _MAINTENANCE else [action]
    busy = ControlRequest.objects.filter(state=_State.PENDING, action__in=same).first()
    if busy is not None:
        raise AlreadyPending(action=busy.action, requested_by=busy.requested_by)
    minute = timedelta(minutes=1)
    recent = ControlRequest.objects.filter(requested_at__gt=now - minute, requested_by=name)
    times = list(recent.order_by("-requested_at").values_list("requested_at", flat=True))
    if len(times) >= REQUESTS_PER_MINUTE_MAX:
        free_at = times[REQUESTS_PER_MINUTE_MAX - 1] + minute
        wait = max(1, round((free_at - now).total_seconds()))
        raise TooManyRequests(limit=REQUESTS_PER_MINUTE_MAX, wait_seconds=wait)


def _set_mode(asked: ControlRequest, now: datetime) -> None:
    on = _MAINTENANCE[ControlAction(asked.action)]
    kept, _ = BotMode.objects.get_or_create(id=1)
    if kept.maintenance != on:
        kept.since = now
    kept.maintenance, kept.reason = on, asked.reason
    kept.save()
    transaction.on_commit(publisher.hasten, robust=True)


def _silent(asked: ControlRequest, now: datetime) -> list[str]:
    """Return the names of the processes that live and have not answered."""
    answered = set(asked.answers.values_list("bot", flat=True))
    recent = BotProcess.objects.filter(stopped_at=None, heartbeat_at__gte=now - timedelta(days=1))
    living = [one.name for one in recent if bots.state_of(one, now) in {"online", "connecting"}]
    return sorted(set(living) - answered)


def _finish(asked: ControlRequest, now: datetime) -> None:
    """Write what became of a request that is locked and pending, and tell it."""
    answers = list(asked.answers.order_by("bot"))
    silent = _silent(asked, now)
    done = bool(answers) and not silent and all(one.ok for one in answers)
    asked.state = _State.DONE if done else _State.FAILED
    asked.finished_at = now
    asked.detail = clean(_outcome(answers, silent), 500)
    asked.save(update_fields=["state", "finished_at", "detail"])
    kind, level = ("done", Level.SUCCESS) if done else ("failed", Level.ERROR)
    _tell(asked, f"control.{kind}", f"{_label(asked)}: {asked.detail}.", level)


def _outcome(answers: Sequence[ControlAnswer], silent: Sequence[str]) -> str:
    """Return what each process did, the troubles first."""
    parts = [
        f"failed on {one.bot}: {one.detail or 'no reason given'}" for one in answers if not one.ok
    ]
    if silent:
        parts.append(f"no answer from {', '.join(silent)}")
    elif not answers:
        parts.append("no answer: no process of the bot is running")
    good = [one for one in answers if one.ok]
    if good:
        told = [f"{one.bot} ({one.detail})" if one.detail else one.bot for one in good]
        parts.append(f"done by {', '.join(told)}")
    return "; ".join(parts)


def _label(asked: ControlRequest) -> str:
    return str(ControlAction(asked.action).label)


def _tell(asked: ControlRequest, kind: str, message: str, level: Level = Level.INFO) -> None:
    record_event(
        kind=kind,
        level=level,
        message=message,
        origin=Origin(request_id=str(asked.id)),
        data={
            "action": asked.action,
            "user": asked.requested_by,
            "reason": asked.reason,
            "detail": asked.detail,
        },
    )
