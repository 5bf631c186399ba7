// Paints the activity of the last 24 hours: bars, the exact figures of the hour pointed at, and the table.

import uPlot from "../uplot/uPlot.esm.js";
import { copyOf, fill, reconcile, slot } from "./dom.js";
import { figure } from "./figures.js";
import { hourTime } from "./time.js";

const HOUR = 3600;
const compact = new Intl.NumberFormat("en-US", { notation: "compact" });

/** Returns the columns uPlot wants: seconds, commands, transactions. */
const columns = (points) => [
  points.map((point) => Date.parse(point.hour) / 1000),
  points.map((point) => point.commands),
  points.map((point) => point.transactions),
];

export class Activity {
  #root;
  #chart;
  #points;
  #tip;
  #plot = null;

  constructor(root, points) {
    this.#root = root;
    this.#chart = slot(root, "chart");
    this.#tip = document.createElement("p");
    this.#tip.className = "chart-tip";
    this.#tip.hidden = true;
    this.#points = points;
    this.#draw();
    this.#paintNothing();
    new ResizeObserver(() => this.#plot.setSize(this.#size())).observe(this.#chart);
    addEventListener("themechange", () => this.#draw());
    matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => this.#draw());
  }

  update(points) {
    if (JSON.stringify(points) === JSON.stringify(this.#points)) return;
    this.#points = points;
    this.#plot.setData(columns(points));
    this.#paintTable();
    this.#paintNothing();
  }

  #paintNothing() {
    slot(this.#root, "nothing").hidden = this.#points.some((point) => point.commands || point.transactions);
  }

  #size() {
    const style = getComputedStyle(this.#chart);
    return {
      width: Math.max(200, this.#chart.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight)),
      height: Math.max(120, this.#chart.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom)),
    };
  }

  /** Returns the colour of a role as the theme has it now: a canvas knows no custom properties. */
  #colour(role) {
    this.#tip.style.color = `var(${role})`;
    const { color } = getComputedStyle(this.#tip);
    this.#tip.style.color = "";
    return color;
  }

  /** Draws the chart anew: a canvas does not follow the theme by itself. */
  #draw() {
    this.#plot?.destroy();
    this.#chart.replaceChildren(slot(this.#chart, "nothing"), this.#tip);
    this.#plot = new uPlot(this.#options(), columns(this.#points), this.#chart);
    this.#plot.over.append(this.#tip);
  }

  #options() {
    const [faint, line] = [this.#colour("--text-faint"), this.#colour("--line")];
    const font = `11px ${getComputedStyle(document.body).fontFamily}`;
    const axis = { stroke: faint, font, ticks: { show: false }, grid: { stroke: line, width: 1 } };
    const bars = (series, align) => ({
      fill: this.#colour(`--series-${series}`),
      paths: uPlot.paths.bars({ size: [0.38, 26, 1], align, gap: 2, radius: 0.12 }),
      points: { show: false },
    });
    return {
      ...this.#size(),
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      legend: { show: false },
      padding: [8, 14, 0, 0],
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: {
        x: { range: (_, low, high) => [low - HOUR / 2, high + HOUR / 2] },
        y: { range: (_, low, high) => [0, Math.max(4, high * 1.06)] },
      },
      axes: [
        { ...axis, grid: { show: false }, size: 24, space: 56, incrs: [1, 2, 3, 4, 6, 12].map((n) => n * HOUR), values: (_, at) => at.map(hourOf) },
        { ...axis, size: 44, space: 48, incrs: [1, 2, 5].flatMap((n) => [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((power) => n * 10 ** power)).sort((a, b) => a - b), values: (_, at) => at.map(compact.format) },
      ],
      series: [{}, bars(1, -1), bars(2, 1)],
      hooks: { setCursor: [(plot) => this.#point(plot)] },
    };
  }

  #point({ cursor: { idx, left }, over }) {
    const point = idx === null || idx === undefined || left < 0 ? null : this.#points[idx];
    this.#tip.hidden = !point;
    if (!point) return;
    const until = hourOf(Date.parse(point.hour) / 1000 + HOUR);
    this.#tip.textContent = `${hourTime(point.hour)} to ${until} · ${figure(point.commands)} commands · ${figure(point.transactions)} transactions`;
    const room = over.clientWidth - this.#tip.offsetWidth;
    this.#tip.style.transform = `translateX(${Math.max(0, Math.min(room, left - this.#tip.offsetWidth / 2))}px)`;
  }

  #paintTable() {
    reconcile(slot(this.#root, "hours"), this.#points, {
      attribute: "hour",
      keyOf: (point) => point.hour,
      create: () => copyOf("hour-template"),
      update: (row, point) =>
        fill(row, {
          hour: hourTime(point.hour),
          commands: String(point.commands),
          transactions: String(point.transactions),
        }),
    });
  }
}

const hourOf = (seconds) => hourTime(new Date(seconds * 1000).toISOString());
