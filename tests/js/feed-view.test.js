// The feed when something is asked of it: a filter, or a piece of the past.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { EVENTS_MAX, FeedState } from "../../static/js/feed-state.js";
import { EVERYTHING, matcher } from "../../static/js/filter.js";
import { event, eventsDown } from "./world.js";

const errors = { matches: matcher({ ...EVERYTHING, levels: ["error"] }), live: true, plain: false };
const seqs = (state) => state.rows().filter((row) => row.kind === "event").map((row) => row.event.seq);
const error = (seq) => event(seq, { type: "error" });

describe("a filtered feed", () => {
  it("shows of the stream what is wanted, and knows how far it has seen", () => {
    const state = new FeedState([error(8)], { ...errors, from: 3, upto: 10 });
    for (const seq of [11, 13]) state.add(event(seq));
    state.add(error(14));
    state.add(event(15));
    assert.deepEqual(seqs(state), [14, 8]);
    assert.deepEqual(state.range, [3, 15]);
    assert.equal(state.view.count, 2);
  });

  it("does not take twice what it was made after", () => {
    const state = new FeedState([error(8)], { ...errors, from: 3, upto: 10 });
    state.add(error(8));
    state.add(error(10));
    assert.deepEqual(seqs(state), [8]);
  });

  it("is bounded, and then claims no more than it holds", () => {
    const state = new FeedState([error(1)], { ...errors, from: 1, upto: 1, whole: true });
    for (let seq = 2; seq <= EVENTS_MAX + 1; seq++) state.add(error(seq));
    assert.equal(state.view.count, EVENTS_MAX);
    assert.equal(state.view.whole, false);
    assert.deepEqual(state.range, [2, EVENTS_MAX + 1]);
  });

  it("counts while it is paused only what is wanted", () => {
    const state = new FeedState([], { ...errors, from: 1, upto: 0 });
    state.pause();
    state.add(event(1));
    state.add(error(2));
    assert.equal(state.waiting.count, 1);
    state.resume();
    assert.deepEqual(seqs(state), [2]);
  });
});

describe("a filtered feed that is paused while it starts again", () => {
  it("keeps what is read, and counts at least what it knows of", () => {
    const state = new FeedState([error(8)], { ...errors, epoch: "a", from: 3, upto: 10 });
    state.pause();
    state.add(error(11));
    state.reset([], "a"); // a snapshot came: what it holds is asked for
    state.add(error(90));
    state.showAgain([error(88), error(70)], { ...errors, epoch: "a", from: 60, upto: 89 });
    state.add(error(90));
    assert.deepEqual(seqs(state), [8]);
    assert.deepEqual(state.range, [3, 10]);
    assert.deepEqual(state.waiting, { count: 3, more: true });
    state.resume();
    assert.deepEqual(seqs(state), [90, 88, 70]);
  });

  it("stays paused on another log", () => {
    const state = new FeedState([error(8)], { ...errors, epoch: "a", from: 3, upto: 10 });
    state.pause();
    state.showAgain([error(2)], { ...errors, epoch: "b", from: 1, upto: 2 });
    assert.equal(state.paused, true);
    assert.deepEqual(seqs(state), [2]);
  });
});

describe("a piece of the past", () => {
  const past = { live: false, plain: false, from: 5, upto: 9, here: 7 };

  it("stands still and counts what came since", () => {
    const state = new FeedState(eventsDown(9, 5), past);
    state.add(event(10));
    state.add(event(11));
    assert.deepEqual(seqs(state), [9, 8, 7, 6, 5]);
    assert.deepEqual(state.range, [5, 9]);
    assert.equal(state.view.later, 2);
  });

  it("marks the one event that was asked for, or the row before it", () => {
    const marked = (state) => state.rows().filter((row) => row.here).map((row) => row.event.seq);
    assert.deepEqual(marked(new FeedState(eventsDown(9, 5), past)), [7]);
    const done = { request: "r", kind: "bot.command_completed" };
    const folded = [event(8), event(7, done), event(6, { request: "r" })];
    assert.deepEqual(marked(new FeedState(folded, { ...past, from: 6, upto: 8 })), [6]);
    assert.deepEqual(marked(new FeedState(eventsDown(9, 5))), []);
  });

  it("is left for the newest events, without what was noted or paused before", () => {
    const state = new FeedState(eventsDown(9, 5), past);
    state.pause();
    state.show(eventsDown(12, 3), { from: 3, upto: 12 });
    state.add(event(13));
    assert.equal(state.paused, false);
    assert.deepEqual(state.range, [3, 13]);
  });
});
