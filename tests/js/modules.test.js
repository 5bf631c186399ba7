// What holds for every module: who knows the page, who the socket, and that nobody makes markup of data.

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

const pages = modules.filter((name) => imports(name).includes("page.js"));
const wires = [...pages, "page.js", "live.js"]; // these know both sides, and join them

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
