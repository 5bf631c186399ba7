// How long something may still take.

/** Returns the whole seconds from `now` (ms) until `deadline` (ISO), never fewer than 0. */
export const secondsLeft = (deadline, now) => Math.max(0, Math.ceil((Date.parse(deadline) - now) / 1000));
