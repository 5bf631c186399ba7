"""What an open page does under load: 200 events a second for a minute into a real Chromium.

`make bench-feed`: a web process, a writer of its own, the overview or `--path`. Prints when the
page first showed something, and the tasks over 50 ms of that time; then how long the main thread
was held up, by the clock and by what it computed (the rest it waited for a busy machine), what the
page holds, and whether it shows every event up to the head. Exit status 1 when one is missing, a
task computed for over 100 ms, or the page holds half as much again at the end as after a third of
the time.
"""

import argparse
import json
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TASK_MAX_MS = 100.0
GROWTH_MAX = 1.5
FIRST_VISIT = """() => new Promise((done) => {
    const tasks = [];
    const seen = new PerformanceObserver((list) =>
        tasks.push(...list.getEntries().map((task) => task.duration)));
    seen.observe({ type: "longtask", buffered: true });
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    setTimeout(() => done({ paint: paint.startTime, tasks }), 100);
})"""


class Task(NamedTuple):
    """What the main thread did in one go, in ms: by the clock, and computing."""

    wall: float
    computed: float


class Held(NamedTuple):
    """What the page holds, after its garbage was collected."""

    at: float
    heap_mb: float
    nodes: int


def write(rate: float, seconds: float) -> None:
    """Record `rate` events a second, by the clock: a change and its outcome for each command."""
    import django

    django.setup()
    from dashboard.events import Origin, Ref, record_event
    from dashboard.models import Level

    began = time.monotonic()
    for number in range(int(rate * seconds / 2)):
        time.sleep(max(0.0, began + number * 2 / rate - time.monotonic()))
        member = Ref(2000 + number % 50, f"member {number % 50}")
        origin = Origin(Ref(1000 + number % 5, "Harbour"), member, "daily", f"r{number}")
        record_event(
            kind="economy.daily_claimed",
            message=f"{member.name} claimed {100 + number % 400} coins, day {number % 9}",
            level=Level.SUCCESS if number % 20 else Level.WARN,
            origin=origin,
        )
        record_event(
            kind="bot.command_completed",
            message=f"/daily for {member.name}",
            origin=origin,
            duration_ms=40.0 + number % 90,
        )
    print(f"written in {time.monotonic() - began:.1f} s", flush=True)


def measure(options: argparse.Namespace) -> int:
    """Open the page, let it be written to, and print what came of it."""
    from django.contrib.auth.models import User
    from playwright.sync_api import sync_playwright

    from tests.browser import ARGUMENTS, beside
    from tests.web import LiveWeb

    with ExitStack() as stack:
        user = User.objects.create_superuser("admin")
        web = stack.enter_context(LiveWeb({}))
        cookie = web.cookie(user)
        browser = stack.enter_context(sync_playwright()).chromium.launch(
            executable_path=options.chromium, args=[*ARGUMENTS, "--js-flags=--expose-gc"]
        )
        session = browser.new_context(viewport={"width": 1440, "height": 1100})
        session.add_cookies([cookie])  # type: ignore[list-item]
        page = session.new_page()
        page.goto(web.url + options.path)
        page.locator("[data-live=live]").wait_for()
        page.wait_for_timeout(2_000)
        first = page.evaluate(FIRST_VISIT)
        print(f"  {options.path} first shows something after {first['paint']:.0f} ms", end="; ")
        print(f"its long tasks: {[round(each) for each in first['tasks']] or 'none'} ms")
        devtools = session.new_cdp_session(page)
        devtools.send("Performance.enable")
        writer = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.feed", "--write", str(options.rate),
             "--seconds", str(options.seconds)], cwd=ROOT,
        )  # fmt: skip
        browser.start_tracing(page=page, categories=["toplevel"])
        before = figures(devtools)
        held = [look(devtools, 0.0)]
        began = time.monotonic()
        while writer.poll() is None:
            page.wait_for_timeout(options.seconds * 1000 / 6)
            held.append(look(devtools, time.monotonic() - began))
        took = time.monotonic() - began
        head = beside(newest)
        foot = page.locator("[data-slot=feed-foot]", has_text=f"to {head:,}, none missing")
        foot.wait_for(timeout=20_000)
        after = figures(devtools)
        tasks = tasks_in(browser.stop_tracing())
        state = page.locator(".feed").inner_text().splitlines()[-1]
        browser.close()
    return report(options, took, head, state, held, tasks, before, after)


