"""The pages of the log: filters, the past, one event; through HTTP, without JavaScript."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from dashboard import search
from dashboard.events import Origin, Ref, record_event
from dashboard.models import Event, Level, Stream
from dashboard.runs import Fault, Run, count_runs
from dashboard.services import GuildState, record_guilds
from tests.economy.bank import ADA, NOOR, give, transfer

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 8, 12, tzinfo=UTC)


@pytest.fixture
def signed_in(client: Client, viewer: User) -> Client:
    client.force_login(viewer)
    return client


def record(message: str = "Something happened.", **fields: Any) -> Event:
    return record_event(**{"kind": "test.happened", "message": message, **fields})


def record_each_second(count: int) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        for number in range(1, count + 1):
            record(f"event {number}", level=Level.ERROR if number % 10 == 0 else Level.INFO)
            clock.shift(timedelta(seconds=1))


def shown(client: Client, path: str, status: int = 200) -> tuple[list[int], str]:
    """The seqs of the rows of a page, and the page."""
    answer = client.get(path)
    assert answer.status_code == status
    page = answer.content.decode()
    return [int(seq) for seq in re.findall(r'<li class="event[^"]*" data-key="(\d+)"', page)], page


def way(page: str, word: str) -> str:
    """Where the link `word` of the feed's foot leads."""
    found: list[str] = re.findall(rf'href="([^"]*)"[^>]*data-view>{word}', page)
    return "/events" + found[0].replace("&amp;", "&")


def hidden(page: str, word: str) -> bool:
    """Whether the link `word` of the feed's foot leads nowhere yet."""
    return f"data-view hidden>{word}<" in page


def test_the_log_is_read_back_to_its_beginning_and_forth_to_its_end(signed_in: Client):
    record_each_second(250)
    newest, page = shown(signed_in, "/events")
    assert newest == list(range(250, 150, -1))
    middle, page = shown(signed_in, way(page, "Older"))
    assert middle == list(range(150, 50, -1))
    oldest, page = shown(signed_in, way(page, "Older"))
    assert oldest == list(range(50, 0, -1))
    assert hidden(page, "Older")
    back, page = shown(signed_in, way(page, "Newer"))
    assert back == middle
    last, page = shown(signed_in, way(page, "Newer"))
    assert last == newest
    assert hidden(page, "Newer")
    assert way(page, "Newest") == "/events?"


def test_a_filter_stays_while_the_past_is_paged_through(signed_in: Client):
    record_each_second(1200)
    first, page = shown(signed_in, "/events?level=error")
    assert first == list(range(1200, 200, -10))
    second, page = shown(signed_in, way(page, "Older"))
    assert second == list(range(200, 0, -10))
    assert hidden(page, "Older")


def tokens(page: str) -> list[tuple[str, str, str]]:
    """Every removable part of the filter: its label, its value, and where dropping it leads."""
    found = re.findall(
        r'class="chip token" href="([^"]*)"[^>]*><span class="hint">(\w+)</span> <bdi>(.*?)</bdi>',
        page,
    )
    return [(label, value, url.replace("&amp;", "&")) for url, label, value in found]


def chips(page: str) -> dict[str, str]:
    """Every quick choice that is made, and where dropping it leads."""
    found = re.findall(
        r'id="chip-\w+" href="([^"]*)" data-view aria-current="true">(\w+) <span[^>]*>✕</span>'
        r'<span class="away-from-eyes">: drop it<',
        page,
    )
    return {word: url.replace("&amp;", "&") for url, word in found}


def test_every_part_of_a_filter_is_shown_once_and_can_be_dropped(signed_in: Client):
    record("it broke", level=Level.WARN, kind="bot.command_failed", data={"fingerprint": "6f1c"})
    record("it broke", level=Level.WARN, kind="bot.command_failed", data={"fingerprint": "77"})
    asked = "level=info%2Cerror&kind=bot.command_failed&command=ping&q=broke&fingerprint=6f1c"
    _, page = shown(signed_in, f"/events?{asked}")
    assert [(label, value) for label, value, _ in tokens(page)] == [
        ("level", "info"), ("kind", "bot.command_failed"), ("command", "/ping"),
        ("fingerprint", "6f1c"), ("text", "broke"),
    ]  # fmt: skip
    for label, part in (
        ("level", "info%2C"),
        ("kind", "&kind=bot.command_failed"),
        ("text", "&q=broke"),
        ("command", "&command=ping"),
    ):
        (url,) = (url for name, _, url in tokens(page) if name == label)
        assert url == "?" + asked.replace(part, "")
    assert chips(page) == {"errors": "?" + asked.replace("%2Cerror", "")}
    _, page = shown(signed_in, "/events?level=warn%2Cerror&kind=bot.%2A")
    assert tokens(page) == []
    assert list(chips(page)) == ["errors", "warnings", "bot"]
    found, page = shown(signed_in, "/events?fingerprint=6f1c")
    assert found == [1]


