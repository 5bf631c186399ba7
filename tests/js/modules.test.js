// What holds for every module: sizes, duties, and that the page asks for all of them at once.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { it } from "node:test";

const folder = new URL("../../static/js/", import.meta.url);
const modules = readdirSync(folder).filter((name) => name.endsWith(".js"));
const source = (name) => readFileSync(new URL(name, folder), "utf8");
const imports = (name) => [...source(name).matchAll(/^import .* from "\.\/(.*)";$/gm)].map(([, found]) => found);

function reachedFrom(name, seen = new Set()) {
  for (const found of imports(name)) if (!seen.has(found)) reachedFrom(found, seen.add(found));
  return seen;
}

const pages = { "app.js": "templates/dashboard", "economy.js": "economy/templates/economy" };
const wires = [...Object.keys(pages), "live.js"]; // these know both sides, and join them

it("each page preloads every module it needs, and no other", () => {
  for (const [name, templates] of Object.entries(pages)) {
    const preloads = readFileSync(new URL(`../../${templates}/_preloads.html`, import.meta.url), "utf8");
    const named = [...preloads.matchAll(/'js\/(.*?)'/g)].map(([, found]) => found);
    assert.deepEqual(named.sort(), [...reachedFrom(name)].sort(), name);
  }
});

it("no module takes markup from data, or code from text", () => {
  for (const name of modules) {
    assert.doesNotMatch(source(name), /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/, name);
  }
});

it("what owns the socket knows no page", () => {
  for (const name of ["stream.js", ...reachedFrom("stream.js"), "feed-state.js", ...reachedFrom("feed-state.js")]) {
    assert.doesNotMatch(source(name), /\bdocument\b|\bwindow\b|\bquerySelector\b/, name);
  }
});

it("what paints knows no socket", () => {
  for (const name of modules.filter((each) => /\bdocument\b|\.\/dom\.js/.test(source(each)) && !wires.includes(each))) {
    assert.doesNotMatch(source(name), /WebSocket|fetch\(/, name);
    assert.ok(!reachedFrom(name).has("socket.js"), name);
  }
});
