"""`manage.py tail`, as a process beside a real web process."""

import os
import signal
import subprocess
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.utils import timezone

from dashboard import frames, queries, services
from dashboard.events import Origin, Ref, record_event
from dashboard.models import Event, Level, Stream
from tests.dashboard.terminals import Tail, command, variables
from tests.environment import ROOT
from tests.web import LiveWeb, free_port

pytestmark = pytest.mark.django_db(transaction=True)

Web = Callable[..., LiveWeb]

HARBOUR, MEADOW = Ref(1001, "Harbour"), Ref(1002, "Meadow")
ADA, BOB = Ref(2001, "ada"), Ref(2002, "bob")


def record(number: int = 1, **fields: Any) -> None:
    for _ in range(number):
        record_event(**{"kind": "test.happened", "message": "Something happened.", **fields})


def refusal(*options: str) -> str:
    """Return what a command says that cannot start."""
    with pytest.raises(CommandError) as caught:
        call_command("tail", *options)
    return str(caught.value)


def test_it_shows_the_last_ten_events_then_each_one_as_it_commits(live_web: LiveWeb, admin: User):
    record(15)
    with Tail(live_web) as tail:
        tail.wait_for_notice("live")
        record(message="ada claimed 150 coins", kind="economy.daily_claimed",
               level=Level.SUCCESS, duration_ms=84.2,
               origin=Origin(guild=HARBOUR, actor=ADA))  # fmt: skip
        record(4)
        assert tail.seqs(15) == list(range(6, 21))
        line = tail.wait_for_lines(11)[10]
    for text in ("16", "✓ success", "economy.daily_claimed", "ada claimed 150 coins", "Harbour"):
        assert text in line
    assert line.endswith("84 ms")
    assert f"tail: {live_web.url} as admin" in tail.notices


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_web_process_that_ends_and_comes_back_makes_no_hole_and_no_duplicate(
    live_web: LiveWeb, admin: User, end: str
):
    with Tail(live_web, "-n", "0") as tail:
        tail.wait_for_notice("live")
        record(3)
        tail.seqs(3)
        getattr(live_web, end)()
        tail.wait_for_notice("connection lost")
        record(7)
        live_web.start()
        tail.wait_for_notice("while away")
        record(2)
        assert tail.seqs(12) == list(range(1, 13))
        assert tail.end() == 0
    assert len(tail.lines) == 1 + 12
    (notice,) = [notice for notice in tail.notices if "while away" in notice]
    assert "7 events while away" in notice
    assert "nothing missing" in notice


def test_what_is_too_much_for_a_replay_is_read_from_the_log(start_web: Web, admin: User):
    web = start_web(REPLAY_EVENTS_MAX="3")
    with Tail(web, "-n", "0") as tail:
        tail.wait_for_notice("live")
        web.kill()
        record(250)
        web.start()
        tail.wait_for_notice("nothing missing")
        record()
        assert tail.seqs(251) == list(range(1, 252))
    assert any("250 events while away" in notice for notice in tail.notices)


def test_what_was_pruned_meanwhile_is_said_and_never_called_whole(start_web: Web, admin: User):
    web = start_web(REPLAY_EVENTS_MAX="3")
    record(2)
    with Tail(web) as tail:
        tail.wait_for_notice("live")
        web.kill()
        record(20)
        Event.objects.filter(seq__lte=10).delete()
        web.start()
        tail.wait_for_notice("while away")
        assert tail.seqs(14) == [1, 2, *range(11, 23)]
    assert "tail: events 3 to 10 are no longer kept" in tail.notices
    assert not any("nothing missing" in notice for notice in tail.notices)


def test_when_all_of_what_happened_was_pruned_that_is_said_once(start_web: Web, admin: User):
    web = start_web(REPLAY_EVENTS_MAX="3")
    record(2)
    with Tail(web) as tail:
        tail.wait_for_notice("live")
        web.kill()
        record(20)
        Event.objects.all().delete()
        web.start()
        tail.wait_for_notice("no longer kept")
        tail.wait_for_notice("while away")
        record()
        assert tail.seqs(3) == [1, 2, 23]
    assert tail.notices.count("tail: events 3 to 22 are no longer kept") == 1
    assert not any("nothing missing" in notice for notice in tail.notices)


