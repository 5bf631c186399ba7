// Paints what is known of the bot, and one tile for each of its shards.

import { copyOf, fill, reconcile, setAttribute, setMoment, slot } from "./dom.js";
import { ack, botWord, deliveryWord, figure, guilds, megabytes, milliseconds } from "./figures.js";
import { withSlow } from "./processes.js";
import { moment } from "./time.js";

/** Paints the facts of the bot; `state` is the server's word, or what the page knows better. */
export function paintBot(root, { bot, stream, live }, state) {
  fill(root, {
    state: botWord(state),
    started: moment(bot.startedAt) || "–",
    guilds: figure(bot.guilds),
    members: figure(bot.members),
    latency: milliseconds(bot.latencyMs),
    database: milliseconds(bot.databaseMs),
    memory: megabytes(bot.memoryBytes),
    delivery: deliveryWord(live),
    head: figure(stream.head),
  });
  setMoment(slot(root, "heartbeat"), bot.heartbeatAt);
}

/** Paints the tiles of all shards, and a word if there are none. */
export function paintShards(root, shards) {
  paintTiles(slot(root, "shards"), withSlow(shards));
  slot(root, "no-shards").hidden = shards.length > 0;
}

/** Paints each of `processes`, as `byProcess` returns them, with the tiles of its shards. */
export function paintProcesses(root, processes) {
  reconcile(slot(root, "processes"), processes, {
    attribute: "process",
    keyOf: (process) => process.name,
    create: () => copyOf("process-template"),
    update: (element, process) => {
      setAttribute(element, "data-state", process.state);
      fill(element, {
        name: process.name,
        word: botWord(process.state),
        started: moment(process.startedAt),
        "guilds-of": figure(process.guilds),
        memory: megabytes(process.memoryBytes),
        database: milliseconds(process.databaseMs),
      });
      setMoment(slot(element, "heartbeat"), process.heartbeatAt);
      paintTiles(slot(element, "tiles"), process.shards);
    },
  });
  slot(root, "no-processes").hidden = processes.length > 0;
}

function paintTiles(list, shards) {
  reconcile(list, shards, {
    attribute: "shard",
    keyOf: (shard) => String(shard.id),
    create: () => copyOf("shard-template"),
    update: (element, shard) => {
      setAttribute(element, "data-state", shard.state);
      fill(element, {
        id: `#${shard.id}`,
        state: shard.state,
        latency: milliseconds(shard.latencyMs),
        ack: ack(shard.lastAckSeconds),
        guilds: guilds(shard.guilds),
      });
    },
  });
}
