import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { EVENTS_MAX, FeedState, awayText } from "../../static/js/feed-state.js";
import { event, eventsDown } from "./world.js";

const keys = (state) => state.rows().map((row) => row.key);
const DAY = "day:2026-01-08";

describe("the list", () => {
  it("shows the newest first", () => {
    const state = new FeedState(eventsDown(2));
    state.add(event(3));
    assert.deepEqual(keys(state), [DAY, "3", "2", "1"]);
    assert.deepEqual(state.range, [1, 3]);
  });

  it("never holds more than 500 events, and drops the oldest", () => {
    const state = new FeedState(eventsDown(600));
    assert.deepEqual(state.range, [101, 600]);
    for (let seq = 601; seq <= 1_700; seq++) state.add(event(seq));
    assert.deepEqual(state.range, [1_701 - EVENTS_MAX, 1_700]);
    assert.equal(state.rows().length, EVENTS_MAX + 1);
  });

  it("has something older as soon as it let go of an event, and not before", () => {
    const state = new FeedState(eventsDown(2), { whole: true, from: 1, upto: 2 });
    for (let seq = 3; seq <= EVENTS_MAX; seq++) state.add(event(seq));
    assert.deepEqual([state.view.whole, state.view.dropped], [true, false]);
    state.add(event(EVENTS_MAX + 1));
    assert.deepEqual([state.view.whole, state.view.dropped], [false, true]);
  });

  it("knows after a snapshot whether it holds the log from its beginning", () => {
    const state = new FeedState(eventsDown(2), { whole: true, from: 1, upto: 2 });
    state.reset(eventsDown(60, 11));
    assert.equal(state.view.whole, false);
    state.reset(eventsDown(3));
    assert.equal(state.view.whole, true);
  });

  it("is empty when nothing happened", () => {
    assert.deepEqual(new FeedState([]).rows(), []);
    assert.equal(new FeedState().range, null);
  });

  it("puts the duration on a row when its command completes, and adds no row", () => {
    const state = new FeedState([]);
    state.add(event(1, { request: "r" }));
    assert.equal(state.rows()[1].durationMs, null);
    state.add(event(2, { request: "r", kind: "bot.command_completed", durationMs: 84 }));
    assert.deepEqual(keys(state), [DAY, "1"]);
    assert.equal(state.rows()[1].durationMs, 84);
  });

  it("keeps nothing of the old list after a snapshot", () => {
    const state = new FeedState(eventsDown(9));
    state.caughtUp({ from: 3, to: 9, count: 7, ms: 1_000, complete: true });
    state.reset(eventsDown(2));
    assert.deepEqual(keys(state), [DAY, "2", "1"]);
  });
});

describe("the catch-up notice", () => {
  it("stands above what was missed, which is marked", () => {
    const state = new FeedState(eventsDown(4));
    state.caughtUp({ from: 3, to: 4, count: 2, ms: 8_000, complete: true });
    state.add(event(5));
    assert.deepEqual(keys(state), [DAY, "5", "away:4", "4", "3", "2", "1"]);
    assert.deepEqual(state.rows().filter((row) => row.missed).map((row) => row.key), ["4", "3"]);
    assert.equal(state.rows()[2].text, "2 events while you were away (8 s) · nothing missing");
  });

  it("stands in its place when the newest missed event has no row of its own", () => {
    const done = { request: "r", kind: "bot.command_completed", durationMs: 1 };
    const state = new FeedState([event(4, done), event(3, { request: "r" }), event(2)]);
    state.caughtUp({ from: 3, to: 4, count: 2, ms: 8_000, complete: true });
    assert.deepEqual(keys(state), [DAY, "away:4", "3", "2"]);
  });

  it("of each absence stays, up to five", () => {
    const state = new FeedState(eventsDown(20));
    for (let to = 1; to <= 8; to++) state.caughtUp({ from: to, to, count: 1, ms: 1_000, complete: true });
    assert.deepEqual(keys(state).filter((key) => key.startsWith("away")), ["away:8", "away:7", "away:6", "away:5", "away:4"]);
  });

  it("speaks of one event in the singular", () => {
    assert.equal(awayText({ count: 1, ms: 90_000, complete: true }), "1 event while you were away (1 min) · nothing missing");
  });

  it("never claims that nothing is missing when a snapshot had to be loaded", () => {
    assert.doesNotMatch(awayText({ count: 0, ms: 5_000, complete: false }), /nothing missing/);
  });
});

describe("a pause", () => {
  it("of an empty list keeps the first that came in the range", () => {
    const state = new FeedState();
    state.pause();
    for (const seq of [1, 2, 3]) state.add(event(seq));
    assert.equal(state.range, null);
    state.resume();
    assert.deepEqual(state.range, [1, 3]);
  });

  it("freezes the rows, counts what arrives, and ends without loss", () => {
    const state = new FeedState(eventsDown(2));
    state.pause();
    for (let seq = 3; seq <= 39; seq++) state.add(event(seq));
    assert.deepEqual(keys(state), [DAY, "2", "1"]);
    assert.deepEqual(state.waiting, { count: 37, more: false });
    state.resume();
    assert.equal(state.rows().length, 40);
    assert.equal(state.waiting.count, 0);
  });

  it("counts rows, not the completions that are folded into them", () => {
    const state = new FeedState(eventsDown(1));
    state.pause();
    state.add(event(2, { request: "r" }));
    state.add(event(3, { request: "r", kind: "bot.command_completed" }));
    assert.equal(state.waiting.count, 1);
  });

  it("does not keep the rows of a log that is gone", () => {
    const state = new FeedState(eventsDown(9), { epoch: "a" });
    state.pause();
    state.reset(eventsDown(1), "b");
    assert.deepEqual(keys(state), [DAY, "1"]);
    assert.equal(state.paused, true);
  });

  it("counts what the list could not hold, speaks of what is read, and says on resuming what is not in the list", () => {
    const state = new FeedState(eventsDown(648, 549), { from: 549, upto: 648 });
    state.pause();
    for (let seq = 649; seq <= 1_548; seq++) state.add(event(seq));
    assert.equal(state.waiting.count, 900);
    assert.deepEqual(state.range, [549, 648]);
    assert.equal(state.view.dropped, false);
    state.resume();
    assert.deepEqual(state.range, [1_049, 1_548]);
    const [notice] = state.rows().filter((row) => row.kind === "away");
    assert.match(notice.text, /events 649 to 1,048 are not in it/);
    assert.equal(notice.after, 648);
    assert.deepEqual(state.rows().filter((row) => row.missed), []);
    assert.equal(state.rows()[1].kind, "away"); // above all that came
  });

  it("says nothing of a gap when all that came is held", () => {
    const state = new FeedState(eventsDown(3));
    state.pause();
    state.add(event(4));
    state.resume();
    assert.deepEqual(keys(state), [DAY, "4", "3", "2", "1"]);
  });

  it("outlives a snapshot of the same log, and counts what only the log has", () => {
    const state = new FeedState(eventsDown(9), { epoch: "a" });
    state.pause();
    state.reset(eventsDown(1_000, 951), "a");
    state.add(event(1_001));
    assert.equal(state.paused, true);
    assert.deepEqual(keys(state).slice(0, 2), [DAY, "9"]);
    assert.deepEqual(state.waiting, { count: 992, more: false });
    state.resume();
    assert.match(state.rows().find((row) => row.kind === "away").text, /events 10 to 950/);
  });
});
