// Paints what is known of the bot, and one tile for each of its shards.

import { copyOf, fill, reconcile, setAttribute, setMoment, slot } from "./dom.js";
import { ack, botWord, deliveryWord, figure, guilds, megabytes, milliseconds } from "./figures.js";
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

export function paintShards(root, shards) {
  reconcile(slot(root, "shards"), shards, {
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
  slot(root, "no-shards").hidden = shards.length > 0;
}
