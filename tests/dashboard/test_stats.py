"""What the dashboard says of a past that the test has made."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from dashboard import bots, cards, failures, frames, stats
from dashboard.events import Origin, Ref, record_event
from dashboard.lamp import lamp
from dashboard.models import BotProcess, Event, Level, MetricSample
from dashboard.runs import Run, count_runs
from economy.models import Account
from economy.services import claim_daily

NOW = datetime(2026, 3, 1, 12, 6, 41, tzinfo=UTC)
ADA = Origin(actor=Ref(1, "ada"), guild=Ref(9, "Harbour"), command="daily", request_id="77")


@pytest.fixture(autouse=True)
def _at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


def command(at: datetime = NOW, kind: str = "bot.command_completed", **fields: Any) -> None:
    with time_machine.travel(at, tick=False):
        record_event(kind=kind, message="/daily for ada", origin=ADA, **fields)


def heartbeat(**fields: Any) -> BotProcess:
    values: dict[str, Any] = {
        "name": "bot", "started_at": NOW - timedelta(hours=3), "heartbeat_at": NOW,
        "connected": True, "latency_ms": 60.0, "guilds": 5, "members": 300,
        "shards": [{"id": 0, "state": "connected", "latencyMs": 60.0, "guilds": 5}], **fields,
    }  # fmt: skip
    return BotProcess.objects.create(**values)


def sample(at: datetime, **fields: Any) -> None:
    MetricSample.objects.create(at=at, bot="bot", **{"active_actors": 0, **fields})


@pytest.mark.django_db
def test_an_empty_log_gives_every_field_and_invents_no_figure():
    now = stats.collect()
    assert now["guilds"] == {"count": None, "changeFromLastMonth": None}
    assert now["users"] == {"active": 0, "changePercentFromLastMonth": None}
    assert now["commands"] == {"total": 0, "changePercentFromLastMonth": None}
    assert now["ping"] == {"avg": None, "changeFromLastHour": None}
    assert now["recentEvents"] == []
    assert now["bot"]["state"] == "never"
    assert [point["commands"] for point in now["activityOverview"]] == [0] * 24


@pytest.mark.django_db
def test_the_activity_has_24_hours_up_to_this_one_and_counts_each_event_in_its_own():
    for ago in (0, 0, 1, 23, 24):
        command(NOW - timedelta(hours=ago))
    points = stats.collect()["activityOverview"]
    assert points[0]["hour"] == "2026-02-28T13:00:00.000Z"
    assert points[-1]["hour"] == "2026-03-01T12:00:00.000Z"
    assert [p["commands"] for p in points] == [1] + [0] * 21 + [1, 2]


@pytest.mark.django_db
def test_commands_are_totalled_over_30_days_and_compared_with_the_30_before():
    for days in (1, 2, 3, 40, 41):
        command(NOW - timedelta(days=days))
    command(kind="bot.command_failed", level=Level.ERROR)
    assert stats.collect()["commands"] == {"total": 4, "changePercentFromLastMonth": 100.0}


@pytest.mark.django_db
def test_guilds_members_and_latency_are_compared_with_their_samples():
    heartbeat()
    command()
    sample(NOW - timedelta(days=30, minutes=6), guilds=9, active_actors=1)
    sample(NOW - timedelta(days=30, minutes=5), guilds=3, active_actors=2)
    sample(NOW - timedelta(minutes=40), latency_ms=50.0)
    sample(NOW - timedelta(minutes=20), latency_ms=40.0)
    sample(NOW - timedelta(minutes=10), latency_ms=None)
    now = stats.collect()
    assert now["guilds"] == {"count": 5, "changeFromLastMonth": 2}
    assert now["users"] == {"active": 1, "changePercentFromLastMonth": -50.0}
    assert now["ping"] == {"avg": 60.0, "changeFromLastHour": 15.0}
    latency = next(card for card in now["cards"] if card["id"] == "latency")
    assert list(latency["trend"]) == [50, 40, None, 60]


@pytest.mark.django_db
def test_the_guilds_of_several_processes_are_compared_with_those_of_all_of_them():
    for name in ("a", "b"):
        heartbeat(name=name, guilds=1000)
        then = NOW - timedelta(days=30, minutes=5)
        MetricSample.objects.create(at=then, bot=name, guilds=990, active_actors=7)
    assert stats.collect()["guilds"] == {"count": 2000, "changeFromLastMonth": 20}


@pytest.mark.django_db
def test_the_stats_encode_to_json_with_strings_for_snowflakes():
    command()
    assert '"actor":{"id":"1","name":"ada"}' in stats.encode(stats.collect())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, "online"),
        ({"connected": False}, "connecting"),
        ({"heartbeat_at": NOW - timedelta(seconds=11)}, "offline"),
        ({"stopped_at": NOW}, "stopped"),
    ],
)
def test_the_state_of_the_bot_follows_from_its_last_heartbeat(fields: dict[str, Any], state: str):
    assert bots.state_of(heartbeat(**fields), NOW) == state


@pytest.mark.django_db
def test_one_process_of_several_that_is_silent_makes_the_bot_offline():
    told = bots.describe(
        [heartbeat(), heartbeat(name="b", heartbeat_at=NOW - timedelta(minutes=1))], NOW
    )
    assert told["state"] == "offline"
    assert told["guilds"] == 5, "the silent process has nothing to say about now"
    assert [shard["state"] for shard in told["shards"]] == ["connected", "unknown"]


@pytest.mark.parametrize(
    ("now", "usual", "expected"),
    [(412.0, 60.0, 6.9), (412.0, 300.0, None), (150.0, 20.0, None), (None, 60.0, None),
     (412.0, None, None)],
)  # fmt: skip
def test_a_latency_is_worth_a_word_only_if_it_is_high_and_many_times_its_usual(
    now: float | None, usual: float | None, expected: float | None
):
    times = cards.times_usual(now, usual)
    assert (None if times is None else round(times, 1)) == expected


@pytest.mark.parametrize(
    ("value", "unit", "text"), [(12.4, "%", "+12 %"), (-3.6, "ms", "-4 ms"), (0.2, "", "±0")]
)
def test_a_change_is_written_with_its_sign(value: float, unit: str, text: str):
    assert cards.signed(value, unit) == text


# ---------------------------------------------------------------------------- the headline


def told(now: dict[str, Any]) -> str:
    """Return the detail of the headline as it is read at `NOW`."""
    return "".join(
        f"{(NOW - datetime.fromisoformat(part['text'])).total_seconds():.0f} s ago"
        if part["role"] == "ago"
        else part["text"]
        for part in now["headline"]["detail"]
    )


def slow(runs: int, *, ago: timedelta = timedelta(0), duration_ms: float = 3000.0) -> None:
    count_runs([Run("transfer", "completed", duration_ms, NOW - ago)] * runs)


def usual_commands() -> None:
    for hours in range(2, 9):
        slow(20, ago=timedelta(hours=hours), duration_ms=60.0)


def not_balanced() -> None:
    claim_daily(request_id="1", member_id=12345, member_name="ada")
    Account.objects.filter(id=12345).update(balance=7)


@pytest.mark.django_db
def test_the_headline_is_calm_when_all_is_well_and_tells_the_last_command():
    heartbeat()
    command(NOW - timedelta(seconds=3))
    now = stats.collect()
    assert {**now["headline"], "detail": told(now)} == {
        "tone": "calm", "text": "All is well.", "at": "", "guild": None,
        "detail": "Last command 3 s ago. No failure in the log.",
    }  # fmt: skip


def slow_commands() -> None:
    heartbeat()
    usual_commands()
    slow(5)


def slow_discord() -> None:
    heartbeat(latency_ms=400.0)
    for back in (5, 6, 7):
        sample(NOW - timedelta(minutes=back), latency_ms=60.0)


def wrong_ledger() -> None:
    heartbeat()
    not_balanced()


def failed_command() -> None:
    heartbeat()
    command(kind="bot.command_failed", level=Level.ERROR)


UP, DOWN = {"id": 0, "state": "connected"}, {"id": 1, "state": "resuming"}
TROUBLES: dict[str, Callable[[], object]] = {
    "a shard resumes": lambda: heartbeat(shards=[UP, DOWN]),
    "no shard is connected": lambda: heartbeat(shards=[DOWN]),
    "the bot is not connected": lambda: heartbeat(connected=False),
    "the bot is stopped": lambda: heartbeat(stopped_at=NOW),
    "the bot is silent": lambda: heartbeat(heartbeat_at=NOW - timedelta(minutes=1)),
    "commands are slow": slow_commands,
    "the ledger is not balanced": wrong_ledger,
    "a command failed": failed_command,
    "Discord is slow": slow_discord,
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", TROUBLES)
def test_the_headline_is_as_grave_as_the_gravest_card_or_link(name: str):
    TROUBLES[name]()
    now = stats.collect()
    states = {card["state"] for card in now["cards"]} | {link["state"] for link in lamp(now)}
    assert states & {"warn", "bad"}
    assert now["headline"]["tone"] == ("bad" if "bad" in states else "warn"), now["headline"]


@pytest.mark.django_db
def test_each_card_and_link_out_of_the_ordinary_has_a_sentence_of_its_own():
    heartbeat(shards=[{"id": 0, "state": "connected"}, {"id": 1, "state": "resuming"}])
    now = stats.collect()
    assert now["headline"]["text"] == "Discord: 1 of 2 shards down."
    assert told(now).startswith("Shard #1 resuming.")
    not_balanced()
    assert stats.collect()["headline"]["text"] == "Coins: ledger not balanced."


@pytest.mark.django_db
def test_slow_commands_are_told_with_the_slowest_minute():
    heartbeat()
    usual_commands()
    slow(5, ago=timedelta(minutes=12))
    slow(9, duration_ms=500.0)
    now = stats.collect()
    assert now["headline"]["text"] == "Commands take 54 times as long as usual."
    assert "slowest at 11:54 UTC." in told(now)
    assert now["headline"]["at"] == "2026-03-01T11:54:00.000Z"


@pytest.mark.django_db
def test_one_slow_command_alone_does_not_make_commands_slow():
    heartbeat()
    usual_commands()
    slow(4)
    now = stats.collect()
    assert next(card["state"] for card in now["cards"] if card["id"] == "p95") == ""
    assert now["headline"]["tone"] == "calm"


@pytest.mark.django_db
def test_a_slow_gateway_is_told_since_when_with_the_commands_and_the_last_failure():
    heartbeat(latency_ms=412.0)
    slow(20, duration_ms=640.0)
    command(NOW - timedelta(hours=5), kind="bot.command_failed", level=Level.ERROR)
    command(NOW - timedelta(seconds=3))
    for back in range(30):
        sample(NOW - timedelta(minutes=back), latency_ms=400.0 if back < 3 else 68.0)
    now = stats.collect()
    assert now["headline"]["text"] == "Discord latency is 6 times its usual since 12:04 UTC."
    assert now["headline"]["at"] == "2026-03-01T12:04:00.000Z"
    assert told(now) == (
        "412 ms now. Commands still answer: p95 664 ms. Last command 3 s ago."
        " Last failure: /daily for ada in Harbour, 18000 s ago."
    )


@pytest.mark.django_db
def test_the_headline_names_what_failed_last_and_for_whom():
    heartbeat()
    command(NOW - timedelta(seconds=40), kind="bot.command_failed", level=Level.ERROR)
    now = stats.collect()
    assert now["headline"]["tone"] == "warn"
    assert now["headline"]["text"] == "One command has failed in the last hour."
    assert told(now).startswith("Last failure: /daily for ada in Harbour, 40 s ago.")
    assert now["headline"]["at"] == frames.timestamp(NOW - timedelta(seconds=40))
    assert now["headline"]["guild"] == "9"


@pytest.mark.django_db
def test_an_error_that_is_no_command_is_not_told_as_one():
    heartbeat()
    command(NOW - timedelta(days=21), kind="bot.command_failed", level=Level.ERROR)
    with time_machine.travel(NOW - timedelta(seconds=8), tick=False):
        record_event(
            kind="control.failed", level=Level.ERROR, message="Clear cache: no answer from bot."
        )
    now = stats.collect()
    assert now["headline"]["text"] == "One error in the last hour."
    assert told(now).startswith("Last failure: Clear cache: no answer from bot, 8 s ago.")
    command(kind="bot.command_failed", level=Level.ERROR)
    text = stats.collect()["headline"]["text"]
    assert text == "2 errors in the last hour, 1 of them failed commands."


@pytest.mark.django_db
def test_the_last_failure_is_told_however_long_ago_it_was_and_what_happened_since():
    heartbeat()
    command(NOW - timedelta(days=21), kind="bot.command_failed", level=Level.ERROR)
    for back in range(failures.LOOKED_AT):
        with time_machine.travel(NOW - timedelta(days=3, seconds=-back), tick=False):
            record_event(kind="gateway.disconnected", level=Level.WARN, message="x")
    now = stats.collect()
    assert now["headline"]["tone"] == "calm"
    assert "Last failure: /daily for ada in Harbour, 1814400 s ago." in told(now)


@pytest.mark.django_db
def test_more_errors_than_are_counted_are_told_as_more():
    heartbeat()
    Event.objects.bulk_create(
        Event(
            seq=seq, timestamp=NOW, level=Level.ERROR, kind="bot.command_failed", message="x",
            command="daily",
        )
        for seq in range(1, failures.LOOKED_AT + 2)
    )  # fmt: skip
    now = stats.collect()
    card = next(card for card in now["cards"] if card["id"] == "errors")
    assert (card["value"], card["state"], card["change"]) == ("250+", "warn", "")
    assert now["headline"]["text"] == "Over 250 commands have failed in the last hour."


@pytest.mark.django_db
def test_names_are_pieces_of_their_own_in_the_headline():
    heartbeat()
    origin = Origin(actor=Ref(1, "ليلى"), guild=Ref(9, "חוף"), command="daily")
    record_event(kind="bot.command_failed", level=Level.ERROR, message="x", origin=origin)
    found = stats.collect()["headline"]["detail"]
    assert [part["text"] for part in found if part["role"] == "name"] == ["ليلى", "חוף"]


@pytest.mark.django_db
def test_the_headline_puts_a_silent_bot_before_everything_else():
    heartbeat(heartbeat_at=NOW - timedelta(minutes=1), latency_ms=900.0)
    command(kind="bot.command_failed", level=Level.ERROR)
    assert stats.collect()["headline"]["text"] == "The bot does not answer."


# ---------------------------------------------------------------------------- the cards


def card_of(id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(card for card in stats.collect()["cards"] if card["id"] == id)
    return found


@pytest.mark.django_db
def test_the_errors_of_60_minutes_are_compared_with_the_60_before_whatever_the_clock_says():
    for minutes in (5, 30, 59, 61, 119, 121):
        at = NOW - timedelta(minutes=minutes)
        command(at, kind="bot.command_failed", level=Level.ERROR)
    card = card_of("errors")
    assert (card["value"], card["change"]) == ("3", "+1")
    assert list(card["trend"][-3:]) == [2, 3, 3], "two whole hours, and the last 60 minutes"


@pytest.mark.django_db
def test_trends_of_a_month_end_with_whole_days_and_say_how_far_they_go_back():
    for days in (0, 0, 1, 2, 2, 30):
        command(NOW - timedelta(days=days))
    for days in (1, 3):
        sample(NOW - timedelta(days=days, minutes=1), guilds=days, active_actors=10 * days)
    assert list(card_of("commands")["trend"]) == [1, *[0] * 27, 2, 1]
    assert list(card_of("guilds")["trend"][-4:]) == [3, None, 1, None]
    assert list(card_of("active")["trend"][-4:]) == [30, None, 10, 1]
    assert {card["span"] for card in stats.collect()["cards"]} == {"1 h", "24 h", "30 d"}
