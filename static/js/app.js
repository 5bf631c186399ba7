// Wires the overview: what the server rendered, the stream that keeps it fresh, and the painters.

import { Activity } from "./activity.js";
import { Asked } from "./asked.js";
import { paintBot, paintShards } from "./bot.js";
import { paintCards } from "./cards.js";
import { paintCommands } from "./commands.js";
import { given } from "./dom.js";
import { Latency } from "./latency.js";
import { LiveFeed } from "./live-feed.js";
import { LivePage } from "./page.js";
import { Range } from "./range.js";

const page = new LivePage();
const liveFeed = new LiveFeed(page);
const feed = liveFeed.listener;
const activity = new Activity(page.part("activity"), given("activity"));
const latency = new Latency(page.part("latency"), given("latency"), (search) => liveFeed.goTo(search));
const activityAsked = askedFor("activity", activity);
const latencyAsked = askedFor("latency", latency);

/** The chart in the part `name`, of the range that its links choose. */
function askedFor(name, chart) {
  const part = page.part(name);
  const range = new Range([...part.querySelectorAll("[data-range]")], name, () => asked.now());
  const asked = new Asked({
    url: () => `${part.dataset.url}?range=${range.current}`,
    get: (url) => page.http.get(url),
    take: (latest) => chart.show(latest),
  });
  return asked;
}

page.start({
  ...feed,
  onStats(stats) {
    paintCards(page.part("cards"), stats.cards, stats.generatedAt);
    paintCommands(page.part("commands"), stats.commandStats);
    paintShards(page.part("shards"), stats.bot.shards);
    if (!activity.update(stats.activityOverview)) activityAsked.refresh();
    if (!latency.update(stats.latency)) latencyAsked.refresh();
  },
  onStatus(status) {
    const { stats, links: [, botLink] } = status;
    paintBot(page.part("bot"), stats, botLink.word === "bot offline" ? "offline" : stats.bot.state);
    feed.onStatus(status);
  },
});