def test_a_member_and_a_guild_are_found_by_their_names_too(signed_in: Client):
    record_guilds([GuildState(5, "Café Müller")], bot="bot")
    ada, other = Ref(21, "Ada"), Ref(22, "other")
    record(origin=Origin(guild=Ref(5, "Café Müller"), actor=ada))
    record(origin=Origin(guild=Ref(6, "Harbour"), actor=ada))
    record(origin=Origin(guild=Ref(6, "Harbour"), actor=other))
    assert shown(signed_in, "/events?actor=ada")[0] == [2, 1]
    found, page = shown(signed_in, "/events?actor=ADA&guild=CAF%C3%89+M%C3%9CLLER")
    assert found == [1]
    assert [value for _, value, _ in tokens(page)] == ["Café Müller", "Ada"]
    assert tokens(page)[0][2] == "?actor=21"
    assert 'name="actor" value="ADA"' in page  # as it was given
    assert '<option value="Ada">' in page
    assert shown(signed_in, "/events?guild=harbour")[0] == [3, 2]  # which no bot told of
    record(origin=Origin(actor=Ref(23, "ADA")))
    for query, said in (
        ("actor=ada", "Give an id: 23, 21."),
        ("actor=ad", "No member is called &#x27;ad&#x27; in the newest 5,000 events."),
        ("guild=nowhere", "No guild is called &#x27;nowhere&#x27; in the newest 5,000 events."),
        ("guild=%00", "Guild is a name of at most 100 characters."),
        ("actor=" + "x" * 101, "Member is a name of at most 100 characters."),
    ):
        found, page = shown(signed_in, f"/events?{query}", status=400)
        assert found == []
        assert said in page


