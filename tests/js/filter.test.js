// The browser wants the same events as the server: one table, read here and by tests/dashboard/test_search.py.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";

import { EVERYTHING, matcher } from "../../static/js/filter.js";

const { events, cases } = JSON.parse(readFileSync(new URL("fixtures/filters.json", import.meta.url), "utf8"));

describe("a filter", () => {
  for (const { name, wanted, seqs } of cases) {
    it(name, () => assert.deepEqual(events.filter(matcher(wanted)).map((event) => event.seq), seqs));
  }

  it("that is none lets everything through", () => {
    assert.equal(events.filter(matcher(EVERYTHING)).length, events.length);
  });
});
