// The shards of the bot, by process; templatetags/shards.py agrees.

import { isSlow, median } from "./usual.js";

/** Returns the processes of the `bot` of the stats, each with a list of its own shards. */
export function byProcess(bot) {
  const shards = withSlow(bot.shards);
  let at = 0;
  return bot.processes.map((process) => {
    const own = shards.slice(at, at + process.shards);
    at += process.shards;
    return { ...process, shards: own };
  });
}

/** Returns `shards`, those far slower than most of them with the state `slow`. */
export function withSlow(shards) {
  const middle = median(shards.map((shard) => shard.latencyMs));
  return shards.map((shard) => (shard.state === "connected" && isSlow(shard.latencyMs, middle) ? { ...shard, state: "slow" } : shard));
}

/** Returns `3 of 4 connected`, and nothing without a shard. */
export function shardsUp({ shards }) {
  const up = shards.filter((shard) => shard.state === "connected").length;
  return shards.length ? `${up} of ${shards.length} connected` : "";
}
