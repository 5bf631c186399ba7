/** Returns how long to wait before try number `attempt` (from 0): full jitter under 0.5 s, 1 s, 2 s ... 20 s. */
export const backoff = (attempt, random) => random() * Math.min(20_000, 500 * 2 ** attempt);
