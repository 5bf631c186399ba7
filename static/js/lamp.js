// Which link is broken: page, bot or Discord. dashboard/lamp.py derives the same for a page that is not
// live; tests/js/fixtures/lamp.json holds both.

import { milliseconds } from "./figures.js";
import { clockTime } from "./time.js";

const SHAPES = { good: "●", warn: "▲", bad: "✕", unknown: "○" };

/** A bot may be as silent as it is between two heartbeats (5 s) while our figures are as old as they may be. */
export const BOT_OFFLINE_MS = 12_500;
/** Figures older than this are no ground to call the bot offline: it may be us who hear nothing. */
export const NEWS_FRESH_MS = 7_500;
export const STALE_MS = 12_500;

const link = (id, state, word, at = null) => ({ id, state, shape: SHAPES[state], word, at });
const iso = (at) => (at === null ? null : new Date(at).toISOString());

/**
 * Returns the three links, each `{id, state, shape, word, at}`, `at` being the time its age counts from.
 *
 * `page` is `{name, code, since}` as socket.js tells it, `since` (the last news) and `now` in
 * milliseconds of the server's clock.
 */
export function links({ page, stats, now }) {
  const bot = botLink(page, stats, now);
  const discord = bot.state === "good" ? discordLink(stats) : link("discord", "unknown", "Discord ?");
  return [pageLink(page, stats, now), bot, discord];
}

function pageLink(page, stats, now) {
  const at = iso(page.since);
  switch (page.name) {
    case "live":
      if (stats.live === "stale") return link("page", "bad", "database silent", stats.generatedAt);
      if (stats.live === "polling") return link("page", "warn", "page live, by polling", at);
      return link("page", "good", "page live", at);
    case "polling":
      return link("page", "warn", "page polling", at);
    case "reconnecting":
      if (now - page.since < STALE_MS) return link("page", "warn", "page reconnecting", at);
      return link("page", "bad", `page stale since ${clockTime(at)}`, at);
    case "reloading":
      if (now - page.since < STALE_MS) return link("page", "warn", "page reloading", at);
      return link("page", "bad", `page stale since ${clockTime(at)}`, at);
    case "stopped":
      return link("page", "bad", page.code === 4501 ? "page signed out" : "page refused", at);
    case "connecting":
      return link("page", "unknown", "page connecting", at);
    default:
      return link("page", "unknown", "page not live", stats.generatedAt);
  }
}

/** Returns whether what we know of the bot is new enough to say that it is silent. */
const isFresh = (page, stats, now) =>
  page.name === "off" || (stats.live !== "stale" && now - Date.parse(stats.generatedAt) <= NEWS_FRESH_MS);

function botLink(page, stats, now) {
  const { state, heartbeatAt } = stats.bot;
  if (state === "never") return link("bot", "unknown", "bot never seen");
  if (state === "offline" || state === "stopped") return link("bot", "bad", `bot ${state}`, heartbeatAt);
  if (!isFresh(page, stats, now)) return link("bot", "unknown", "bot ?", heartbeatAt);
  const silent = page.name !== "off" && now - Date.parse(heartbeatAt) > BOT_OFFLINE_MS;
  return silent ? link("bot", "bad", "bot offline", heartbeatAt) : link("bot", "good", "bot online", heartbeatAt);
}

function discordLink({ bot, cards }) {
  const down = bot.shards.filter((shard) => shard.state !== "connected").length;
  const acks = bot.shards.map((shard) => shard.lastAckSeconds).filter((seconds) => seconds !== null);
  const at =
    acks.length && bot.heartbeatAt
      ? iso(Date.parse(bot.heartbeatAt) - Math.floor(Math.max(...acks) * 1000 + 0.5))
      : null;
  if (bot.state === "connecting" || (down && down === bot.shards.length)) {
    return link("discord", "bad", "Discord not connected", at);
  }
  if (down) return link("discord", "warn", `Discord: ${down} of ${bot.shards.length} shards down`, at);
  const latency = bot.latencyMs === null ? "" : ` ${milliseconds(bot.latencyMs)}`;
  if (cards.some((card) => card.id === "latency" && card.state)) {
    return link("discord", "warn", `Discord slow${latency}`, at);
  }
  return link("discord", "good", `Discord${latency || " connected"}`, at);
}