def test_another_log_is_announced_and_its_newest_events_follow(start_web: Web, admin: User):
    web = start_web(STATS_INTERVAL_SECONDS="0.5")
    record(3)
    with Tail(web) as tail:
        tail.wait_for_notice("live")
        Event.objects.filter(seq=3).delete()
        Stream.objects.update(head=2)
        services.begin_epoch(queries.position().epoch)
        tail.wait_for_notice("the log is another one")
        record()
        assert tail.seqs(6) == [1, 2, 3, 1, 2, 3]


def test_json_is_the_event_as_the_wire_has_it(live_web: LiveWeb, admin: User):
    record(2)
    with Tail(live_web, "--json") as tail:
        tail.wait_for_notice("live")
        record(1, message="žluťoučký 🐎", origin=Origin(guild=HARBOUR, actor=ADA, command="daily"),
               duration_ms=0.5, data={"amount": "9007199254740993"})  # fmt: skip
        shown = tail.objects(3)
    assert shown == [frames.event_data(event) for event in Event.objects.order_by("seq")]


def test_filters_hold_for_the_past_and_for_what_happens(live_web: LiveWeb, admin: User):
    wanted = {"kind": "economy.transferred", "level": Level.WARN, "message": "ada sent 3 to bob",
              "data": {"fingerprint": "6f1c"}}  # fmt: skip
    where = Origin(guild=HARBOUR, actor=ADA, command="transfer")
    others: list[dict[str, Any]] = [
        {"kind": "economical.transferred"},
        {"level": Level.INFO},
        {"message": "somebody sent nothing"},
        {"data": {"fingerprint": "77"}},
        {"origin": where._replace(guild=MEADOW)},
        {"origin": where._replace(guild=None)},
        {"origin": where._replace(actor=BOB)},
        {"origin": where._replace(command="daily")},
    ]

    def record_all() -> None:
        record(1, **wanted, origin=where)
        for other in others:
            record(1, **{**wanted, "origin": where, **other})

    record_all()
    filters = ("--kind", "economy.*", "--level", "warn,error", "--guild", "1001")
    more = ("--actor", "2001", "--command", "/transfer", "--text", "SENT 3")
    with Tail(live_web, *filters, *more, "--fingerprint", "6f1c") as tail:
        tail.wait_for_notice("live")
        record_all()
        record(1, **wanted, origin=where)
        assert tail.seqs(3) == [1, 10, 19]


def test_since_a_number_reads_all_pages_and_goes_on_without_a_hole(live_web: LiveWeb, admin: User):
    record(450)
    with Tail(live_web, "--since", "7") as tail:
        tail.wait_for_lines(1)
        record(5)
        tail.wait_for_notice("live")
        record(5)
        assert tail.seqs(454) == list(range(7, 461))


