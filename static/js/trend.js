// The line of a card. templatetags/charts.py draws the same; tests/js/fixtures/trends.json holds both.

const WIDTH = 1000;
const HEIGHT = 300;
const MARGIN = 20;

const round = (value) => Math.floor(value + 0.5);

/** Returns the paths `{line, area}` of `points`, oldest first, in a box of 1000 by 300; null is a gap. */
export function trend(points) {
  const known = points.filter((point) => point !== null);
  if (points.length < 2 || !known.length) return { line: "", area: "" };
  const low = Math.min(...known);
  const high = Math.max(...known);
  const flat = high === 0 ? HEIGHT - MARGIN : HEIGHT / 2;
  const height = (point) =>
    high === low ? flat : round(HEIGHT - MARGIN - ((point - low) / (high - low)) * (HEIGHT - 2 * MARGIN));
  let line = "";
  let area = "";
  for (const [start, end] of runs(points)) {
    const corners = points
      .slice(start, end)
      .map((point, at) => [round(((at + start) * WIDTH) / (points.length - 1)), height(point)]);
    const path = corners.map((corner) => corner.join(" ")).join("L");
    line += `M${path}${corners.length === 1 ? `h-${MARGIN}` : ""}`;
    area += `M${corners[0][0]} ${HEIGHT}L${path}L${corners.at(-1)[0]} ${HEIGHT}Z`;
  }
  return { line, area };
}

/** Returns where the unbroken runs of known points start and end. */
function runs(points) {
  const found = [];
  let start = null;
  for (const [at, point] of [...points, null].entries()) {
    if (point === null && start !== null) {
      found.push([start, at]);
      start = null;
    } else if (point !== null && start === null) {
      start = at;
    }
  }
  return found;
}
