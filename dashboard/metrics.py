"""The figures of this process, its hub and the bot, in the text form of Prometheus.

Nothing here names a member, a guild or a secret: labels are commands, bot processes and codes.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django.db.models import Sum
from django.utils import timezone
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from dashboard import bots, queries
from dashboard.hub import codes
from dashboard.hub.figures import HubFigures
from dashboard.models import BotProcess, CommandDay
from dashboard.publisher import publisher
from dashboard.runs import PER_DOUBLING

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
DOUBLINGS = 16
COMMANDS_MAX = 100
STATES = ("online", "connecting", "offline", "stopped")
_OURS = {value for name, value in vars(codes).items() if name.isupper()}
_KNOWN_CODES = _OURS | {1000, 1001, 1002, 1003, 1006, 1007, 1009, 1011}

closes: Counter[str] = Counter()
"""How often a socket of this process was closed, by its code. `closed` counts."""


def closed(code: int | None) -> None:
    """Count the end of a socket. A browser may say any code: those we do not know are one."""
    closes[str(code) if code in _KNOWN_CODES else "other"] += 1


class Measured(NamedTuple):
    """What the database tells: one row of `runs` is (command, outcome, bucket, how many)."""

    head: int
    processes: list[BotProcess]
    runs: list[tuple[str, str, int, int]]
    seconds: float


def measure() -> Measured:
    """Read what is told of the bot and of the commands of this UTC day. Its cost is a day's."""
    started = time.perf_counter()
    head = queries.position().head
    seconds = time.perf_counter() - started
    today = CommandDay.objects.filter(day=timezone.now().date())
    busiest = today.values("command").annotate(all=Sum("runs")).order_by("-all")[:COMMANDS_MAX]
    names = [row["command"] for row in busiest]
    rows = today.filter(command__in=names).values_list("command", "outcome", "bucket", "runs")
    return Measured(head, queries.bot_processes(timezone.now()), list(rows), seconds)


def render(hub: HubFigures, measured: Measured | None) -> bytes:
    """Return all figures; without `measured` those that need the database are absent."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Figures(hub, measured))
    return generate_latest(registry)


class _Figures(Collector):
    def __init__(self, hub: HubFigures, measured: Measured | None) -> None:
        self.hub = hub
        self.measured = measured

    def collect(self) -> Iterator[Metric]:
        yield from _of_process(self.hub)
        up = self.measured is not None
        yield GaugeMetricFamily("aurora_database_up", "Whether the database answered.", int(up))
        if self.measured is not None:
            yield from _of_log(self.hub, self.measured)
            yield from _of_bot(self.measured.processes)
            yield from _of_commands(self.measured.runs)


def _of_process(hub: HubFigures) -> Iterator[Metric]:
    gauge, counter = GaugeMetricFamily, CounterMetricFamily
    yield gauge("aurora_sockets", "Open sockets of this process.", hub.sockets)
    yield gauge("aurora_unsent_bytes", "What waits to leave for its sockets.", hub.unsent_bytes)
    yield gauge("aurora_unsent_bytes_most", "What waits for one of them.", hub.unsent_bytes_most)
    yield gauge("aurora_layer_heard", "Whether the channel layer is heard.", int(hub.hears_layer))
    yield gauge("aurora_publish_queue_frames", "Frames to be published.", publisher.waiting)
    yield counter("aurora_published_frames", "Frames published.", publisher.sent)
    yield counter("aurora_publish_failures", "Frames that were not.", publisher.failed)
    counted = counter("aurora_hub_frames", "Frames that were not plainly live.", labels=["what"])
    for what, value in hub.counts:
        counted.add_metric([what], value)
    yield counted
    ended = counter("aurora_sockets_closed", "Sockets that ended, by code.", labels=["code"])
    for code, value in sorted(closes.items()):
        ended.add_metric([code], value)
    yield ended


def _of_log(hub: HubFigures, measured: Measured) -> Iterator[Metric]:
    yield CounterMetricFamily("aurora_events", "Events of the log.", measured.head)
    yield GaugeMetricFamily("aurora_database_seconds", "One small read.", measured.seconds)
    if hub.last is not None:
        behind = max(0, measured.head - hub.last)
        yield GaugeMetricFamily("aurora_hub_behind_events", "Events not yet relayed.", behind)


def _of_bot(processes: Iterable[BotProcess]) -> Iterator[Metric]:
    def gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(f"aurora_bot_{name}", text, labels=["bot", *labels])

    state = gauge("state", "1 for the state it is in.", "state")
    age = gauge("heartbeat_age_seconds", "Since its last heartbeat.")
    latency = gauge("gateway_latency_seconds", "Of the gateway, mean of its shards.")
    memory = gauge("memory_bytes", "Resident memory.")
    database = gauge("database_seconds", "How long the database took to answer it.")
    now = timezone.now()
    for process in processes:
        here = bots.state_of(process, now)
        for name in STATES:
            state.add_metric([process.name, name], int(name == here))
        age.add_metric([process.name], max(0.0, (now - process.heartbeat_at).total_seconds()))
        for family, value, unit in (
            (latency, process.latency_ms, 1000),
            (memory, process.memory_bytes, 1),
            (database, process.database_ms, 1000),
        ):
            if value is not None and here == "online":
                family.add_metric([process.name], value / unit)
    yield from (state, age, latency, memory, database)


def _of_commands(rows: Iterable[tuple[str, str, int, int]]) -> Iterator[Metric]:
    """Tell of the commands of this UTC day: at midnight the counters begin again at 0."""
    ended = CounterMetricFamily(
        "aurora_commands", "Commands of this UTC day.", labels=["command", "outcome"]
    )
    took = HistogramMetricFamily(
        "aurora_command_seconds", "How long they took; the sum is estimated.", labels=["command"]
    )
    outcomes: Counter[tuple[str, str]] = Counter()
    buckets: dict[str, Counter[int]] = {}
    sums: Counter[str] = Counter()
    for command, outcome, bucket, runs in rows:
        outcomes[command, outcome] += runs
        doubling = -(-bucket // PER_DOUBLING)
        buckets.setdefault(command, Counter())[min(doubling, DOUBLINGS)] += runs
        sums[command] += runs * 2 ** (max(bucket - 0.5, 0) / PER_DOUBLING) / 1000  # type: ignore[assignment]
    for (command, outcome), runs in sorted(outcomes.items()):
        ended.add_metric([command, outcome], runs)
    for command, counted in sorted(buckets.items()):
        total, edges = 0, []
        for doubling in range(DOUBLINGS + 1):
            total += counted[doubling]
            edge = "+Inf" if doubling == DOUBLINGS else str(2**doubling / 1000)
            edges.append((edge, total))
        took.add_metric([command], edges, sums[command])
    yield from (ended, took)