def newest() -> int:
    """Return the head of the log."""
    from dashboard.queries import position

    return position().head


def figures(devtools: Any) -> dict[str, float]:
    """Return what Chromium has counted since the page was opened."""
    found = devtools.send("Performance.getMetrics")["metrics"]
    return {metric["name"]: metric["value"] for metric in found}


def look(devtools: Any, at: float) -> Held:
    """Return what the page holds, its garbage collected."""
    devtools.send("HeapProfiler.collectGarbage")
    now = figures(devtools)
    return Held(at, now["JSHeapUsedSize"] / 1e6, int(now["Nodes"]))


def tasks_in(trace: bytes) -> list[Task]:
    """Return the tasks of the page's main thread, but for those that collected for `look`."""
    events = json.loads(trace)["traceEvents"]
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    collected = [event["ts"] for event in events if "CollectGarbage" in event["name"]]
    return [
        Task(event["dur"] / 1000, event.get("tdur", 0) / 1000)
        for event in events
        if event["name"].endswith("RunTask")
        and event.get("ph") == "X"
        and (event["pid"], event["tid"]) in mains
        and not any(event["ts"] <= at <= event["ts"] + event["dur"] for at in collected)
    ]


def report(
    options: argparse.Namespace,
    took: float,
    head: int,
    state: str,
    held: list[Held],
    tasks: list[Task],
    before: dict[str, float],
    after: dict[str, float],
) -> int:
    """Print the table; return the exit status."""
    longest = max(tasks, key=lambda task: task.wall)
    computed = max(task.computed for task in tasks)
    print(f"{options.path}: {head:,} events in {took:.0f} s, {head / took:.0f} a second")
    print(f"  the page says           {state}")
    print(
        f"  the longest task        {longest.wall:.0f} ms by the clock, of which it computed"
        f" {longest.computed:.0f} ms; the most that any computed is {computed:.0f} ms"
    )
    for name, words in (
        ("ScriptDuration", "in scripts"), ("LayoutDuration", "in layout"),
        ("RecalcStyleDuration", "in styles"), ("TaskDuration", "in all tasks"),
    ):  # fmt: skip
        share = (after[name] - before[name]) / took
        print(f"  {words:<23} {share:6.1%} of the main thread")
    for at, heap, nodes in held:
        print(f"  after {at:3.0f} s             {heap:6.1f} MB heap, {nodes:,} nodes")
    third = held[max(1, len(held) // 3)]
    growth = held[-1].heap_mb / third.heap_mb
    faults = []
    if computed > TASK_MAX_MS:
        faults.append(f"a task computed for {computed:.0f} ms")
    if growth > GROWTH_MAX:
        faults.append(f"the page holds {growth:.1f} times what it held after {third.at:.0f} s")
    for fault in faults:
        print(f"  NOT AS PROMISED: {fault}")
    return 1 if faults else 0


def main(arguments: list[str]) -> int:
    """Run on a private database; return the exit status."""
    import shutil

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=200, help="events a second")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--path", default="/", help="the page: / or /events")
    parser.add_argument("--chromium", default=shutil.which("chromium") or "chromium")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--write", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.write:
        write(options.write, options.seconds)
        return 0
    if options.inside:
        import django

        django.setup()
        from django.core.management import call_command

        call_command("collectstatic", interactive=False, verbosity=0)
        return measure(options)
    from tests.private import private_machine

    with private_machine("sqlite") as environment:
        command = [sys.executable, "-m", "benchmarks.feed", "--inside", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
