// What the feed holds: a bounded list of the events that are wanted, the notices between them, whether it is paused,
// and whether it follows the log or shows a piece of its past. No DOM.

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

/** All of the log, from its newest event back, followed. */
const WHOLE_LOG = { matches: () => true, live: true, plain: true, whole: false, last: true, here: 0 };

export class FeedState {
  #events = []; // newest first
  #notices = []; // newest first: {from, to, text}
  #frozen = null;
  #view;
  #from; // every wanted event between these two is held
  #upto;
  #seen; // the newest event of the log
  #later; // how many wanted events came after a piece of the past

  constructor(events = [], view = {}) {
    this.show(events, view);
  }

  /**
   * Shows another view: `events` (newest first) are those that `matches` between the seqs `from` and `upto`; `live`
   * when new ones are to be added, `plain` when nothing is left out, `whole` when no older one is kept, `last` when no
   * newer one was; `here` is the event that was asked for.
   */
  show(events, view = {}) {
    const from = view.from ?? events.at(-1)?.seq ?? 1;
    this.#view = { ...WHOLE_LOG, ...view, from };
    this.#frozen = null;
    this.#begin(events, from, view.upto ?? events[0]?.seq ?? 0);
  }

  /** Starts the same view again from a snapshot (newest first); nothing of the old list stays. */
  reset(events) {
    const from = events.at(-1)?.seq ?? 1;
    this.#view = { ...this.#view, from, whole: this.#view.plain && from === 1, here: 0 };
    this.#begin(events, from, events[0]?.seq ?? 0);
    if (this.#frozen) this.pause();
  }

  #begin(events, from, upto) {
    this.#events = events.slice(0, EVENTS_MAX);
    this.#notices = [];
    this.#later = 0;
    this.#seen = this.#upto = upto;
    this.#from = events.length > EVENTS_MAX ? this.#events.at(-1).seq : from;
  }

  /** Takes the next event of the stream, wanted or not. */
  add(event) {
    if (event.seq <= this.#seen) return; // the view was made after it
    this.#seen = event.seq;
    const { live, matches } = this.#view;
    const wanted = matches(event);
    if (!live) {
      if (wanted) this.#later += 1;
      return;
    }
    if (!this.range) this.#from = event.seq;
    this.#upto = event.seq;
    if (!wanted) return;
    this.#events.unshift(event);
    if (this.#events.length <= EVENTS_MAX) return;
    this.#events.pop();
    this.#from = this.#events.at(-1).seq;
    this.#view.whole = false;
  }

  /** Notes that the events `from` to `to` were caught up with, or that a snapshot was loaded. */
  caughtUp({ from, to, ...away }) {
    this.#notices = [{ from, to, text: awayText(away) }, ...this.#notices].slice(0, NOTICES_MAX);
  }

  /** The first and the last seq it speaks of: every wanted event between them, both included, is held. */
  get range() {
    return this.#upto >= this.#from ? [this.#from, this.#upto] : null;
  }

  /**
   * `{live, plain, whole, last, count, later, dropped}`: what it shows, whether nothing is older or newer, how many
   * events, how many came since, and whether it let go of the oldest.
   */
  get view() {
    const { live, plain, whole, last, from } = this.#view;
    const [count, later] = [this.#events.length, this.#later];
    return { live, plain, whole, last: last && !later, count, later, dropped: this.#from > from };
  }

  get paused() {
    return this.#frozen !== null;
  }

  pause() {
    this.#frozen = { rows: this.#rows(), last: this.#upto };
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
   * Returns the rows to show, newest first: `{key, kind: "event", event, durationMs, missed, here}`,
   * `{key, kind: "day", text}` before the first of each day, `{key, kind: "away", text}` above what
   * was caught up with.
   */
  rows() {
    return this.#frozen ? this.#frozen.rows : this.#rows();
  }

  #rows() {
    const rows = [];
    const notices = this.#view.live ? [...this.#notices] : [];
    let { here } = this.#view;
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
      const found = event.seq <= here;
      if (found) here = 0; // only the first
      rows.push({ key: String(event.seq), kind: "event", event, durationMs, missed, here: found });
    }
    return rows;
  }
}
