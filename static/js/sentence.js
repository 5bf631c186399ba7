// What a row of the feed says. templatetags/feed.py does the same; tests/js/fixtures/rows.json holds both.

const MARKS = { success: "✓", info: "i", warn: "▲", error: "✕" };
const WORDS = { success: "success", info: "info", warn: "warning", error: "error" };

export const mark = (type) => MARKS[type] ?? "i";
export const word = (type) => WORDS[type] ?? "info";

/** Returns what may be marked in the sentence, longest first. */
function marked(event) {
  const names = [event.actor?.name, event.guild?.name];
  for (const [key, value] of Object.entries(event.data)) {
    if (typeof value?.name === "string") names.push(value.name);
    else if (typeof value === "string" && key.toLowerCase().endsWith("name")) names.push(value);
  }
  const found = [...new Set(names.filter(Boolean))].map((text) => ({ role: "name", text }));
  if (event.command) found.push({ role: "command", text: `/${event.command}` });
  return found.sort((a, b) => [...b.text].length - [...a.text].length);
}

const escaped = (text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

/**
 * Returns `[{role, text}]`: the sentence, split where a `name` or a `command` stands in it.
 *
 * A name is marked where it first stands as a whole word, so that it can be isolated: a name
 * written from right to left must not turn its neighbours around.
 */
export function parts(event) {
  const { message } = event;
  const found = [];
  for (const { role, text } of marked(event)) {
    const word = new RegExp(`(?<![\\p{L}\\p{N}_])${escaped(text)}(?![\\p{L}\\p{N}_])`, "gu");
    const free = [...message.matchAll(word)]
      .map(({ index }) => ({ start: index, end: index + text.length, role }))
      .find(({ start, end }) => found.every((other) => other.end <= start || end <= other.start));
    if (free) found.push(free);
  }
  found.sort((a, b) => a.start - b.start);
  const pieces = [];
  let at = 0;
  for (const { start, end, role } of found) {
    pieces.push({ role: "", text: message.slice(at, start) }, { role, text: message.slice(start, end) });
    at = end;
  }
  pieces.push({ role: "", text: message.slice(at) });
  return pieces.filter((piece) => piece.text);
}

/** Returns what asks for more of the guild and of the member, by their names. */
export function filters(event) {
  const named = ["guild", "actor"].filter((key) => event[key]?.name);
  return Object.fromEntries(named.map((key) => [event[key].name, `${key}=${event[key].id}`]));
}

/** Returns who and where, as far as the sentence does not say it already. */
export function context(event) {
  const said = new Set(parts(event).filter((part) => part.role === "name").map((part) => part.text));
  const names = [event.actor?.name, event.guild?.name];
  if (!event.guild) names.push(event.kind.split(".")[0]);
  return names.filter((name) => name && !said.has(name));
}
