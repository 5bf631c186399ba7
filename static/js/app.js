// Wires the page: what the server rendered, the stream that keeps it fresh, and the painters.

import { Activity } from "./activity.js";
import { paintAges } from "./ages.js";
import { paintBot, paintShards } from "./bot.js";
import { paintCards } from "./cards.js";
import { paintCommands } from "./commands.js";
import { Feed } from "./feed.js";
import { FeedState } from "./feed-state.js";
import { headline, pageTitle } from "./headline.js";
import { Http } from "./http.js";
import { links } from "./lamp.js";
import { Position } from "./position.js";
import { paintHeadline, paintLamp } from "./status.js";
import { LiveStream } from "./stream.js";
import { ServerClock } from "./time.js";

const given = (id) => JSON.parse(document.getElementById(id).textContent);

const root = document.querySelector(".overview");
const part = (name) => root.querySelector(`.${name}`);
const urls = { stats: root.dataset.statsUrl, events: root.dataset.eventsUrl, login: root.dataset.login, reload: "" };

let stats = given("stats");
const events = given("events");
const serverClock = new ServerClock();
serverClock.start(stats.generatedAt);
const feedState = new FeedState(events);
const feed = new Feed(part("feed"), feedState);
const activity = new Activity(part("activity"), stats.activityOverview);

/** Paints what depends on the time as well as on the news. */
function paintStatus() {
  const now = serverClock.now();
  const page = { ...stream.state, since: serverClock.at(stream.lastNews) };
  const chain = links({ page, stats, now });
  const sentence = headline({ page, stats, links: chain });
  root.dataset.live = page.name;
  root.toggleAttribute("data-old", chain[0].state === "bad");
  paintLamp(part("top"), chain);
  paintHeadline(part("headline"), sentence, urls);
  paintBot(part("bot"), stats, chain[1].word === "bot offline" ? "offline" : stats.bot.state);
  document.title = pageTitle({ tone: sentence.tone, cards: stats.cards, links: chain });
  feed.setWord(chain[0].word.replace(/^page /, ""));
  paintAges(now);
}

function paintStats() {
  root.querySelector('[data-slot="emulated"]').hidden = !stats.bot.emulated;
  paintCards(part("cards"), stats.cards, stats.generatedAt);
  paintCommands(part("commands"), stats.commandStats);
  paintShards(part("shards"), stats.bot.shards);
  activity.update(stats.activityOverview);
  paintStatus();
}

function takeStats(latest) {
  stats = latest;
  if (stats.live !== "stale") serverClock.observe(stats.generatedAt); // a stale stamp tells no time
  paintStats();
}

const wake = new EventTarget();
const awake = () => document.visibilityState === "visible" && wake.dispatchEvent(new Event("wake"));
for (const [target, name] of [[window, "online"], [window, "pageshow"], [document, "visibilitychange"]]) {
  target.addEventListener(name, awake);
}

const stream = new LiveStream({
  url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`,
  position: Position.of(stats.stream, events),
  http: new Http((...request) => fetch(...request), urls),
  WebSocket,
  clock: {
    now: () => Date.now(),
    setTimeout: (action, milliseconds) => setTimeout(action, milliseconds),
    clearTimeout: (timer) => clearTimeout(timer),
  },
  random: Math.random,
  wake,
  heardAt: Math.min(Date.now(), Date.parse(stats.generatedAt)),
  listener: {
    onState: paintStatus,
    onStats: takeStats,
    onEvent(event) {
      feedState.add(event);
      feed.ask();
    },
    onSnapshot(snapshot) {
      feedState.reset(snapshot.events);
      feed.restart();
      takeStats(snapshot.stats);
    },
    onCaughtUp(away) {
      feedState.caughtUp(away);
      feed.ask();
    },
  },
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "p" || typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  feed.togglePause();
});

paintStatus();
setInterval(paintStatus, 1000);
stream.start();
