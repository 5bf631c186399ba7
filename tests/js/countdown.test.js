import assert from "node:assert/strict";
import { test } from "node:test";

import { secondsLeft } from "../../static/js/countdown.js";

const AT = "2026-01-08T12:00:10.000Z";
const at = (time) => Date.parse(`2026-01-08T12:00:${time}Z`);

test("a countdown shows the second that has begun, and ends at 0", () => {
  assert.equal(secondsLeft(AT, at("00.000")), 10);
  assert.equal(secondsLeft(AT, at("00.001")), 10);
  assert.equal(secondsLeft(AT, at("09.100")), 1);
  assert.equal(secondsLeft(AT, at("10.000")), 0);
  assert.equal(secondsLeft(AT, at("59.000")), 0);
});
