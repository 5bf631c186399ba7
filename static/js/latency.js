// Paints the latency: the gateway's and the commands' percentiles over time, with what is out of the ordinary marked.

import { Chart } from "./chart.js";
import { copyOf, fill, reconcile, setAttribute, setMoment, setText, slot } from "./dom.js";
import { milliseconds } from "./figures.js";
import { LENGTH_SECONDS, stepName, unusual, withMinutes } from "./spans.js";

const FIGURES = ["gatewayMs", "p95Ms", "p50Ms", "p99Ms"];
const DASHES = [[], [], [2, 3], [6, 4]];
const MINUTE = 60;
const HOUR = 3600;

export class Latency {
  #root;
  #chart;
  #plot;
  #unusual;

  /** `follow(search)` leads to the slowest event of a step. */
  constructor(root, chart, follow) {
    this.#root = root;
    this.#chart = chart;
    this.#unusual = unusual(chart.latency);
    this.#plot = new Chart(root, {
      columns: () => this.#columns(),
      options: (colour) => this.#options(colour),
      range: () => [this.#first, this.#first + LENGTH_SECONDS[this.#chart.range]],
      tip: (at) => this.#tip(this.#chart.latency[at]),
      follow: (at) => follow(this.#way(this.#chart.latency[at])),
    });
  }

  get #first() {
    return Date.parse(this.#chart.latency[0].at) / 1000;
  }

  /** Returns the part of an address that asks for the slowest event of the step of `point`. */
  #way(point) {
    const { stepSeconds } = this.#chart;
    return `?at=${new Date(Date.parse(point.at) + stepSeconds * 1000).toISOString()}&within=${stepSeconds}`;
  }

  /** Takes what a frame tells; returns whether the chart is still whole. */
  update(minutes) {
    const chart = withMinutes(this.#chart, minutes);
    if (!chart) return false;
    if (JSON.stringify(chart) !== JSON.stringify(this.#chart)) this.#take(chart, () => this.#plot.update());
    return true;
  }

  /** Shows another chart: another range, or the same at another time. */
  show(chart) {
    this.#take(chart, () => this.#plot.draw());
  }

  #take(chart, draw) {
    this.#chart = chart;
    this.#unusual = unusual(chart.latency);
    draw();
    const known = chart.latency.some((point) => FIGURES.some((name) => point[name] !== null));
    slot(this.#root, "nothing").hidden = known;
    setText(slot(this.#root, "unusual"), this.#words());
    const strange = new Set(this.#unusual.flatMap(([from, to]) => chart.latency.slice(from, to + 1)));
    reconcile(slot(this.#root, "minutes"), [...chart.latency].reverse(), {
      attribute: "at",
      keyOf: (point) => point.at,
      create: () => copyOf("minute-template"),
      update: (element, point) => {
        const texts = Object.fromEntries(FIGURES.map((name) => [name, milliseconds(point[name])]));
        fill(element, { ...texts, at: stepName(point.at, chart.range) });
        setMoment(slot(element, "at"), point.at);
        setAttribute(slot(element, "link"), "href", this.#root.dataset.eventsPage + this.#way(point));
        setAttribute(element, "data-unusual", strange.has(point) ? "yes" : "no");
      },
    });
  }

  #words() {
    const last = this.#unusual.at(-1);
    if (!last) return "";
    const since = stepName(this.#chart.latency[last[0]].at, this.#chart.range);
    return last[1] === this.#chart.latency.length - 1 ? `▲ unusual since ${since}` : `▲ unusual at ${since}`;
  }

  /** The columns uPlot wants: seconds, in the middle of each step, and the figures; null is a gap. */
  #columns() {
    const middle = this.#chart.stepSeconds / 2;
    return [
      this.#chart.latency.map((point) => Date.parse(point.at) / 1000 + middle),
      ...FIGURES.map((name) => this.#chart.latency.map((point) => point[name])),
    ];
  }

  #options(colour) {
    const line = (name, at) => ({
      stroke: colour(`--latency-${at + 1}`),
      width: at < 2 ? 2 : 1,
      dash: DASHES[at],
      points: { size: 4, filter: (plot, series) => alone(plot.data[series]) },
    });
    const steps = { "1h": [5, 10, 15, 30].map((n) => n * MINUTE), "24h": [1, 2, 3, 4, 6, 12].map((n) => n * HOUR), "7d": [24 * HOUR, 48 * HOUR] };
    const name = (seconds) => stepName(new Date(seconds * 1000).toISOString(), this.#chart.range).split(",")[0];
    const strange = colour("--warn-soft");
    return {
      top: 100,
      sync: this.#chart.range,
      x: { incrs: steps[this.#chart.range], values: (_, at) => at.map(name) },
      series: [{}, ...FIGURES.map(line)],
      hooks: { drawClear: [(plot) => this.#shade(plot, strange)] },
    };
  }

  /** Shades what is out of the ordinary, from the start of its first step to the end of its last. */
  #shade(plot, colour) {
    const { ctx, bbox } = plot;
    const half = this.#chart.stepSeconds / 2;
    ctx.save();
    ctx.fillStyle = colour;
    for (const [from, to] of this.#unusual) {
      const [left, right] = [plot.data[0][from] - half, plot.data[0][to] + half].map((x) => plot.valToPos(x, "x", true));
      ctx.fillRect(Math.max(left, bbox.left), bbox.top, Math.min(right, bbox.left + bbox.width) - Math.max(left, bbox.left), bbox.height);
    }
    ctx.restore();
  }

  #tip(point) {
    const known = (name) => milliseconds(point[name]);
    return `${stepName(point.at, this.#chart.range)} · gateway ${known("gatewayMs")} · p50 ${known("p50Ms")} · p95 ${known("p95Ms")} · p99 ${known("p99Ms")}`;
  }
}

/** Returns the points without a neighbour: a line would not show them. */
function alone(values) {
  const known = (at) => values[at] !== null && values[at] !== undefined;
  return values.map((_, at) => at).filter((at) => known(at) && !known(at - 1) && !known(at + 1));
}
