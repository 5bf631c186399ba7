import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { wakeOf } from "../../static/js/live.js";

let window, document, woken;

beforeEach(() => {
  window = new EventTarget();
  document = Object.assign(new EventTarget(), { visibilityState: "hidden" });
  woken = 0;
  wakeOf(window, document).addEventListener("wake", () => (woken += 1));
});

const happens = (target, name) => target.dispatchEvent(new Event(name));

describe("a page is woken", () => {
  it("when the network is back, also while nobody looks", () => {
    happens(window, "online");
    assert.equal(woken, 1);
  });

  it("when it is looked at again, not when it is hidden", () => {
    happens(document, "visibilitychange");
    happens(window, "pageshow");
    assert.equal(woken, 0);
    document.visibilityState = "visible";
    happens(document, "visibilitychange");
    happens(window, "pageshow");
    assert.equal(woken, 2);
  });
});
