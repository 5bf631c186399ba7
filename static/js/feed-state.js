// What the feed holds: a bounded list of the events that are wanted, the notices between them, whether it is paused,
// and whether it follows the log or shows a piece of its past. No DOM.

import { figure } from "./figures.js";
import { fold, isFolded } from "./fold.js";
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
   * newer one was; `here` is the event that was asked for; `epoch` says of which log. A pause ends with its view.
   */
  show(events, view = {}) {
    this.#frozen = null;
    this.showAgain(events, view);
  }

  /** Shows the same view as it is now. While paused what is read stays, unless it is of another log. */
  showAgain(events, view = {}) {
    const from = view.from ?? events.at(-1)?.seq ?? 1;
    const upto = view.upto ?? events[0]?.seq ?? 0;
    const sameLog = view.epoch === this.#view?.epoch;
    this.#view = { ...WHOLE_LOG, ...view, from };
    this.#begin(events, from, upto);
    if (!this.#frozen) return;
    if (sameLog) this.#recount();
    else this.pause();
  }

  /** Starts the same view again from a snapshot of the log `epoch`, newest first. */
  reset(events, epoch) {
    const from = events.at(-1)?.seq ?? 1;
    const whole = this.#view.plain && from === 1;
    this.showAgain(events, { ...this.#view, epoch, from, upto: events[0]?.seq ?? 0, whole, here: 0 });
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
    if (!this.#range) this.#from = event.seq;
    this.#upto = event.seq;
    if (!wanted) return;
    if (this.#frozen && !isFolded(event, this.#events)) this.#frozen.arrived += 1;
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

  /** The first and the last seq that it speaks of: every wanted event between them, both included, is shown. */
  get range() {
    return this.#frozen ? this.#frozen.range : this.#range;
  }

  get #range() {
    return this.#upto >= this.#from ? [this.#from, this.#upto] : null;
  }

  /**
   * `{live, plain, whole, last, count, later, dropped}`: what it shows, whether nothing is older or newer, how many
   * events, how many came since, and whether it let go of the oldest.
   */
  get view() {
    if (this.#frozen) return this.#frozen.view;
    const { live, plain, whole, last, from } = this.#view;
    const [count, later] = [this.#events.length, this.#later];
    return { live, plain, whole, last: last && !later, count, later, dropped: this.#from > from };
  }

  /** Which log its events are of. */
  get epoch() {
    return this.#view.epoch;
  }

  get paused() {
    return this.#frozen !== null;
  }

  pause() {
    this.#frozen = null;
    this.#frozen = { rows: this.#rows(), range: this.#range, view: this.view, last: this.#upto, arrived: 0, more: false };
  }

  /** Goes on with the newest; when not all that came is held, a notice above what came says so and leads there. */
  resume() {
    const { last, range } = this.#frozen;
    this.#frozen = null;
    if (!range || this.#from <= last + 1) return;
    const text = `While you were paused more came than this list holds: events ${figure(last + 1)} to ${figure(this.#from - 1)} are not in it`;
    this.#notices = [{ from: this.#upto + 1, to: this.#upto, text, after: last }, ...this.#notices].slice(0, NOTICES_MAX);
  }

  /** `{count, more}`: how many rows arrived since the pause, and whether it may be more than that. */
  get waiting() {
    const { arrived, more } = this.#frozen ?? { arrived: 0, more: false };
    return { count: arrived, more };
  }

  /** Counts again what came since the pause: the list was begun anew, maybe past events that were never here. */
  #recount() {
    const { last, arrived } = this.#frozen;
    const held = fold(this.#events).filter(({ event }) => event.seq > last).length;
    const missing = Math.max(0, this.#from - last - 1);
    this.#frozen.arrived = Math.max(arrived, held + (this.#view.plain ? missing : 0));
    this.#frozen.more = !this.#view.plain && missing > 0;
  }

  /**
   * Returns the rows to show, newest first: `{key, kind: "event", event, durationMs, missed, here}`,
   * `{key, kind: "day", text}` before the first of each day, `{key, kind: "away", text, after}` above what
   * was caught up with; `after` is the seq to read on from, if there is something to read.
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
        const { to, text, after } = notices.shift();
        rows.push({ key: `${after === undefined ? "away" : "paused"}:${to}`, kind: "away", text, after });
      }
      const missed = this.#notices.some(({ from, to }) => from <= event.seq && event.seq <= to);
      const found = event.seq <= here;
      if (found) here = 0; // only the first
      rows.push({ key: String(event.seq), kind: "event", event, durationMs, missed, here: found });
    }
    return rows;
  }
}
