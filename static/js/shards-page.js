// Wires the page of the shards: all it shows comes with the figures.

import { paintProcesses } from "./bot.js";
import { setText, slot } from "./dom.js";
import { LivePage } from "./page.js";
import { byProcess, shardsUp } from "./processes.js";

const page = new LivePage();

page.start({
  onStats({ bot }) {
    setText(slot(page.root, "shards-up"), shardsUp(bot));
    paintProcesses(page.root, byProcess(bot));
  },
});
