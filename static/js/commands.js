// Paints the commands of the day: a row each, the most used first.

import { copyOf, fill, reconcile, setAttribute, slot } from "./dom.js";
import { figure, milliseconds } from "./figures.js";

/** Paints `rows`, the `commandStats` of docs/wire.md, into `root`. */
export function paintCommands(root, rows) {
  reconcile(slot(root, "commands"), rows, {
    attribute: "command",
    keyOf: (row) => row.command,
    create: () => copyOf("command-template"),
    update: (element, { command, runs, p95Ms, failed }) => {
      fill(element, { name: `/${command}`, runs: figure(runs), p95: milliseconds(p95Ms), failed: figure(failed) });
      setAttribute(slot(element, "failed"), "data-failed", failed ? "yes" : "no");
    },
  });
  slot(root, "table").hidden = rows.length === 0;
  slot(root, "no-commands").hidden = rows.length > 0;
}
