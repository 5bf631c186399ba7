// Paints the feed: rows keyed by seq, all that arrived within a frame of the screen at once.

import { copyOf, fill, reconcile, setAttribute, setText, slot } from "./dom.js";
import { figure, milliseconds } from "./figures.js";
import { piece } from "./pieces.js";
import { context, filters, mark, parts, word } from "./sentence.js";
import { clockTime, localMoment } from "./time.js";

const PAINT_EVERY_MS = 150;
const ANIMATED_MAX = 6; // of the rows that arrive together: more is a flood, and each would move for seconds
const SILENT_MS = 500; // until a screen reader has seen that the rows are others
const TEMPLATES = { event: "event-template", away: "away-template", day: "day-template" };

export class Feed {
  #root;
  #state;
  #list;
  #word = "";
  #live = false;
  #asked = false;
  #painted = 0;
  #silent;
  #shown = new WeakMap(); // what each row of the page says, to touch only what changes

  constructor(root, state) {
    this.#root = root;
    this.#state = state;
    this.#list = slot(root, "rows");
    slot(root, "pause").addEventListener("click", () => this.togglePause());
    this.#list.addEventListener("pointerover", ({ target }) => titled(target.closest(".event-time")?.querySelector("time")));
    this.#start();
  }

  /** Shows another view, from its top: no row stays, and those that come are not read out one by one. */
  restart() {
    const log = this.#list.parentElement;
    setAttribute(log, "aria-live", "off");
    this.#list.replaceChildren();
    this.#start();
    log.scrollTop = 0;
    clearTimeout(this.#silent);
    this.#silent = setTimeout(() => setAttribute(log, "aria-live", "polite"), SILENT_MS);
    setText(slot(this.#root, "feed-said"), slot(this.#root, "feed-foot").textContent);
  }

  /** Paints what there is; from now on a new row is news. */
  #start() {
    this.#live = false;
    this.#paint();
    this.#live = true;
  }

  togglePause() {
    if (this.#state.paused) this.#state.resume();
    else this.#state.pause();
    this.ask();
  }

  /** Asks for a painting at the next frame of the screen; under load, a few times a second. */
  ask() {
    if (this.#asked) return;
    this.#asked = true;
    const wait = this.#painted + PAINT_EVERY_MS - performance.now();
    const paint = () => requestAnimationFrame(() => this.#paint());
    if (wait > 0) setTimeout(paint, wait);
    else paint();
  }

  /** Says in a word how events come, that they wait, or that they are of the past. */
  setWord(text) {
    this.#word = text;
    const { paused, view } = this.#state;
    setText(slot(this.#root, "feed-state"), paused ? "paused" : view.live ? text : "earlier events");
  }

  /** Says what went wrong; it stays until nothing is said. */
  say(text) {
    const notice = slot(this.#root, "feed-notice");
    notice.hidden = !text;
    setText(notice, text);
  }

  /** Takes the focus: what had it is gone. */
  focus() {
    this.#list.parentElement.focus({ preventScroll: true });
  }

  /** Brings the event that was asked for into view. */
  showHere() {
    this.#list.querySelector(".here")?.scrollIntoView({ block: "center" });
  }

  #paint() {
    this.#asked = false;
    this.#painted = performance.now();
    const rows = this.#state.rows();
    const created = [];
    reconcile(this.#list, rows, {
      attribute: "key",
      keyOf: (row) => row.key,
      create: (row) => created[created.push(this.#create(row)) - 1],
      update: (element, row) => this.#update(element, row),
    });
    if (this.#live && created.length <= ANIMATED_MAX) created.forEach((element) => element.classList.add("new"));
    slot(this.#root, "empty").hidden = rows.length > 0;
    this.#paintPause();
    this.#paintFoot();
  }

  #paintFoot() {
    const { range, view } = this.#state;
    const [from, upto] = (range ?? []).map(figure);
    let seqs = range ? `events ${from} to ${upto}, none missing · ` : "";
    if (range && !view.plain) seqs = `${figure(view.count)} of ${view.whole ? `all events up to ${upto}` : `events ${from} to ${upto}`} · `;
    setText(slot(this.#root, "feed-foot"), `${seqs}times in UTC`);
    this.#paintWays(range, view);
  }

  /** The ways on: the server worded them for what it knew; what the list holds has changed since. */
  #paintWays(range, view) {
    const way = (name) => slot(this.#root, name); // none where they would make no sense
    if (way("later")) setText(way("later"), view.later ? `· ${figure(view.later)} new` : "");
    if (way("newer")) way("newer").hidden = view.last;
    if (way("reached")) way("reached").hidden = view.dropped;
    const older = way("older");
    if (!older) return;
    older.hidden = view.whole;
    if (range) setAttribute(older, "href", older.getAttribute("href").replace(/(?<=[?&]before=)\d+/, range[0]));
    if (view.dropped) setText(older, "Older");
  }

  #paintPause() {
    const { paused, waiting, view } = this.#state;
    slot(this.#root, "pause").hidden = !view.live;
    slot(this.#root, "pause").setAttribute("aria-pressed", String(paused));
    setText(slot(this.#root, "pause-word"), paused ? `Resume · ${figure(waiting.count)}${waiting.more ? "+" : ""} new` : "Pause");
    this.#root.toggleAttribute("data-paused", paused);
    this.setWord(this.#word);
  }

  #create(row) {
    const element = copyOf(TEMPLATES[row.kind]);
    if (row.kind !== "event") {
      fill(element, { text: row.text });
      if (row.after !== undefined) this.#leadOn(slot(element, "link"), row.after);
      return element;
    }
    const { event } = row;
    element.dataset.type = event.type;
    const link = slot(element, "link");
    link.href = link.getAttribute("href").replace(/0$/, event.seq);
    slot(element, "time").dateTime = event.timestamp;
    fill(element, { time: clockTime(event.timestamp), mark: mark(event.type), word: word(event.type) });
    const known = filters(event);
    slot(element, "sentence").replaceChildren(...parts(event).map((part) => linked(piece(part), part.role === "name" && known[part.text])));
    slot(element, "context").replaceChildren(...context(event).map((name) => place(name, known[name])));
    return element;
  }

  #leadOn(link, after) {
    const older = slot(this.#root, "older").getAttribute("href");
    link.hidden = false;
    link.href = older.replace(/(?<=[?&])before=\d+/, `after=${after}`);
  }

  #update(element, row) {
    if (row.kind !== "event") return;
    const { durationMs, missed, here } = row;
    const said = `${durationMs} ${missed} ${here}`;
    if (this.#shown.get(element) === said) return;
    this.#shown.set(element, said);
    setText(slot(element, "duration"), durationMs === null ? "" : milliseconds(durationMs));
    element.classList.toggle("missed", missed);
    element.classList.toggle("here", here);
  }
}

/** Who or where: what parts it from the others stands outside of what is isolated. */
function place(text, query) {
  const element = document.createElement("span");
  element.className = "place";
  element.append(linked(piece({ role: "text", text }), query));
  return element;
}

/** A name as a way to more of it: `query` is the part of a filter that asks for it, if there is one. */
function linked(name, query) {
  if (!query) return name;
  const link = document.createElement("a");
  link.href = `${document.querySelector("[data-live]").dataset.logUrl}?${query}`;
  link.toggleAttribute("data-view", true);
  link.toggleAttribute("data-more", true);
  link.append(name);
  return link;
}

function titled(time) {
  if (time && !time.title) time.title = localMoment(time.dateTime);
}
