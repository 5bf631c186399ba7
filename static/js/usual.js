// What is out of the ordinary, as dashboard/cards.py decides it.

const SLOW_MS = 200;
const SLOW_FACTOR = 2;

/** Tells whether a latency is worth a word: high, and many times its usual. Null is not known. */
export const isSlow = (value, usual) =>
  value !== null && Boolean(usual) && value >= SLOW_MS && value >= SLOW_FACTOR * usual;

/** Returns the median of the values that are known, null if none is. */
export function median(values) {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (!known.length) return null;
  const half = known.length >> 1;
  return known.length % 2 ? known[half] : (known[half - 1] + known[half]) / 2;
}
