// Paints the activity: bars of commands and transactions, the period before behind them, and the table.

import { bars, Chart } from "./chart.js";
import { copyOf, fill, reconcile, setText, slot } from "./dom.js";
import { figure } from "./figures.js";
import { activityRows, LENGTH_SECONDS, stepName, withHours } from "./spans.js";

const HOUR = 3600;
const WORDS = { "24h": "24 hours", "7d": "7 days", "30d": "30 days" };

export class Activity {
  #root;
  #chart;
  #rows;
  #plot;

  constructor(root, chart) {
    this.#root = root;
    this.#chart = chart;
    this.#rows = activityRows(chart);
    this.#plot = new Chart(root, {
      columns: () => this.#columns(),
      options: (colour) => this.#options(colour),
      range: () => [this.#first, this.#first + LENGTH_SECONDS[this.#chart.range]],
      tip: (at) => this.#tip(this.#rows[at]),
    });
  }

  get #first() {
    return Date.parse(this.#rows[0].hour) / 1000;
  }

  /** Takes what a frame tells; returns whether the chart is still whole. */
  update(hours) {
    const chart = withHours(this.#chart, hours);
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
    this.#rows = activityRows(chart);
    draw();
    const words = WORDS[chart.range];
    setText(slot(this.#root, "before-words"), `${words} before`);
    slot(this.#root, "nothing").hidden = this.#rows.some((row) => row.commands || row.transactions);
    setText(slot(this.#root, "nothing"), `No command in the last ${words}.`);
    reconcile(slot(this.#root, "hours"), this.#rows, {
      attribute: "hour",
      keyOf: (row) => row.hour,
      create: () => copyOf("hour-template"),
      update: (element, { hour, commands, commandsBefore, transactions, transactionsBefore }) =>
        fill(element, {
          hour: stepName(hour, chart.range),
          commands: figure(commands),
          "commands-before": figure(commandsBefore),
          transactions: figure(transactions),
          "transactions-before": figure(transactionsBefore),
        }),
    });
  }

  /** The columns uPlot wants: seconds, in the middle of each step, and what was counted, now and before. */
  #columns() {
    const middle = this.#chart.stepSeconds / 2;
    const of = (name) => this.#rows.map((row) => row[name]);
    return [
      this.#rows.map((row) => Date.parse(row.hour) / 1000 + middle),
      ...["commands", "transactions", "commandsBefore", "transactionsBefore"].map(of),
    ];
  }

  #options(colour) {
    const bar = (series, align) => ({
      fill: colour(`--series-${series}`),
      paths: bars({ size: [0.38, 26, 1], align, gap: 2, radius: 0.12 }),
      points: { show: false },
    });
    const before = (series) => ({ stroke: colour(`--series-${series}`), width: 1, dash: [4, 4], points: { show: false } });
    const steps = { "24h": [1, 2, 3, 4, 6, 12].map((n) => n * HOUR), "7d": [24 * HOUR, 48 * HOUR], "30d": [1, 2, 5, 10].map((n) => n * 24 * HOUR) };
    const name = (seconds) => stepName(new Date(seconds * 1000).toISOString(), this.#chart.range);
    const short = (text) => (this.#chart.range === "7d" ? text.split(",")[0] : this.#chart.range === "30d" ? text.slice(4) : text);
    return {
      top: 4,
      sync: this.#chart.range,
      x: { incrs: steps[this.#chart.range], values: (_, at) => at.map((seconds) => short(name(seconds))) },
      series: [{}, bar(1, -1), bar(2, 1), before(1), before(2)],
    };
  }

  #tip({ hour, commands, commandsBefore, transactions, transactionsBefore }) {
    const { range, stepSeconds } = this.#chart;
    const until = new Date(Date.parse(hour) + stepSeconds * 1000).toISOString();
    const when = range === "30d" ? stepName(hour, range) : `${stepName(hour, range)} to ${until.slice(11, 16)}`;
    const counted = (count, before, word) => `${figure(count)} ${word} (${figure(before)} before)`;
    return `${when} · ${counted(commands, commandsBefore, "commands")} · ${counted(transactions, transactionsBefore, "transactions")}`;
  }
}
