"""The pages and the JSON beside them, through HTTP."""

import posixpath
import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from dashboard.events import Origin, Ref, record_event
from dashboard.models import Event, Level

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client: Client, viewer: User) -> Client:
    client.force_login(viewer)
    return client


def record(message: str = "Something happened.", **fields: Any) -> Event:
    return record_event(**{"kind": "test.happened", "message": message, **fields})


def seqs(client: Client, query: str) -> list[int]:
    answer = client.get(f"/api/events?{query}")
    assert answer.status_code == 200, answer.content
    return [event["seq"] for event in answer.json()["events"]]


def test_the_page_is_complete_without_javascript(signed_in: Client):
    record("ada claimed 150 coins", origin=Origin(actor=Ref(1, "ada"), guild=Ref(2, "Harbour")))
    page = signed_in.get("/").content.decode()
    for text in ("ada claimed 150 coins", "Harbour", "Gateway latency", "Active members", "Guilds"):
        assert text in page
    assert "<noscript" in page
    assert 'href="/password/"' in page


def test_what_a_member_typed_is_shown_as_text(signed_in: Client):
    record("</script><script>alert(1)</script>{{ 7|add:7 }}<img src=x onerror=alert(2)>")
    page = signed_in.get("/").content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "{{ 7|add:7 }}" in page


@pytest.mark.parametrize("path", ["/", "/login/", "/nowhere", "/api/stats", "/admin/login/"])
def test_a_strict_content_security_policy_holds_on_every_answer(client: Client, path: str):
    policy = client.get(path).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy


def test_no_page_has_inline_script_or_style(signed_in: Client):
    for path in ("/", "/login/", "/nowhere"):
        page = signed_in.get(path, follow=True).content.decode()
        scripts = re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", page)
        assert scripts == []
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)


def test_a_page_asks_at_once_for_every_module_it_leads_to(signed_in: Client):
    for path, script in (("/", "app"), ("/economy", "economy")):
        page = signed_in.get(path).content.decode()
        (entry,) = re.findall(r'<script type="module" src="/static/(.*?)"', page)
        asked = set(re.findall(r'<link rel="modulepreload" href="/static/(.*?)"', page))
        assert entry.startswith(f"js/{script}.")
        needed = set()
        for name in (entry, *asked):
            text = (settings.STATIC_ROOT / name).read_text()
            for other in re.findall(r'^import .* from "(.*)";$', text, re.MULTILINE):
                needed.add(posixpath.normpath(posixpath.join("js", other)))
        assert asked == needed != set()


def test_the_rail_leads_only_where_this_reader_may_go(client: Client, viewer: User, staff: User):
    client.force_login(viewer)
    page = client.get("/").content.decode()
    assert re.search(r'<a class="rail-link" href="/" aria-current="page">Overview</a>', page)
    assert 'href="/economy">Economy</a>' in page
    assert "Admin</a>" not in page
    client.force_login(staff)
    assert 'href="/admin/">Admin</a>' in client.get("/").content.decode()


def test_without_a_session_the_page_leads_to_sign_in_and_back(client: Client):
    answer = client.get("/")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/login/?next=/"


def test_someone_without_the_right_is_told_403(client: Client, stranger: User):
    client.force_login(stranger)
    assert client.get("/").status_code == 403


def test_signing_in_leads_nowhere_foreign(client: Client):
    User.objects.create_user("mira", password="correct horse", is_staff=True)
    form = {"username": "mira", "password": "correct horse", "next": "https://evil.example/"}
    answer = client.post("/login/", form)
    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize("path", ["/api/stats", "/api/stats/activity", "/api/events"])
def test_the_api_has_the_same_rules_as_the_page_and_says_so_in_json(
    client: Client, stranger: User, viewer: User, path: str
):
    assert client.get(path).status_code == 401
    assert client.get(path).json()["error"]["code"] == "not_signed_in"
    client.force_login(stranger)
    assert client.get(path).status_code == 403
    client.force_login(viewer)
    assert client.get(path).status_code == 200
    assert client.post(path).status_code == 405


def test_the_stats_of_the_api_are_those_of_the_socket(signed_in: Client):
    record()
    answer = signed_in.get("/api/stats").json()
    assert answer["stream"]["head"] == 1
    assert len(answer["activityOverview"]) == 24
    assert answer["cards"][0]["id"] == "latency"


def test_events_come_after_a_seq_oldest_first_or_before_one_newest_first(signed_in: Client):
    for _ in range(7):
        record()
    assert seqs(signed_in, "limit=3") == [7, 6, 5]
    assert seqs(signed_in, "before=5&limit=3") == [4, 3, 2]
    assert seqs(signed_in, "after=2&limit=3") == [3, 4, 5]
    assert seqs(signed_in, "after=7") == []


def test_events_are_filtered_by_all_that_is_known_of_them(signed_in: Client):
    record("first", level=Level.ERROR, origin=Origin(guild=Ref(5, "Harbour")))
    record("second", kind="test.other", origin=Origin(actor=Ref(6, "ada"), command="daily"))
    record("100 % third")
    assert seqs(signed_in, "level=error") == [1]
    assert seqs(signed_in, "level=error,info") == [3, 2, 1]
    assert seqs(signed_in, "kind=test.other") == [2]
    assert seqs(signed_in, "kind=test.*") == [3, 2, 1]
    assert seqs(signed_in, "guild=5") == [1]
    assert seqs(signed_in, "actor=6") == [2]
    assert seqs(signed_in, "command=/daily") == [2]
    assert seqs(signed_in, "q=HARB") == [1]
    assert seqs(signed_in, "q=100 %25") == [3]
    assert seqs(signed_in, "q=_") == []


@pytest.mark.parametrize(
    "query",
    [
        "after=-1", "after=1e3", "after=x", "after=9223372036854775808", "before=%00",
        "after=" + "9" * 400, "after=%D9%A3", "limit=0", "limit=201", "level=fatal", "kind=%00",
        "kind=A%20B", "kind=" + "a" * 99, "guild=99999999999999999999", "command=%00", "q=%00",
        "q=" + "x" * 101,
    ],
)  # fmt: skip
def test_an_impossible_parameter_is_named_and_never_an_error_of_ours(signed_in: Client, query: str):
    answer = signed_in.get(f"/api/events?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad_parameter"
    assert query.split("=")[0] in answer.json()["error"]["message"]


def test_the_admin_shows_the_log_and_lets_nobody_change_it(client: Client, admin: User):
    event = record()
    client.force_login(admin)
    assert client.get("/admin/dashboard/event/").status_code == 200
    page = client.get(f"/admin/dashboard/event/{event.seq}/change/")
    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    assert client.post(f"/admin/dashboard/event/{event.seq}/delete/").status_code == 403
    assert client.get("/admin/dashboard/event/add/").status_code == 403
