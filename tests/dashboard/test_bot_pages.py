"""The pages of commands, shards and guilds, and the JSON that keeps them fresh, through HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboard.events import Origin, Ref, record_event
from dashboard.models import BotProcess, Event, Level
from dashboard.runs import Fault, Outcome, Run, count_runs
from dashboard.services import GuildState, guild_left, record_guilds

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, 6, 41, tzinfo=UTC)
HARBOUR, LIBRARY, FOUNDRY = Ref(11, "Harbour"), Ref(12, "Library"), Ref(13, "Foundry")
HOSTILE = "</script><script>alert(1)</script>"


@pytest.fixture(autouse=True)
def _at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def page(client: Client, viewer: User):
    client.force_login(viewer)

    def page(path: str, status: int = 200) -> str:
        answer = client.get(path)
        assert answer.status_code == status, answer.content[:500]
        return answer.content.decode()

    return page


@pytest.fixture
def ask(client: Client, viewer: User):
    client.force_login(viewer)

    def ask(path: str, status: int = 200) -> Any:
        answer = client.get(path)
        assert answer.status_code == status, answer.content[:500]
        return answer.json()

    return ask


def ran(
    command: str,
    times: int = 1,
    *,
    duration_ms: float = 50.0,
    outcome: Outcome = "completed",
    ago: timedelta = timedelta(0),
    guild: Ref | None = None,
) -> None:
    fault = Fault(f"of-{command}", "OperationalError", "ledger.lock")
    known = fault if outcome == "failed" else None
    count_runs([Run(command, outcome, duration_ms, NOW - ago, known, guild)] * times)


# ---------------------------------------------------------------------------- commands


@pytest.mark.parametrize(("name", "runs"), [("today", 1), ("24h", 11), ("7d", 111), ("30d", 1111)])
def test_the_commands_of_a_range_are_those_that_ended_in_it(ask, name: str, runs: int):
    ran("daily")
    ran("daily", 10, ago=timedelta(hours=20))
    ran("daily", 100, ago=timedelta(days=6))
    ran("daily", 1000, ago=timedelta(days=29))
    ran("daily", 10_000, ago=timedelta(days=30))
    (row,) = ask(f"/api/commands?range={name}")["commands"]
    assert row["runs"] == runs


@pytest.mark.parametrize(
    ("order", "first"), [("runs", "daily"), ("p95", "slow"), ("failed", "broken")]
)
def test_the_most_used_the_slowest_and_the_most_failing_command_come_first(
    ask, order: str, first: str
):
    ran("daily", 30)
    ran("slow", 9, duration_ms=900.0)
    ran("broken", 3, outcome="failed")
    told = ask(f"/api/commands?sort={order}")
    assert told["commands"][0]["command"] == first
    assert [card["value"] for card in told["cards"]] == ["42", "/daily", "/slow", "/broken"]


def test_errors_are_grouped_with_a_link_to_those_events(page, ask):
    ran("transfer", 3, outcome="failed", ago=timedelta(days=3))
    assert ask("/api/commands?range=24h")["errors"] == []
    (group,) = ask("/api/commands?range=7d")["errors"]
    assert (group["fingerprint"], group["count"]) == ("of-transfer", 3)
    assert "/events?fingerprint=of-transfer" in page("/commands?range=7d")


def test_an_older_failure_that_comes_late_does_not_turn_time_back(ask):
    ran("transfer", outcome="failed")
    ran("transfer", outcome="failed", ago=timedelta(days=3))
    (group,) = ask("/api/commands")["errors"]
    assert group["lastSeenAt"] == "2026-03-01T12:06:41.000Z"
    assert group["firstSeenAt"] == "2026-02-26T12:06:41.000Z"


def test_the_page_of_commands_is_complete_without_javascript(page):
    ran("transfer", 7, outcome="refused")
    shown = page("/commands")
    for text in ("/transfer", "7", "?range=7d", "?sort=p95", "Nothing failed"):
        assert text in shown
    assert "No command in this time" in page("/commands")


# ---------------------------------------------------------------------------- shards


def process(name: str, *shards: int, **fields: Any) -> None:
    tiles = [
        {"id": id, "state": "connected", "latencyMs": 60.0, "lastAckSeconds": 3.0, "guilds": 2}
        for id in shards
    ]
    values = {"started_at": NOW, "heartbeat_at": NOW, "connected": True, "shards": tiles}
    BotProcess.objects.create(name=name, **(values | fields))


def test_shards_stand_with_their_process(page, ask):
    process("bot 0-1/3", 0, 1)
    process("bot 2/3", 2, heartbeat_at=NOW - timedelta(minutes=1))
    processes = ask("/api/stats")["bot"]["processes"]
    assert [(each["name"], each["state"], each["shards"]) for each in processes] == [
        ("bot 0-1/3", "online", 2), ("bot 2/3", "offline", 1),
    ]  # fmt: skip
    shown = page("/shards")
    tiles = [shown.index(f'data-shard="{id}"') for id in range(3)]
    second = shown.index('data-process="bot 2/3"')
    assert tiles[1] < second < tiles[2]
    assert "2 of 3 connected" in shown


@pytest.mark.parametrize("count", [0, 1, 2, 100])
def test_any_number_of_shards_has_a_tile_each(page, count: int):
    if count:
        process("bot", *range(count))
    shown = page("/shards")
    assert shown.count('class="shard"') == count + 1, "and one in the template"
    assert ("No bot has reported yet" in shown) is True


# ---------------------------------------------------------------------------- guilds


def test_guilds_are_listed_the_largest_first_with_what_they_used(ask):
    record_guilds(
        [GuildState(11, "Harbour", 40), GuildState(12, "Library", 400), GuildState(13, "Foundry")],
        bot="bot",
    )
    record_guilds([GuildState(13, available=False)], bot="bot")
    guild_left(11)
    ran("daily", 3, guild=HARBOUR)
    ran("daily", 5, outcome="failed", ago=timedelta(days=29), guild=HARBOUR)
    ran("daily", 7, ago=timedelta(days=30), guild=HARBOUR)
    record_event(kind="a.b", message="x", origin=Origin(HARBOUR))
    told = ask("/api/guilds")
    assert told["next"] is None
    assert [(guild["name"], guild["state"]) for guild in told["guilds"]] == [
        ("Library", "here"), ("Harbour", "left"), ("Foundry", "unavailable"),
    ]  # fmt: skip
    harbour = told["guilds"][1]
    assert (harbour["commandsToday"], harbour["commandsMonth"], harbour["failedMonth"]) == (3, 8, 5)
    assert (harbour["id"], harbour["lastAt"]) == ("11", "2026-03-01T12:06:41.000Z")


def test_every_guild_is_on_one_page_of_the_list_and_no_guild_on_two(ask):
    record_guilds([GuildState(id, f"guild {id}", id % 7 or None) for id in range(1, 131)], bot="b")
    seen: list[str] = []
    path: str | None = "/api/guilds"
    while path:
        told = ask(path)
        seen += [guild["id"] for guild in told["guilds"]]
        path = told["next"] and f"/api/guilds?after={told['next']}"
    assert len(seen) == len(set(seen)) == 130


def test_a_page_of_guilds_takes_as_many_queries_for_one_guild_as_for_fifty(ask):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            ask("/api/guilds")
        return len(captured)

    record_guilds([GuildState(1, "one")], bot="b")
    ask("/api/guilds")
    few = queries()
    record_guilds([GuildState(id, f"guild {id}") for id in range(2, 60)], bot="b")
    assert queries() == few


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("harb", ["11"]),
        ("HARB", ["11"]),
        ("12", ["12"]),
        ("nothing", []),
        ("%", []),
        ("9" * 19, []),
    ],
)
def test_a_guild_is_found_by_a_part_of_its_name_or_its_id(ask, text: str, found: list[str]):
    record_guilds([GuildState(11, "Harbour", 4), GuildState(12, "Library", 4)], bot="b")
    guilds = ask(f"/api/guilds?q={text.replace('%', '%25')}")["guilds"]
    assert [guild["id"] for guild in guilds] == found


@pytest.mark.parametrize("text", ["élan", "ÉLAN", "Élan"])
def test_a_guild_is_found_whatever_the_case_of_its_accented_letters(ask, text: str):
    record_guilds([GuildState(11, "Café Élan"), GuildState(12, "CAFÉ ÉLAN")], bot="b")
    assert [guild["id"] for guild in ask(f"/api/guilds?q={text}")["guilds"]] == ["11", "12"]


def test_the_page_of_a_guild_shows_its_own_events_and_no_others(page, ask):
    record_guilds([GuildState(11, "Harbour", 40, True, NOW - timedelta(days=400))], bot="b")
    record_event(kind="a.b", message="This was in Harbour.", origin=Origin(HARBOUR))
    record_event(kind="a.b", message="This was in the Library.", origin=Origin(LIBRARY))
    ran("daily", 3, guild=HARBOUR)
    ran("transfer", 2, outcome="failed", guild=HARBOUR)
    ran("ping", 9, guild=LIBRARY)
    shown = page("/guilds/11")
    assert "This was in Harbour." in shown
    assert "This was in the Library." not in shown.partition('id="stats"')[0]
    assert "25 Jan 2025" in shown
    told = ask("/api/guilds/11")
    assert told["commands"] == [
        {"command": "daily", "runs": 3, "refused": 0, "failed": 0},
        {"command": "transfer", "runs": 2, "refused": 0, "failed": 2},
    ]
    assert [card["value"] for card in told["cards"]] == ["5", "5", "2", "–", "0", "0"]
    assert told["days"][-1] == {"day": "2026-03-01", "commands": 5, "failed": 2}
    assert len(told["days"]) == 30
    assert "1 Mar: 5 commands, 2 failed" in shown


def event_of(guild: Ref, number: int, *, failed: bool = False, ago: timedelta) -> None:
    fault = {"fingerprint": "f1", "error": "OperationalError", "where": "ledger.lock"}
    with time_machine.travel(NOW - ago, tick=False):
        record_event(
            kind="bot.command_failed" if failed else "bot.command_completed",
            level=Level.ERROR if failed else Level.INFO,
            message="x",
            origin=Origin(guild, Ref(number % 3, "ada"), "transfer"),
            duration_ms=float(number),
            data=fault if failed else {},
        )


def test_a_guild_has_its_own_p95_active_members_and_errors(page, ask):
    record_guilds([GuildState(11, "Harbour", 40)], bot="b")
    event_of(HARBOUR, 9000, failed=True, ago=timedelta(hours=30))
    for number in range(1, 21):
        event_of(HARBOUR, number, failed=number > 18, ago=timedelta(hours=1))
    event_of(LIBRARY, 5000, failed=True, ago=timedelta(minutes=1))
    told = ask("/api/guilds/11")
    p95, active = told["cards"][3:5]
    assert (p95["value"], p95["period"], active["value"]) == ("19", "in 24 h", "3")
    (group,) = told["errors"]
    assert (group["error"], group["command"], group["count"]) == ("OperationalError", "transfer", 2)
    assert "fingerprint=f1&amp;guild=11" in page("/guilds/11")


def test_what_a_guild_did_lately_is_taken_from_a_bounded_number_of_events(ask):
    Event.objects.bulk_create(
        Event(seq=seq, timestamp=NOW, level="info", kind="a.b", message="x", guild_id=11)
        for seq in range(1, 502)
    )
    told = ask("/api/guilds/11")
    assert told["cards"][4]["period"] == "in its last 500 events"
    said = "".join(piece["text"] for piece in told["headline"]["detail"])
    assert said.endswith("No command in its last 500 events. No error in its last 500 events.")


def said_of(guild: dict[str, Any]) -> tuple[str, str, str]:
    headline = guild["headline"]
    detail = "".join(piece["text"] for piece in headline["detail"])
    return headline["tone"], headline["text"], detail


def test_a_guild_has_a_headline_of_its_own(page, ask):
    record_guilds([GuildState(11, "Harbour", 40), GuildState(12, "Library")], bot="b")
    process("bot", 0)
    event_of(HARBOUR, 1, failed=True, ago=timedelta(hours=3))
    event_of(HARBOUR, 2, ago=timedelta(hours=2))
    event_of(LIBRARY, 3, failed=True, ago=timedelta(minutes=5))
    assert said_of(ask("/api/guilds/11")) == (
        "calm",
        "All is well in this guild.",
        "Last command 2026-03-01T10:06:41.000Z. One error in 24 h, the last: /transfer for ada,"
        " 2026-03-01T09:06:41.000Z.",
    )
    tone, text, detail = said_of(ask("/api/guilds/12"))
    assert (tone, text) == ("warn", "One error in this guild in the last hour.")
    assert detail.startswith("One error in 24 h, the last: /transfer for ada, ")
    shown = page("/guilds/11").partition('id="stats"')[0]
    assert "All is well in this guild." in shown  # though another one is in trouble
    BotProcess.objects.update(stopped_at=NOW)
    assert "The bot is stopped." in page("/guilds/11").partition('id="stats"')[0]


def test_a_guild_that_is_not_reached_says_so_first(ask):
    record_guilds([GuildState(11, "Harbour", 40), GuildState(12, "Library", 4, False)], bot="b")
    guild_left(11)
    event_of(HARBOUR, 1, failed=True, ago=timedelta(minutes=3))
    tone, text, detail = said_of(ask("/api/guilds/11"))
    assert (tone, text) == ("warn", "The bot is not in this guild any more.")
    assert detail.startswith("It left 2026-03-01T12:06:41.000Z. ")
    tone, text, _ = said_of(ask("/api/guilds/12"))
    assert (tone, text) == ("warn", "This guild is unavailable.")


def test_the_page_of_a_guild_leads_to_no_other_guilds_failure(page):
    for guild in (HARBOUR, LIBRARY):
        record_event(kind="a.b", message="x", origin=Origin(guild))
    process("bot", 0)
    event_of(LIBRARY, 1, failed=True, ago=timedelta(seconds=9))
    link = '">Show those seconds</a>'
    assert link in page("/shards")
    assert link in page("/guilds/12")
    assert link not in page("/guilds/11")
    assert '" hidden>Show those seconds</a>' in page("/guilds/11")


def test_a_guild_that_only_the_log_knows_has_a_page(page):
    record_event(kind="a.b", message="x", origin=Origin(FOUNDRY))
    assert "Foundry" in page("/guilds/13")


def test_the_name_of_a_guild_is_shown_as_text_and_isolated(page):
    record_guilds([GuildState(11, HOSTILE), GuildState(12, "\u202eevil" + "x" * 6000)], bot="b")
    record_event(kind="a.b", message="x", origin=Origin(Ref(11, HOSTILE)))
    for path in ("/guilds", "/guilds/11", "/guilds/12"):
        shown = page(path)
        assert "<script>alert" not in shown
        assert "\u202e" not in shown
    assert '<bdi data-slot="name">&lt;/script&gt;' in page("/guilds")


# ---------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/commands?range=1y", 400),
        ("/commands?range=%00", 400),
        ("/commands?sort=name", 400),
        ("/guilds?q=%00", 400),
        ("/guilds?q=" + "x" * 101, 400),
        ("/guilds?after=1", 400),
        ("/guilds?after=5_" + "9" * 19, 400),
        ("/guilds?after=9999999999_1", 400),
        ("/guilds?after=-1_1", 200),
        ("/guilds?after=0_" + str(2**63 - 1), 200),
        ("/guilds?q=" + "9" * 100, 200),
        ("/guilds?page=" + "9" * 20, 200),
        ("/guilds/404", 404),
        ("/guilds/" + "9" * 19, 404),
        ("/guilds/" + "9" * 4000, 404),
        ("/guilds/-1", 404),
        ("/guilds/1%00", 404),
        ("/guilds/11?at=10000-01-01", 400),
        ("/guilds/11?q=%00", 400),
        ("/guilds/11?guild=12", 200),
        ("/shards?x=%00", 200),
    ],
)
def test_what_makes_no_sense_is_told_and_never_an_error_of_ours(
    page, ask, client: Client, path: str, status: int
):
    record_guilds([GuildState(11, "Harbour", 4)], bot="b")
    page(path, status)
    if path.startswith(("/commands", "/guilds?")):
        ask(f"/api{path}", status)


@pytest.mark.parametrize("id", ["404", "9" * 19, "9" * 4000])
def test_a_guild_nobody_ever_told_of_is_an_unknown_one(ask, id: str):
    assert ask(f"/api/guilds/{id}", 404)["error"]["code"] == "unknown_guild"


@pytest.mark.parametrize("path", ["/commands", "/shards", "/guilds", "/guilds/11"])
def test_only_those_who_may_view_see_it(client: Client, stranger: User, path: str):
    assert client.get(path).status_code == 302
    assert client.post(path).status_code == 405
    client.force_login(stranger)
    assert client.get(path).status_code == 403
