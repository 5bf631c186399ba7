"""`manage.py check_bot` and `manage.py forget_bot`."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from dashboard import audit
from dashboard.models import AuditEntry, BotProcess

pytestmark = pytest.mark.django_db


def seen(name: str, seconds_ago: float) -> None:
    at = timezone.now() - timedelta(seconds=seconds_ago)
    BotProcess.objects.create(name=name, started_at=at, heartbeat_at=at, connected=True)


def test_a_crashed_process_is_forgotten_and_one_that_lives_is_not() -> None:
    seen("old", 60)
    seen("bot", 0)
    call_command("forget_bot", "old", verbosity=0)
    assert [process.name for process in BotProcess.objects.all()] == ["bot"]
    kept = AuditEntry.objects.get(action="bot.forgotten")
    assert kept.target == "bot process old"
    assert kept.actor == audit.operator().name
    assert kept.before is not None
    assert kept.before["state"] == "offline"
    with pytest.raises(CommandError, match=r"bot lives\. Stop it first\."):
        call_command("forget_bot", "bot")
    with pytest.raises(CommandError, match=r"no bot process old\. Known: bot\."):
        call_command("forget_bot", "old")
    assert AuditEntry.objects.filter(action="bot.forgotten").count() == 1


def test_a_check_tells_whether_a_process_lives() -> None:
    with pytest.raises(CommandError, match=r"bot is never seen\."):
        call_command("check_bot")
    seen("bot", 0)
    seen("old", 60)
    call_command("check_bot")
    with pytest.raises(CommandError, match=r"old is offline\."):
        call_command("check_bot", "old")
