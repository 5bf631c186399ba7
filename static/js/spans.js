// What the charts show of time: their points kept up to date by what frames tell, their names, what is unusual in them.

import { dayName, hourTime } from "./time.js";
import { isSlow, median } from "./usual.js";

const RUNS_MIN = 5; // a p95 of fewer is one slow command, and tells nothing of the others
const MINUTE_MS = 60_000;
export const LENGTH_SECONDS = { "1h": 3600, "24h": 86_400, "7d": 7 * 86_400, "30d": 30 * 86_400 };

/** Returns how a step that begins at `timestamp` is called in a chart of `range`; templatetags/charts.py agrees. */
export function stepName(timestamp, range) {
  if (range === "30d") return dayName(timestamp).slice(0, -5);
  if (range === "7d") return `${dayName(timestamp).split(" ").slice(1, 3).join(" ")}, ${hourTime(timestamp)}`;
  return hourTime(timestamp);
}

/**
 * Returns the activity `chart` with what `hours`, the 24 hourly points of a frame, tell of its steps; null when a step
 * has begun that the chart does not have.
 */
export function withHours(chart, hours) {
  const step = chart.stepSeconds * 1000;
  const [first, end] = [Date.parse(hours[0].hour), Date.parse(hours.at(-1).hour) + 60 * MINUTE_MS];
  if (end > Date.parse(chart.activityOverview.at(-1).hour) + step) return null;
  const activityOverview = chart.activityOverview.map((point) => {
    const from = Date.parse(point.hour);
    if (from < first || from >= end) return point;
    const within = hours.filter(({ hour }) => Date.parse(hour) >= from && Date.parse(hour) < from + step);
    const sum = (name) => within.reduce((total, each) => total + each[name], 0);
    return { hour: point.hour, commands: sum("commands"), transactions: sum("transactions") };
  });
  return { ...chart, activityOverview };
}

/** Returns the rows of the table of an activity `chart`: each point, and the same of the period before. */
export const activityRows = ({ activityOverview, previous }) =>
  activityOverview.map((point, at) => ({
    ...point,
    commandsBefore: previous[at].commands,
    transactionsBefore: previous[at].transactions,
  }));

/**
 * Returns the latency `chart` with the `minutes` of a frame; null when it has to be asked for again: minutes are
 * missing, or the percentiles of a longer step have become too old.
 */
export function withMinutes(chart, minutes) {
  const last = Date.parse(chart.latency.at(-1).at);
  const newest = Date.parse(minutes.at(-1).at);
  if (chart.range !== "1h") return newest >= last + chart.stepSeconds * 1000 ? null : chart;
  if (Date.parse(minutes[0].at) > last + MINUTE_MS) return null;
  const known = new Map([...chart.latency, ...minutes].map((point) => [point.at, point]));
  return { ...chart, latency: [...known.values()].slice(-60) };
}

/** Returns `[first, last]` of each stretch of `points` that is out of the ordinary; dashboard/latency.py agrees. */
export function unusual(points) {
  const [gatewayMs, p95Ms] = ["gatewayMs", "p95Ms"].map((name) => median(points.map((point) => point[name])));
  const stretches = [];
  points.forEach((point, at) => {
    const [gateway, p95] = [isSlow(point.gatewayMs, gatewayMs), isSlow(point.p95Ms, p95Ms)];
    if (!gateway && !(p95 && point.runs >= RUNS_MIN)) return;
    if (stretches.at(-1)?.[1] === at - 1) stretches.at(-1)[1] = at;
    else stretches.push([at, at]);
  });
  return stretches;
}

/** Returns the index that a key moves to from `at` (null: none yet) among `count` points; null for any other key. */
export function moved(key, at, count) {
  const to = { ArrowLeft: (at ?? count) - 1, ArrowRight: (at ?? -1) + 1, Home: 0, End: count - 1 }[key];
  return to === undefined ? null : Math.max(0, Math.min(count - 1, to));
}
