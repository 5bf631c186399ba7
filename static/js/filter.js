// Which events are wanted. dashboard/filters.py tells the same; tests/js/fixtures/filters.json holds both.

const PROBLEMS = ["warn", "error"];

/** Returns what a text is compared by: no case, no letter forms, one kind of small sigma. */
export const folded = (text) => text.normalize("NFKC").toLowerCase().replaceAll("ς", "σ");

/** Returns whether `kind` is the wanted one, or of the wanted family: `economy.*`. */
const isKind = (kind, wanted) => (wanted.endsWith(".*") ? kind.startsWith(wanted.slice(0, -1)) : wanted === "" || kind === wanted);

/**
 * Returns a function that tells whether an event is wanted.
 *
 * `levels`, `kind`, `guild`, `actor` (ids as strings), `command`, `text` and the `fingerprint` of a fault: what is
 * empty matches all.
 */
export function matcher({ levels, kind, guild, actor, command, text, fingerprint }) {
  const needle = folded(text);
  const has = (found) => folded(found ?? "").includes(needle);
  return (event) =>
    (!levels.length || levels.includes(event.type)) &&
    isKind(event.kind, kind) &&
    (!guild || event.guild?.id === guild) &&
    (!actor || event.actor?.id === actor) &&
    (!command || event.command === command) &&
    (!fingerprint || (PROBLEMS.includes(event.type) && event.data.fingerprint === fingerprint)) &&
    (!needle || has(event.message) || has(event.guild?.name) || has(event.actor?.name));
}

/** Matches every event. */
export const EVERYTHING = { levels: [], kind: "", guild: "", actor: "", command: "", text: "", fingerprint: "" };
