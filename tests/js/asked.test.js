// What frames do not carry is asked for, not too often, and never shown in the wrong place.

import assert from "node:assert/strict";
import { it } from "node:test";

import { Asked } from "../../static/js/asked.js";

/** A clock whose timers run when the test says so. */
function stoppedClock() {
  const timers = [];
  return {
    at: 0,
    timers,
    now() {
      return this.at;
    },
    setTimeout: (action) => timers.push(action),
    clearTimeout: () => (timers.length = 0),
    run: () => timers.shift()(),
  };
}

function asked({ url = () => "/api/guilds", everySeconds = 10, get } = {}) {
  const [clock, shown, urls] = [stoppedClock(), [], []];
  const answers = get ?? (async (where) => `figures of ${where}`);
  const subject = new Asked({ url, get: (where) => (urls.push(where), answers(where)), take: (figures) => shown.push(figures), everySeconds, clock });
  return { subject, clock, shown, urls };
}

it("news make it ask once, however many they are, and again when enough time has passed", async () => {
  const { subject, clock, shown } = asked();
  subject.refresh();
  subject.refresh();
  assert.equal(clock.timers.length, 1);
  await clock.run();
  clock.at = 9_000;
  subject.refresh();
  assert.equal(clock.timers.length, 0);
  clock.at = 10_000;
  subject.refresh();
  await clock.run();
  assert.equal(shown.length, 2);
});

it("an answer that is late is not shown at another address", async () => {
  let address = "?range=7d";
  const waiting = [];
  const { subject, shown } = asked({ url: () => address, get: () => new Promise((done) => waiting.push(done)) });
  const first = subject.now();
  address = "?range=30d";
  const second = subject.now();
  waiting[1]("a month");
  waiting[0]("a week");
  await Promise.all([first, second]);
  assert.deepEqual(shown, ["a month"]);
});

it("no answer changes nothing, and it asks again", async () => {
  const { subject, clock, shown } = asked({ everySeconds: 0, get: async () => { throw new Error("answered 503"); } });
  assert.equal(await subject.now(), false);
  assert.deepEqual(shown, []);
  subject.refresh();
  assert.equal(clock.timers.length, 1);
});
