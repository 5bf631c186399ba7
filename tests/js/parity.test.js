// The page says the same before and after JavaScript took over: one fixture, read here and by test_parity.py.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";

import { figure, megabytes, milliseconds } from "../../static/js/figures.js";
import { FeedState } from "../../static/js/feed-state.js";
import { pageTitle } from "../../static/js/headline.js";
import { links } from "../../static/js/lamp.js";
import { dayScale, roundText } from "../../static/js/money.js";
import { context, filters, mark, parts, word } from "../../static/js/sentence.js";
import { clockTime } from "../../static/js/time.js";
import { stepName, unusual } from "../../static/js/spans.js";
import { trend } from "../../static/js/trend.js";

const fixture = (name) => JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8"));

/** Returns the rows of the feed as the server's template is given them. */
function rowsOf(events) {
  let day = "";
  const rows = [];
  for (const { kind, text, event, durationMs } of new FeedState(events).rows()) {
    if (kind === "day") {
      day = text;
      continue;
    }
    const { seq, type, timestamp } = event;
    const duration = durationMs === null ? "" : milliseconds(durationMs);
    rows.push({ seq, type, mark: mark(type), word: word(type), timestamp, time: clockTime(timestamp), day, parts: parts(event), context: context(event), filters: filters(event), duration });
    day = "";
  }
  return rows;
}

describe("the feed", () => {
  for (const { name, events, rows } of fixture("rows")) it(name, () => assert.deepEqual(rowsOf(events), rows));
});

describe("the lamp of a page that is not live", () => {
  for (const { name, stats, links: expected, title } of fixture("lamp")) {
    it(name, () => {
      const found = links({ page: { name: "off", code: null, since: null }, stats, now: Date.parse(stats.generatedAt) });
      assert.deepEqual(found, expected);
      assert.equal(pageTitle({ name: "Overview", tone: stats.headline.tone, cards: stats.cards, links: found }), title);
    });
  }
});

describe("a figure", () => {
  for (const { value, ...expected } of fixture("figures")) {
    it(String(value), () => assert.deepEqual({ figure: figure(value), milliseconds: milliseconds(value), megabytes: megabytes(value) }, expected));
  }
});

describe("how far the proof of the ledger is", () => {
  for (const { text, ...proof } of fixture("rounds")) it(text, () => assert.equal(roundText(proof), text));
});

describe("the trend", () => {
  for (const { points, line, area } of fixture("trends")) {
    it(`of ${JSON.stringify(points)}`, () => assert.deepEqual(trend(points), { line, area }));
  }
});

describe("what is out of the ordinary", () => {
  for (const { name, points, unusual: expected } of fixture("unusual")) it(name, () => assert.deepEqual(unusual(points), expected));
});

describe("a step of a chart", () => {
  for (const { at, range, step } of fixture("steps")) it(step, () => assert.equal(stepName(at, range), step));
});

describe("the scale of the bars of days", () => {
  for (const { name, days, names, text } of fixture("scales")) it(name, () => assert.equal(dayScale(days, names), text));
});
