import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ServerClock, age, clockTime, dayName, hourTime, moment } from "../../static/js/time.js";

const AT = "2026-01-08T12:06:41.123Z";

describe("a time", () => {
  it("is written in UTC, whatever the zone of the machine", () => {
    assert.equal(clockTime(AT), "12:06:41");
    assert.equal(hourTime(AT), "12:06");
    assert.equal(dayName(AT), "Thu 8 Jan 2026");
    assert.equal(dayName("2024-02-29T23:59:59.999Z"), "Thu 29 Feb 2024");
    assert.equal(moment(AT), "8 Jan, 12:06:41");
  });

  it("that is not known is empty", () => {
    assert.equal(clockTime(null), "");
    assert.equal(moment(null), "");
  });
});

describe("an age", () => {
  for (const [ms, text] of [
    [0, "0 s"], [999, "0 s"], [1_000, "1 s"], [59_999, "59 s"], [60_000, "1 min"], [3_599_999, "59 min"],
    [3_600_000, "1 h"], [172_799_999, "47 h"], [172_800_000, "2 d"], [864_000_000, "10 d"],
  ]) it(`of ${ms} ms is ${text}`, () => assert.equal(age(ms), text));

  it("is never negative", () => assert.equal(age(-5_000), "0 s"));
});

describe("the server's clock", () => {
  const stamp = (ms) => new Date(ms).toISOString();
  const BASE = Date.parse(AT);

  it("corrects a browser whose clock is an hour slow", () => {
    const clock = new ServerClock(() => BASE - 3_600_000);
    clock.observe(stamp(BASE));
    assert.equal(clock.now(), BASE);
  });

  it("corrects a browser whose clock is an hour fast", () => {
    const clock = new ServerClock(() => BASE + 3_600_000);
    clock.observe(stamp(BASE));
    assert.equal(clock.now(), BASE);
  });

  it("is not put back by a frame that was long under way", () => {
    let now = BASE;
    const clock = new ServerClock(() => now);
    clock.observe(stamp(BASE));
    now += 9_000;
    clock.observe(stamp(BASE + 1_000)); // 8 s late
    assert.equal(clock.now(), now);
  });

  it("forgets what was true of a clock that has been set since", () => {
    let now = BASE;
    const clock = new ServerClock(() => now);
    clock.observe(stamp(BASE));
    now += 3_600_000; // set forward by an hour
    for (let frame = 0; frame < 12; frame++) clock.observe(stamp(BASE));
    assert.equal(clock.now(), BASE);
  });

  it("lets a page from a cache look as old as it is", () => {
    const clock = new ServerClock(() => BASE + 600_000);
    clock.start(stamp(BASE));
    assert.equal(clock.now() - BASE, 600_000);
  });

  it("believes from the start that the server is ahead", () => {
    const clock = new ServerClock(() => BASE);
    clock.start(stamp(BASE + 5_000));
    assert.equal(clock.now(), BASE + 5_000);
  });

  it("is not disturbed by a stamp that is none", () => {
    const clock = new ServerClock(() => BASE);
    clock.start(undefined);
    clock.observe("soon");
    assert.equal(clock.now(), BASE);
  });
});
