// Paints the feed: rows keyed by seq, all that arrived within a frame of the screen at once.

import { copyOf, fill, reconcile, setText, slot } from "./dom.js";
import { figure, milliseconds } from "./figures.js";
import { context, mark, parts, word } from "./sentence.js";
import { clockTime, localMoment } from "./time.js";

const PAINT_EVERY_MS = 150;
const TEMPLATES = { event: "event-template", away: "away-template", day: "day-template" };

export class Feed {
  #root;
  #state;
  #list;
  #word = "";
  #live = false;
  #asked = false;
  #painted = 0;

  constructor(root, state) {
    this.#root = root;
    this.#state = state;
    this.#list = slot(root, "rows");
    slot(root, "pause").addEventListener("click", () => this.togglePause());
    this.#list.addEventListener("pointerover", ({ target }) => titled(target.closest(".event-time")));
    this.#start();
  }

  /** Shows another log: the same number may mean another event there, so no row stays. */
  restart() {
    this.#list.replaceChildren();
    this.#start();
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

  /** Says in a word how events come, or that they wait. */
  setWord(text) {
    this.#word = text;
    setText(slot(this.#root, "feed-state"), this.#state.paused ? "paused" : text);
  }

  #paint() {
    this.#asked = false;
    this.#painted = performance.now();
    const rows = this.#state.rows();
    reconcile(this.#list, rows, {
      attribute: "key",
      keyOf: (row) => row.key,
      create: (row) => this.#create(row),
      update,
    });
    slot(this.#root, "empty").hidden = rows.length > 0;
    this.#paintPause();
    const range = this.#state.range;
    const seqs = range ? `events ${figure(range[0])} to ${figure(range[1])}, none missing · ` : "";
    setText(slot(this.#root, "feed-foot"), `${seqs}times in UTC`);
  }

  #paintPause() {
    const { paused, waiting } = this.#state;
    slot(this.#root, "pause").setAttribute("aria-pressed", String(paused));
    setText(slot(this.#root, "pause-word"), paused ? `Resume · ${figure(waiting)} new` : "Pause");
    this.#root.toggleAttribute("data-paused", paused);
    this.setWord(this.#word);
  }

  #create(row) {
    const element = copyOf(TEMPLATES[row.kind]);
    if (row.kind !== "event") {
      fill(element, { text: row.text });
      return element;
    }
    const { event } = row;
    element.dataset.type = event.type;
    element.classList.toggle("new", this.#live);
    slot(element, "time").dateTime = event.timestamp;
    fill(element, { time: clockTime(event.timestamp), mark: mark(event.type), word: word(event.type) });
    slot(element, "sentence").replaceChildren(...parts(event).map(piece));
    slot(element, "context").replaceChildren(...context(event).map((text) => piece({ role: "place", text })));
    return element;
  }
}

function update(element, row) {
  if (row.kind !== "event") return;
  setText(slot(element, "duration"), row.durationMs === null ? "" : milliseconds(row.durationMs));
  element.classList.toggle("missed", row.missed);
}

function piece({ role, text }) {
  if (!role) return document.createTextNode(text);
  const element = document.createElement(role === "command" ? "code" : "bdi");
  if (role === "name") element.className = "name";
  element.textContent = text;
  return element;
}

function titled(time) {
  if (time && !time.title) time.title = localMoment(time.dateTime);
}
