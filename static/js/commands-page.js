// Wires the page of the commands: what was counted in a range, asked for again while news come.

import { Asked } from "./asked.js";
import { paintCards } from "./cards.js";
import { LivePage } from "./page.js";
import { Range } from "./range.js";
import { paintErrors, paintUsage } from "./usage.js";

const page = new LivePage();
const usage = page.part("usage");
const ranges = [".ranges", ".sorts"].map((links) => [...page.root.querySelectorAll(`${links} [data-range]`)]);
const range = new Range(ranges[0], "range", () => asked.now());
const sort = new Range(ranges[1], "sort", () => asked.now());

const asked = new Asked({
  url: () => `${page.root.dataset.url}?range=${range.current}&sort=${sort.current}`,
  get: (url) => page.http.get(url),
  everySeconds: 10,
  take(found) {
    paintCards(page.part("cards"), found.cards, page.stats.generatedAt);
    paintUsage(usage, found);
    paintErrors(page.part("errors"), found.errors);
  },
});

page.start({ onStats: () => asked.refresh() });
