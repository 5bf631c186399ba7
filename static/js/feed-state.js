// What the feed holds: a bounded list of events, the notices between them, and whether it is paused. No DOM.

import { fold } from "./fold.js";
import { age, dayName } from "./time.js";

export const EVENTS_MAX = 500;
const NOTICES_MAX = 5;

/** Returns the sentence of a catch-up notice. */
export function awayText({ count, ms, complete }) {
  const time = age(ms);
  if (!complete) return `More happened in your ${time} away than is replayed · this is the newest, older events are in the log`;
  return `${count} ${count === 1 ? "event" : "events"} while you were away (${time}) · nothing missing`;
}

export class FeedState {
  #events = []; // newest first
  #notices = []; // newest first: {from, to, text}
  #frozen = null;

  constructor(events = []) {
    this.reset(events);
  }

  /** Starts again from a snapshot (newest first); nothing of the old list stays. */
  reset(events) {
    this.#events = events.slice(0, EVENTS_MAX);
    this.#notices = [];
    if (this.#frozen) this.pause();
  }

  /** Takes the next event of the stream. */
  add(event) {
    this.#events.unshift(event);
    if (this.#events.length > EVENTS_MAX) this.#events.pop();
  }

  /** Notes that the events `from` to `to` were caught up with, or that a snapshot was loaded. */
  caughtUp({ from, to, ...away }) {
    this.#notices = [{ from, to, text: awayText(away) }, ...this.#notices].slice(0, NOTICES_MAX);
  }

  /** The first and the last seq the list holds, every one between them included. */
  get range() {
    return this.#events.length ? [this.#events.at(-1).seq, this.#events[0].seq] : null;
  }

  get paused() {
    return this.#frozen !== null;
  }

  pause() {
    this.#frozen = { rows: this.#rows(), last: this.range?.[1] ?? 0 };
  }

  resume() {
    this.#frozen = null;
  }

  /** How many rows arrived since the pause. */
  get waiting() {
    if (!this.#frozen) return 0;
    return fold(this.#events).filter(({ event }) => event.seq > this.#frozen.last).length;
  }

  /**
   * Returns the rows to show, newest first: `{key, kind: "event", event, durationMs, missed}`,
   * `{key, kind: "day", text}` before the first of each day, `{key, kind: "away", text}` above what
   * was caught up with.
   */
  rows() {
    return this.#frozen ? this.#frozen.rows : this.#rows();
  }

  #rows() {
    const rows = [];
    const notices = [...this.#notices];
    let day = "";
    for (const { event, durationMs } of fold(this.#events)) {
      const date = event.timestamp.slice(0, 10);
      if (date !== day) rows.push({ key: `day:${date}`, kind: "day", text: dayName(event.timestamp) });
      day = date;
      while (notices.length && event.seq <= notices[0].to) {
        const { to, text } = notices.shift();
        rows.push({ key: `away:${to}`, kind: "away", text });
      }
      const missed = this.#notices.some(({ from, to }) => from <= event.seq && event.seq <= to);
      rows.push({ key: String(event.seq), kind: "event", event, durationMs, missed });
    }
    return rows;
  }
}
