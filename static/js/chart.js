// A chart: what was drawn by the server drawn anew by uPlot, with the figures of the point that is pointed at.

import { slot } from "./dom.js";
import { moved } from "./spans.js";

const { uPlot } = globalThis; // a script before the modules: the package has no module that is small

/** The axis of time speaks UTC, as the page does. */
const tzDate = (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC");
const compact = new Intl.NumberFormat("en-US", { notation: "compact" });
const whole = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((power) => [1, 2, 5].map((n) => n * 10 ** power));

export class Chart {
  #figure;
  #tip;
  #said;
  #how;
  #plot = null;
  #at = null;

  /**
   * Draws into `root`'s figure. `how` tells: `columns()` and `options({colour, sync})` as uPlot takes them, `range()` the
   * first and last second, `tip(index)` the words for a point, `follow(index)`, if there is one, goes to it.
   */
  constructor(root, how) {
    this.#how = how;
    this.#figure = slot(root, "chart");
    this.#said = slot(root, "said");
    this.#tip = document.createElement("p");
    this.#tip.className = "chart-tip";
    this.#tip.hidden = true;
    this.draw();
    new ResizeObserver(() => this.#plot.setSize(this.#size())).observe(this.#figure);
    addEventListener("themechange", () => this.draw());
    matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => this.draw());
    this.#figure.addEventListener("keydown", (event) => this.#key(event));
    this.#figure.addEventListener("blur", () => this.#point(null));
  }

  /** Draws the chart anew: for another range, and for another theme, which a canvas does not follow by itself. */
  draw() {
    this.#plot?.destroy();
    this.#figure.replaceChildren(slot(this.#figure, "nothing"), this.#tip);
    this.#plot = new uPlot(this.#options(), this.#how.columns(), this.#figure);
    this.#plot.over.append(this.#tip);
    if (this.#how.follow) {
      this.#plot.over.addEventListener("click", () => this.#follow(this.#plot.cursor.idx));
    }
    this.#at = null;
  }

  /** Shows the columns as they are now. */
  update() {
    this.#plot.setData(this.#how.columns());
    if (!this.#tip.hidden && this.#at !== null) this.#tip.textContent = this.#how.tip(this.#at);
  }

  #size() {
    const style = getComputedStyle(this.#figure);
    return {
      width: Math.max(200, this.#figure.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight)),
      height: Math.max(120, this.#figure.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom)),
    };
  }

  /** Returns the colour of a role as the theme has it now: a canvas knows no custom properties. */
  #colour(role) {
    this.#tip.style.color = `var(${role})`;
    const { color } = getComputedStyle(this.#tip);
    this.#tip.style.color = "";
    return color;
  }

  #options() {
    const colour = (role) => this.#colour(role);
    const [faint, line] = [colour("--text-faint"), colour("--line")];
    const font = `11px ${getComputedStyle(document.body).fontFamily}`;
    const axis = { stroke: faint, font, ticks: { show: false }, grid: { stroke: line, width: 1 } };
    const { top, sync, x, hooks = {}, series, unit = "" } = this.#how.options(colour);
    return {
      ...this.#size(),
      tzDate,
      series,
      legend: { show: false },
      padding: [8, 14, 0, 0],
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false }, sync: { key: sync, scales: ["x", null] } },
      scales: { x: { range: () => this.#how.range() }, y: { range: (_, __, high) => [0, Math.max(top, (high ?? 0) * 1.06)] } },
      axes: [
        { ...axis, grid: { show: false }, size: 24, space: 56, ...x },
        { ...axis, size: 44, space: 48, incrs: whole, values: (_, at) => at.map((value) => compact.format(value) + unit) },
      ],
      hooks: { ...hooks, setCursor: [(plot) => this.#show(plot)] },
    };
  }

  #show({ cursor: { idx, left }, over }) {
    this.#at = idx === undefined || left < 0 ? null : idx;
    this.#tip.hidden = this.#at === null;
    if (this.#at === null) return;
    this.#tip.textContent = this.#how.tip(this.#at);
    const room = over.clientWidth - this.#tip.offsetWidth;
    this.#tip.style.transform = `translateX(${Math.max(0, Math.min(room, left - this.#tip.offsetWidth / 2))}px)`;
  }

  #point(index) {
    const left = index === null ? -10 : this.#plot.valToPos(this.#how.columns()[0][index], "x");
    this.#plot.setCursor({ left, top: index === null ? -10 : 1 });
    this.#said.textContent = index === null ? "" : this.#how.tip(index);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" && this.#at !== null) return this.#follow(this.#at);
    const to = moved(event.key, this.#at, this.#how.columns()[0].length);
    if (to === null) return;
    event.preventDefault();
    this.#point(to);
  }

  #follow(index) {
    if (index !== null && index !== undefined) this.#how.follow?.(index);
  }
}

export const bars = uPlot.paths.bars;
