"""What programs ask of a process: /healthz, /readyz and /metrics."""

import os
import re
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from dashboard.events import Origin, Ref, record_event
from dashboard.models import BotProcess
from dashboard.runs import Run, count_runs
from tests.broker import Broker
from tests.dashboard.sockets import browser
from tests.dashboard.test_headers import ask, lacking
from tests.postgres import private_cluster
from tests.project.processes import manage
from tests.web import LiveWeb

pytestmark = pytest.mark.django_db
TOKEN = "metrics-hunter2-metrics"
NOT_BORNE = [
    "", "Bearer", "Bearer ", TOKEN, f" {TOKEN}", f"Basic {TOKEN}", f"Token {TOKEN}",
    f"Bearer{TOKEN}", f"Bearer\t{TOKEN}", f"Bearer: {TOKEN}", f"X Bearer {TOKEN}",
]  # fmt: skip
WRONG_TOKENS = [
    "Bearer x", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN.upper()}",
    f"Bearer Bearer {TOKEN}", f"Bearer {TOKEN}, Bearer {TOKEN}", f'Bearer "{TOKEN}"',
    f"Bearer {TOKEN}\u00e9", f"Bearer {TOKEN} {TOKEN}",
]  # fmt: skip


def figures(web: LiveWeb, token: str = TOKEN) -> dict[str, float]:
    answer = ask(web, "/metrics", Authorization=f"Bearer {token}", Host="web:8000")
    assert answer.status == 200, answer.body
    return {
        sample.name
        + "".join(f"/{value}" for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
    }


def test_ready_tells_of_database_layer_and_bot_in_a_word_each_and_is_never_kept(
    live_web: LiveWeb, broker: Broker
):
    answer = ask(live_web, "/readyz", Host="web:8000")
    assert answer.status == 200
    assert re.fullmatch(
        r"database: ok, [\d.]+ ms\nbot: never\nlayer: ok, [\d.]+ ms\n", answer.body.decode()
    )
    assert "no-store" in answer.headers["Cache-Control"]
    assert lacking(answer.headers) == set()
    now = datetime.now(UTC)
    BotProcess.objects.create(name="bot", started_at=now, heartbeat_at=now, connected=True)
    assert b"bot: online, last heartbeat " in ask(live_web, "/readyz").body
    broker.stop()
    answer = ask(live_web, "/readyz")
    assert answer.status == 503
    assert b"layer: no answer" in answer.body
    assert b"database: ok" in answer.body
    assert ask(live_web, "/healthz").status == 200
    broker.start()
    assert ask(live_web, "/readyz").status == 200


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics"])
def test_probes_only_read(client: Client, address: str):
    assert client.post(address).status_code == 405


def test_figures_are_for_the_token_and_for_staff(
    client: Client, viewer: User, staff: User, settings
):
    for token in ("", TOKEN):
        settings.METRICS_TOKEN = token
        assert client.get("/metrics").status_code == 401
        for wrong in NOT_BORNE:
            answer = client.get("/metrics", headers={"authorization": wrong})
            assert answer.status_code == 401, wrong
            assert answer["WWW-Authenticate"] == 'Bearer realm="metrics"', wrong
        for wrong in WRONG_TOKENS:
            answer = client.get("/metrics", headers={"authorization": wrong})
            assert answer.status_code == 401, wrong
            assert answer["WWW-Authenticate"].endswith('error="invalid_token"'), wrong
    assert client.get("/metrics", {"access_token": TOKEN}).status_code == 401
    for scheme in ("Bearer ", "bearer ", "BEARER  "):
        right = {"authorization": f"{scheme}{TOKEN}"}
        assert Client().get("/metrics", headers=right).status_code == 200, scheme
    client.force_login(viewer)
    assert client.get("/metrics").status_code == 401
    client.force_login(staff)
    assert client.get("/metrics").status_code == 200


@pytest.fixture
def measured_web(start_web: Callable[..., LiveWeb]) -> LiveWeb:
    return start_web(METRICS_TOKEN=TOKEN)


@pytest.fixture
def cookie(measured_web: LiveWeb, viewer: User) -> dict[str, str]:
    return measured_web.cookie(viewer)


@pytest.fixture
def _happened() -> None:
    now = datetime.now(UTC)
    BotProcess.objects.create(
        name="bot", started_at=now, heartbeat_at=now, connected=True, latency_ms=61.0
    )
    with transaction.atomic():
        count_runs([Run("daily", "completed", ms, now) for ms in (0.5, 40.0, 40.0, 90_000.0)])
        count_runs([Run("transfer", "failed", 3.0, now)])
    for _ in range(3):
        record_event(
            kind="test.happened",
            message="of Ada-Lovelace",
            origin=Origin(actor=Ref(77001, "Ada-Lovelace"), guild=Ref(88001, "Harbour-Guild")),
        )


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_happened")
async def test_figures_tell_of_process_hub_log_bot_and_commands_and_of_no_member(
    measured_web: LiveWeb, cookie: dict[str, str], settings
):
    async with browser(measured_web, cookie) as page:
        await page.receive_until("STATS_UPDATE")
        found = figures(measured_web)
        assert found["aurora_sockets"] == 1
        assert found["aurora_hub_behind_events"] == 0
        assert found["aurora_layer_heard"] == 1
        await page.socket.close(code=3999)
    expected = {
        "aurora_events_total": 3,
        "aurora_database_up": 1,
        "aurora_publish_failures_total": 0,
        "aurora_unsent_bytes": 0,
        "aurora_bot_state/bot/online": 1,
        "aurora_bot_state/bot/offline": 0,
        "aurora_bot_gateway_latency_seconds/bot": 0.061,
        "aurora_commands_total/daily/completed": 4,
        "aurora_commands_total/transfer/failed": 1,
        "aurora_command_seconds_count/daily": 4,
        "aurora_command_seconds_bucket/daily/0.001": 1,
        "aurora_command_seconds_bucket/daily/0.032": 1,
        "aurora_command_seconds_bucket/daily/0.064": 3,
        "aurora_command_seconds_bucket/daily/32.768": 3,
        "aurora_command_seconds_bucket/daily/+Inf": 4,
    }
    while (found := figures(measured_web))["aurora_sockets"]:  # until it noticed the end
        pass
    assert {name: found.get(name) for name in expected} == expected
    assert found["process_resident_memory_bytes"] > 1e6
    assert found["aurora_sockets_closed_total/other"] == 1
    text = ask(measured_web, "/metrics", Authorization=f"Bearer {TOKEN}").body.decode()
    for secret in (TOKEN, "Ada", "Harbour", "77001", "88001", cookie["value"], settings.SECRET_KEY):
        assert secret not in text


def test_a_database_that_hangs_is_told_in_time_and_not_asked_by_everybody(
    broker: Broker, tmp_path: Path
):
    with private_cluster() as url:
        folder = Path(url.split("host=")[1])
        migrated = manage(tmp_path, "migrate", "--verbosity", "0", DATABASE_URL=url)
        assert migrated.returncode == 0, migrated.stderr
        with LiveWeb({"DATABASE_URL": url, "METRICS_TOKEN": TOKEN}) as web:
            assert ask(web, "/readyz").status == 200
            master = int((folder / "data" / "postmaster.pid").read_text().split()[0])
            os.kill(master, signal.SIGSTOP)  # takes connections, and says nothing
            try:
                with ThreadPoolExecutor(20) as pool:
                    answers = list(pool.map(lambda _: ask(web, "/readyz"), range(20)))
                assert {answer.status for answer in answers} == {503}
                assert b"database: no answer (TimeoutError)" in answers[0].body
                # One may be late for another reason: the machine is busy with twenty.
                assert any(b"layer: ok" in answer.body for answer in answers)
                assert figures(web)["aurora_database_up"] == 0
                assert ask(web, "/healthz").status == 200
            finally:
                os.kill(master, signal.SIGCONT)
            while ask(web, "/readyz").status == 503:  # until what waited has ended
                pass
