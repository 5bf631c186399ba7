// Paints how commands are used in a range: a row each, and a row for each kind of error.

import { copyOf, fill, reconcile, setAttribute, setMoment, slot } from "./dom.js";
import { figure, milliseconds } from "./figures.js";

/** Paints what `/api/commands` answers, into the table under `root`. */
export function paintUsage(root, { commands, sort }) {
  reconcile(slot(root, "usage"), commands, {
    attribute: "command",
    keyOf: (row) => row.command,
    create: () => copyOf("usage-template"),
    update: (element, row) => {
      const { command, runs, refused, failed } = row;
      fill(element, { name: `/${command}`, runs: figure(runs), refused: figure(refused), failed: figure(failed) });
      fill(element, { p50: milliseconds(row.p50Ms), p95: milliseconds(row.p95Ms), p99: milliseconds(row.p99Ms) });
      setAttribute(slot(element, "failed"), "data-failed", failed ? "yes" : "no");
      setAttribute(slot(element, "link"), "href", `${root.dataset.eventsPage}?command=${encodeURIComponent(command)}`);
    },
  });
  for (const link of root.querySelectorAll(".sorts [data-range]")) {
    link.closest("th").ariaSort = link.dataset.range === sort ? "descending" : "none";
  }
  slot(root, "usage-table").hidden = commands.length === 0;
  slot(root, "no-usage").hidden = commands.length > 0;
}

/** Paints the errors, grouped by fingerprint, into `root`. */
export function paintErrors(root, errors) {
  reconcile(slot(root, "errors"), errors, {
    attribute: "fingerprint",
    keyOf: (group) => group.fingerprint,
    create: () => copyOf("error-template"),
    update: (element, { fingerprint, error, where, command, count, lastSeenAt }) => {
      fill(element, { error, where, fingerprint, command: `/${command}`, count: figure(count) });
      setMoment(slot(element, "last"), lastSeenAt);
      const { guild } = root.dataset;
      const query = new URLSearchParams({ fingerprint, ...(guild && { guild }) });
      setAttribute(slot(element, "link"), "href", `${root.dataset.eventsPage}?${query}`);
    },
  });
  slot(root, "error-table").hidden = errors.length === 0;
  slot(root, "no-errors").hidden = errors.length > 0;
}
