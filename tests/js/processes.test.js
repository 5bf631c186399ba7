// Shards stand with their process, and one that is far slower than the others is called slow.

import assert from "node:assert/strict";
import { it } from "node:test";

import { byProcess, shardsUp, withSlow } from "../../static/js/processes.js";

const shard = (id, latencyMs = 60, state = "connected") => ({ id, state, latencyMs });

it("gives each process its own shards, in order", () => {
  const bot = {
    processes: [{ name: "a", shards: 2 }, { name: "b", shards: 0 }, { name: "c", shards: 1 }],
    shards: [shard(0), shard(1), shard(0)],
  };
  assert.deepEqual(byProcess(bot).map(({ shards }) => shards.map(({ id }) => id)), [[0, 1], [], [0]]);
});

it("calls slow what is far slower than most, and leaves the state of others", () => {
  const states = (...shards) => withSlow(shards).map(({ state }) => state);
  assert.deepEqual(states(shard(0), shard(1), shard(2, 412), shard(3, null, "resuming")), ["connected", "connected", "slow", "resuming"]);
  assert.deepEqual(states(shard(0, 412)), ["connected"]);
  assert.deepEqual(states(shard(0, 20), shard(1, 20), shard(2, 150)), ["connected", "connected", "connected"]);
});

it("tells how many are connected", () => {
  assert.equal(shardsUp({ shards: [shard(0), shard(1, null, "resuming")] }), "1 of 2 connected");
  assert.equal(shardsUp({ shards: [] }), "");
});