def test_since_a_time_begins_with_the_first_event_that_is_young_enough(
    live_web: LiveWeb, admin: User
):
    record(30)
    now = timezone.now()
    for seq in range(1, 31):
        Event.objects.filter(seq=seq).update(timestamp=now - timedelta(hours=31 - seq))
    moment = (now - timedelta(hours=12, minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    with Tail(live_web, "--since", "12h30m") as ago, Tail(live_web, "--since", moment) as then:
        with Tail(live_web, "--since", moment, "--limit", "2") as newest:
            assert newest.seqs(2) == [29, 30]
        assert ago.seqs(12) == list(range(19, 31))
        assert then.seqs(12) == list(range(19, 31))


def test_since_a_number_that_is_yet_to_come_is_refused(live_web: LiveWeb, admin: User):
    assert "the newest event is 0" in refusal("--url", live_web.url, "--since", "2")


def test_text_of_members_does_nothing_to_the_terminal(live_web: LiveWeb, admin: User):
    hostile = "a\x1b]0;owned\x07\x1b[2J\r\n\x9b31m\u202eb\u200b\x7f"
    now = timezone.now()
    for seq in (1, 2):
        Event.objects.create(seq=seq, timestamp=now, level="info", kind="test.hostile",
                             message=hostile, actor_id=1, actor_name=hostile + "2")  # fmt: skip
    Stream.objects.update(head=2)
    with Tail(live_web, "-n", "1") as lines, Tail(live_web, "-n", "1", "--json") as objects:
        (line,) = lines.wait_for_lines(1)
        (written,) = objects.wait_for_lines(1)
        (shown,) = objects.objects(1)
    assert r"a\x1b]0;owned\x07\x1b[2J\r\n\x9b31m\u202eb\u200b\x7f" in line
    for text in (line, written):
        assert not set(text) & set(hostile.replace("a", "").replace("b", "")) - set(
            "]0;owned[2J31m"
        )
    assert shown["message"] == hostile


def test_a_terminal_gets_colours_unless_told_not_to(live_web: LiveWeb, admin: User):
    record()

    def is_coloured(*options: str, **changes: str) -> bool:
        with Tail(live_web, *options, terminal=True, **{"TERM": "xterm", **changes}) as tail:
            tail.wait_until(lambda: any("happened" in line for line in tail.lines))
        return "\x1b[36m" in "".join(tail.lines)

    assert is_coloured()
    assert not is_coloured("--no-color")
    assert not is_coloured(NO_COLOR="1")


def test_sigterm_and_ctrl_c_end_it_in_order_and_its_session_with_it(live_web: LiveWeb, admin: User):
    with Tail(live_web) as one, Tail(live_web) as other:
        one.wait_for_notice("live")
        other.wait_for_notice("live")
        assert Session.objects.count() == 2
        assert one.end(signal.SIGTERM) == 0
        assert other.end(signal.SIGINT) == 0
    assert Session.objects.count() == 0
    assert not any("Traceback" in notice for notice in one.notices + other.notices)


def test_a_reader_who_goes_away_ends_it_before_anything_happens(live_web: LiveWeb, admin: User):
    mine, theirs = os.pipe()
    process = subprocess.Popen(
        command(live_web.url),
        cwd=ROOT,
        env=variables(),
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(theirs)
    assert process.stderr is not None
    with process, process.stderr:
        assert any("tail: live" in line for line in process.stderr)
        os.close(mine)
        assert process.wait(30) == 0
        assert process.stderr.read() == ""
    assert Session.objects.count() == 0


def test_it_is_whom_it_is_told_to_be(live_web: LiveWeb, viewer: User, admin: User):
    with Tail(live_web, "--user", "viewer") as tail:
        tail.wait_for_notice("live")
        (session,) = Session.objects.all()
        assert session.get_decoded()["_auth_user_id"] == str(viewer.pk)
        assert session.expire_date < timezone.now() + timedelta(minutes=16)


def test_it_ends_when_its_session_is_ended_by_somebody_else(start_web: Web, admin: User):
    web = start_web(SOCKET_RECHECK_SECONDS="0.2")
    with Tail(web) as tail:
        tail.wait_for_notice("live")
        Session.objects.all().delete()
        assert tail.wait() == 1
    assert tail.notices[-1] == f"CommandError: {web.url} refuses: the session has ended."


def test_it_finds_its_way_to_a_process_that_answers_to_its_public_name_only(
    start_web: Web, admin: User
):
    public = {
        "ALLOWED_HOSTS": "aurora.example.org",
        "ALLOWED_ORIGINS": "https://aurora.example.org",
        "TRUSTED_PROXIES": "127.0.0.1",
    }
    web = start_web(**public)
    with Tail(web, terminal=False, **public) as tail:
        tail.wait_for_notice("live")
        record()
        assert tail.seqs(1) == [1]


def test_without_anybody_to_be_it_says_so(staff: User):
    assert "no active superuser" in refusal()
    assert refusal("--user", "nobody") == "There is no user 'nobody'."


def test_somebody_who_may_not_look_is_refused(stranger: User, admin: User):
    assert "may not view" in refusal("--user", "stranger")
    User.objects.filter(pk=admin.pk).update(is_active=False)
    assert "disabled" in refusal("--user", "admin")


def test_without_a_server_it_says_so_in_one_line_and_fails(admin: User):
    url = f"http://127.0.0.1:{free_port()}"
    ended = subprocess.run(
        command(url, "--json"), cwd=ROOT, env=variables(), capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    first, line = ended.stderr.splitlines()
    assert first == f"tail: {url} as admin"
    assert line.startswith(f"CommandError: No web process answers at {url} (connection refused).")
    assert Session.objects.count() == 0


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--level", "loud"),
        ("--kind", "Economy!"),
        ("--guild", "harbour"),
        ("--actor", "9" * 30),
        ("--command", "no;such"),
        ("--fingerprint", "no;such"),
        ("--text", "x" * 101),
        ("--since", "tomorrow"),
        ("--since", "9" * 12 + "d"),
        ("--since", "0001-01-01T00:00+14:00"),
        ("--limit", "-1"),
        ("--url", "ftp://here"),
        ("--url", "http://here:port"),
    ],
)
def test_an_option_that_makes_no_sense_is_named(option: str, value: str):
    assert refusal(f"{option}={value}").startswith(option)
