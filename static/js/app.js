// Wires the overview: what the server rendered, the stream that keeps it fresh, and the painters.

import { Activity } from "./activity.js";
import { paintBot, paintShards } from "./bot.js";
import { paintCards } from "./cards.js";
import { paintCommands } from "./commands.js";
import { Feed } from "./feed.js";
import { FeedState } from "./feed-state.js";
import { onKeys } from "./keys.js";
import { Latency } from "./latency.js";
import { given, LivePage } from "./page.js";
import { Range } from "./range.js";

const events = given("events");
const page = new LivePage({ events });
const feedState = new FeedState(events);
const feed = new Feed(page.part("feed"), feedState);
const activity = new Activity(page.part("activity"), given("activity"));
const latency = new Latency(page.part("latency"), given("latency"), goTo);
const activityRange = rangeOf("activity", activity);
const latencyRange = rangeOf("latency", latency);

/** Leads to what happened at a moment, or just before. */
function goTo(timestamp) {
  location.assign(`${page.part("latency").dataset.eventsPage}?at=${timestamp}`);
}

/** The range of the chart that stands in the part `name`, and is given by a parameter of that name. */
function rangeOf(name, chart) {
  const part = page.part(name);
  return new Range({
    links: [...part.querySelectorAll("[data-range]")],
    name,
    url: part.dataset.url,
    get: (url) => page.get(url),
    take: (latest) => chart.show(latest),
  });
}

page.start({
  onStats(stats) {
    paintCards(page.part("cards"), stats.cards, stats.generatedAt);
    paintCommands(page.part("commands"), stats.commandStats);
    paintShards(page.part("shards"), stats.bot.shards);
    if (!activity.update(stats.activityOverview)) activityRange.refresh();
    if (!latency.update(stats.latency)) latencyRange.refresh();
  },
  onStatus({ stats, links: [pageLink, botLink] }) {
    paintBot(page.part("bot"), stats, botLink.word === "bot offline" ? "offline" : stats.bot.state);
    feed.setWord(pageLink.word.replace(/^page /, ""));
  },
  onEvent(event) {
    feedState.add(event);
    feed.ask();
  },
  onSnapshot(newest) {
    feedState.reset(newest);
    feed.restart();
  },
  onCaughtUp(away) {
    feedState.caughtUp(away);
    feed.ask();
  },
});

onKeys({ p: () => feed.togglePause() });
