// Which events get a row of the feed. templatetags/feed.py does the same; tests/js/fixtures/rows.json holds both.

/**
 * Returns `[{event, durationMs}]` of `events` (newest first): one for each thing that happened.
 *
 * A completed command whose request already changed something gets no row of its own: how long it
 * took is shown on the latest earlier change of that request.
 */
export function fold(events) {
  const changes = new Map();
  const durations = new Map();
  const folded = new Set();
  for (let at = events.length - 1; at >= 0; at--) {
    const { seq, kind, request, durationMs } = events[at];
    if (!request) continue;
    if (!kind.startsWith("bot.command_")) {
      changes.set(request, seq);
    } else if (kind === "bot.command_completed" && changes.has(request)) {
      durations.set(changes.get(request), durationMs);
      folded.add(seq);
    }
  }
  return events
    .filter((event) => !folded.has(event.seq))
    .map((event) => ({ event, durationMs: durations.get(event.seq) ?? event.durationMs }));
}

/** Returns whether `event`, newer than all `events`, gets no row of its own among them. */
export const isFolded = ({ kind, request }, events) =>
  Boolean(request) && kind === "bot.command_completed" &&
  events.some((other) => other.request === request && !other.kind.startsWith("bot.command_"));