def test_finding_a_member_by_name_looks_at_a_bounded_number_of_events(
    signed_in: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(search, "ROWS_MAX", 3)
    record(origin=Origin(actor=Ref(21, "ada")))
    for _ in range(3):
        record(origin=Origin(actor=Ref(22, "other")))
    assert shown(signed_in, "/events?actor=other")[0]
    shown(signed_in, "/events?actor=ada", status=400)


def test_levels_and_a_family_go_together_and_say_that_they_are_chosen(signed_in: Client):
    for level in Level.values:
        record(level, level=Level(level), kind=f"bot.{level}")
    record("elsewhere", level=Level.WARN)

    def chip(page: str, word: str) -> tuple[str, bool]:
        ((url, on),) = re.findall(
            rf'id="chip-{word}" href="([^"]*)" data-view( aria-current="true")?>', page
        )
        return url.replace("&amp;", "&"), bool(on)

    found, page = shown(signed_in, "/events?level=warn")
    assert found == [5, 3]
    assert chip(page, "warnings")[1]
    assert not chip(page, "all")[1]
    found, page = shown(signed_in, f"/events{chip(page, 'errors')[0]}")
    assert found == [5, 4, 3]
    found, page = shown(signed_in, f"/events{chip(page, 'bot')[0]}")
    assert found == [4, 3]
    assert [chip(page, word)[1] for word in ("warnings", "errors", "bot")] == [True] * 3
    found, page = shown(signed_in, f"/events{chip(page, 'warnings')[0]}")
    assert found == [4]
    assert page.count(" checked") == 1  # and the boxes say the same
    assert 'name="level" value="error" checked' in page


def test_a_moment_leads_to_what_happened_then(signed_in: Client):
    record_each_second(300)
    rows, page = shown(signed_in, "/events?at=2026-01-08T12:02:00Z")
    assert rows == list(range(171, 71, -1))
    assert re.search(r'class="event here" data-key="121"', page)
    assert shown(signed_in, "/events?at=2026-01-08T13:02:00%2B01:00")[0] == rows
    assert shown(signed_in, "/events?at=2026-01-08T12:02:00+00:00")[0] == rows
    assert shown(signed_in, "/events?at=2000-01-01T00:00:00Z")[0] == list(range(50, 0, -1))
    assert shown(signed_in, "/events?at=9999-12-31T23:59:59Z")[0] == list(range(300, 250, -1))
    errors, _ = shown(signed_in, "/events?at=2026-01-08T12:02:00Z&level=error")
    assert errors == list(range(300, 0, -10))


def test_a_search_that_was_stopped_says_how_far_it_came_and_leads_on(signed_in: Client):
    rows = [
        Event(seq=seq, timestamp=NOON, level="info", kind="test.happened", message="hay")
        for seq in range(1, 6001)
    ]
    rows[2].message = "the needle"
    Event.objects.bulk_create(rows, batch_size=500)
    Stream.objects.update(head=6000)
    found, page = shown(signed_in, "/events?q=NEEDLE")
    assert found == []
    assert "Looked back to event 1001" in page
    found, page = shown(signed_in, way(page, "Look further back"))
    assert found == [3]


@pytest.mark.parametrize("path", ["/", "/events"])
@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("level=fatal", "level"), ("kind=%00", "kind"), ("guild=1e3", "guild"),
        ("at=2026-01-08T12:00:00Z&within=0", "within"), ("fingerprint=%00", "fingerprint"),
        ("actor=99999999999999999999", "actor"), ("q=%00", "q is"), ("q=" + "x" * 101, "q is"),
        ("command=%00", "command"), ("at=10000-01-01T00:00:00Z", "at is"),
        ("at=0001-01-01T00:00:00%2B14:00", "at is"), ("at=yesterday", "at is"),
        ("at=%00", "at is"), ("before=100000000000000000000", "before"), ("after=-1", "after"),
        ("limit=0", "limit"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said_on_the_page(
    signed_in: Client, path: str, query: str, named: str
):
    record()
    rows, page = shown(signed_in, f"{path}?{query}", status=400)
    assert rows == []
    (said,) = re.findall(r'<p class="wrong" role="alert">(.*?)</p>', page)
    assert named in said.lower()


@pytest.mark.parametrize(
    "query",
    [
        "page=100000000000000000000", "before=0", "before=9223372036854775807",
        "after=9223372036854775807", "after=0", "q=%F0%9F%92%A9", "q=%ED%A0%80", "nonsense=%00",
        "at=0001-01-01T00:00:00Z", "guild=9223372036854775807", "kind=nothing.*",
    ],
)  # fmt: skip
def test_what_makes_sense_is_answered_however_odd(signed_in: Client, query: str):
    record()
    for path in ("/", "/events"):
        assert signed_in.get(f"{path}?{query}").status_code == 200
    shown(signed_in, f"/events?{query}")


def test_the_view_tells_the_page_what_the_rows_are(signed_in: Client):
    record_each_second(3)
    _, page = shown(signed_in, "/events?guild=007&kind=test.*")
    (view,) = re.findall(r'<script id="view" type="application/json">(.*?)</script>', page)
    view = json.loads(view)
    assert (view["live"], view["from"], view["upto"], view["whole"]) == (True, 1, 3, True)
    assert view["filter"]["guild"] == "7"
    assert view["filter"]["kind"] == "test.*"


@pytest.mark.parametrize("path", ["/", "/events", "/guilds/5"])
@pytest.mark.parametrize("query", ["", "q=it&level=warn&activity=7d", "before=2", "level=fatal"])
def test_an_open_page_is_given_its_feed_alone_and_the_same_as_within_the_page(
    signed_in: Client, path: str, query: str
):
    for number in range(3):
        record(f"it broke, {number}", level=Level.WARN, origin=Origin(Ref(5, "Harbour")))
    whole = signed_in.get(f"{path}?{query}")
    alone = signed_in.get(f"{path}?{query}", headers={"X-Part": "feed"})
    assert alone.status_code == whole.status_code
    texts = [answer.content.decode() for answer in (alone, whole)]
    assert "<html" not in texts[0]
    for part in (
        r'<div class="feed-tools".*?</section>',
        r'<script id="events".*?</script>',
        r'<script id="view".*?</script>',
    ):
        (one,), (other,) = (re.findall(part, text, re.DOTALL) for text in texts)
        assert one == other


def test_names_in_the_filter_are_text(signed_in: Client):
    record(origin=Origin(guild=Ref(5, "<b>Harbour</b>"), actor=Ref(6, "<i>ada</i>")))
    _, page = shown(signed_in, "/events?guild=5&actor=6&q=<script>")
    assert "<b>Harbour" not in page
    _, page = shown(signed_in, "/events?guild=5&actor=6")
    assert "&lt;b&gt;Harbour&lt;/b&gt;" in page
    assert "<i>ada" not in page


# ---------------------------------------------------------------------------- one event


def test_an_event_tells_who_where_how_long_and_what_was_around_it(signed_in: Client):
    origin = Origin(Ref(5, "Harbour"), Ref(6, "ada"), "daily", "r1")
    for _ in range(8):
        record()
    record("ada claimed 150 coins", kind="economy.daily_claimed", origin=origin)
    done = {"kind": "bot.command_completed", "origin": origin, "duration_ms": 84.4}
    event = record("/daily for ada", data={"answer": {"shown": True}}, **done)
    for _ in range(8):
        record()
    rows, page = shown(signed_in, f"/events/{event.seq}")
    assert rows == [9, *range(15, 4, -1)]  # of the same request, then five on either side
    for text in (
        "bot.command_completed",
        "84 ms",
        "Harbour",
        "ada",
        "r1",
        "{&quot;shown&quot;:true}",
    ):
        assert text in page
    assert 'href="/events?actor=6"' in page
    assert 'href="/guilds/5"' in page


def test_a_failure_tells_its_fingerprint_and_how_often_it_happened(signed_in: Client):
    fault = Fault("9f2c61d0a4be", "OperationalError", "economy.ledger.lock")
    for _ in range(3):
        count_runs([Run("transfer", "failed", 12.0, NOON, fault)])
    event = record(kind="bot.command_failed", data={"fingerprint": "9f2c61d0a4be"})
    _, page = shown(signed_in, f"/events/{event.seq}")
    for text in ("9f2c61d0a4be", "OperationalError", "economy.ledger.lock", "<dd>3</dd>"):
        assert text in page
    other = record(data={"fingerprint": {"no": "text"}})
    assert "The error" not in shown(signed_in, f"/events/{other.seq}")[1]


def test_a_movement_of_coins_shows_its_ledger_entries(signed_in: Client):
    give(ADA, 500)
    transfer(ADA, NOOR, 20, sender_name="ada", receiver_name="<b>noor")
    event = Event.objects.get(kind="economy.transferred")
    _, page = shown(signed_in, f"/events/{event.seq}")
    for text in ("Ledger: transfer", "-20", "+20", "480", "&lt;b&gt;noor"):
        assert text in page
    outcome = record(kind="bot.command_completed", origin=Origin(request_id=event.request_id))
    assert "Ledger: transfer" in shown(signed_in, f"/events/{outcome.seq}")[1]


@pytest.mark.parametrize("value", [None, 7, "x" * 30, "9" * 30, {"a": 1}, "-1", "٣"])
def test_data_of_another_shape_is_no_error(signed_in: Client, value: object):
    event = record(data={"transaction": value, "fingerprint": value, "name": "\u202eevil"})
    shown(signed_in, f"/events/{event.seq}")


def test_an_event_that_is_not_there_says_whether_it_ever_was(signed_in: Client):
    shown(signed_in, "/events/1", status=404)
    for _ in range(5):
        record()
    Event.objects.filter(seq__lte=2).delete()
    assert "no longer kept" in shown(signed_in, "/events/2", status=410)[1]
    for seq in (0, 6, 2**63, 10**20):
        assert "There is no event" in shown(signed_in, f"/events/{seq}", status=404)[1]
    for odd in ("-1", "x", "1.0", "%00"):
        assert signed_in.get(f"/events/{odd}").status_code == 404


@pytest.mark.parametrize("path", ["/events", "/events/1"])
def test_the_log_is_for_those_who_may_view(client: Client, stranger: User, path: str):
    record()
    assert client.get(path).status_code == 302
    client.force_login(stranger)
    assert client.get(path).status_code == 403
    assert client.post(path).status_code == 405
