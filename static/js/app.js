// Wires the overview: what the server rendered, the stream that keeps it fresh, and the painters.

import { Activity } from "./activity.js";
import { paintBot, paintShards } from "./bot.js";
import { paintCards } from "./cards.js";
import { paintCommands } from "./commands.js";
import { Feed } from "./feed.js";
import { FeedState } from "./feed-state.js";
import { onKeys } from "./keys.js";
import { given, LivePage } from "./page.js";

const events = given("events");
const page = new LivePage({ events });
const feedState = new FeedState(events);
const feed = new Feed(page.part("feed"), feedState);
const activity = new Activity(page.part("activity"), page.stats.activityOverview);

page.start({
  onStats(stats) {
    paintCards(page.part("cards"), stats.cards, stats.generatedAt);
    paintCommands(page.part("commands"), stats.commandStats);
    paintShards(page.part("shards"), stats.bot.shards);
    activity.update(stats.activityOverview);
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
