// A chart kept up to date by frames: what they tell is taken, what they do not tell is asked for.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { activityRows, moved, withHours, withMinutes } from "../../static/js/spans.js";

const HOUR = 3_600_000;
const iso = (milliseconds) => new Date(milliseconds).toISOString();
const NOON = Date.parse("2026-01-08T12:00:00.000Z");

/** The 24 hourly points up to the hour of `last`, with `commands(hour)` each. */
const hoursTo = (last, commands) =>
  Array.from({ length: 24 }, (_, at) => last - (23 - at) * HOUR).map((at) => ({ hour: iso(at), commands: commands(at), transactions: 1 }));

function activity(range, stepHours, points, last = NOON) {
  const at = (back) => iso(last - back * stepHours * HOUR);
  const of = (from) => Array.from({ length: points }, (_, n) => ({ hour: at(from + points - 1 - n), commands: 7, transactions: 7 }));
  return { range, stepSeconds: stepHours * 3600, activityOverview: of(0), previous: of(points) };
}

describe("activity", () => {
  it("of a day is what the frame tells, with the day before it kept", () => {
    const chart = activity("24h", 1, 24);
    const hours = hoursTo(NOON, (at) => (at === NOON ? 42 : 3));
    const next = withHours(chart, hours);
    assert.deepEqual(next.activityOverview, hours);
    assert.deepEqual(next.previous, chart.previous);
  });

  it("of a week adds up the hours of each step the frame knows whole, and leaves the others", () => {
    const now = NOON + 2 * HOUR;
    const { activityOverview } = withHours(activity("7d", 6, 28), hoursTo(now, () => 10));
    assert.deepEqual(activityOverview.at(-1), { hour: iso(NOON), commands: 30, transactions: 3 });
    assert.equal(activityOverview.at(-2).commands, 60);
    assert.equal(activityOverview.at(-5).commands, 7, "the frame knows only its end");
  });

  it("of a month adds up the day that runs", () => {
    const midnight = NOON - 12 * HOUR;
    const { activityOverview } = withHours(activity("30d", 24, 30, midnight), hoursTo(NOON, () => 2));
    assert.equal(activityOverview.at(-1).commands, 26);
    assert.equal(activityOverview.at(-2).commands, 7);
  });

  it("is asked for again when a step has begun that it does not have", () => {
    assert.equal(withHours(activity("24h", 1, 24), hoursTo(NOON + HOUR, () => 1)), null);
    assert.equal(withHours(activity("7d", 6, 28), hoursTo(NOON + 6 * HOUR, () => 1)), null);
    assert.notEqual(withHours(activity("7d", 6, 28), hoursTo(NOON + 5 * HOUR, () => 1)), null);
  });

  it("has rows with the same point of the period before", () => {
    const [row] = activityRows(activity("24h", 1, 24));
    assert.deepEqual(row, { hour: iso(NOON - 23 * HOUR), commands: 7, transactions: 7, commandsBefore: 7, transactionsBefore: 7 });
  });
});

describe("latency", () => {
  const MINUTE = 60_000;
  const point = (at, p95Ms = 50) => ({ at: iso(at), runs: 9, gatewayMs: 60, p50Ms: 30, p95Ms, p99Ms: 90 });
  const hour = (range = "1h", stepSeconds = 60) => ({
    range,
    stepSeconds,
    latency: Array.from({ length: 60 }, (_, at) => point(NOON - (59 - at) * stepSeconds * 1000)),
  });

  it("takes the last two minutes of a frame, and lets go of the first", () => {
    const { latency } = withMinutes(hour(), [point(NOON, 77), point(NOON + MINUTE, 88)]);
    assert.equal(latency.length, 60);
    assert.deepEqual(latency.slice(-2).map(({ p95Ms }) => p95Ms), [77, 88]);
    assert.equal(latency[0].at, iso(NOON - 58 * MINUTE));
  });

  it("is asked for again when minutes are missing", () => {
    assert.equal(withMinutes(hour(), [point(NOON + 2 * MINUTE), point(NOON + 3 * MINUTE)]), null);
  });

  it("of a day is asked for again when its next step has begun", () => {
    const day = hour("24h", 600);
    assert.equal(withMinutes(day, [point(NOON + 8 * MINUTE), point(NOON + 9 * MINUTE)]), day);
    assert.equal(withMinutes(day, [point(NOON + 9 * MINUTE), point(NOON + 10 * MINUTE)]), null);
  });
});

describe("the keys of a chart", () => {
  for (const [key, at, expected] of [["ArrowLeft", null, 9], ["ArrowRight", null, 0], ["ArrowLeft", 0, 0], ["ArrowRight", 9, 9], ["ArrowRight", 3, 4], ["Home", 5, 0], ["End", 5, 9], ["a", 5, null]]) {
    it(`${key} from ${at}`, () => assert.equal(moved(key, at, 10), expected));
  }
});
