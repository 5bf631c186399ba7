// Wires the economy's page: what the server rendered, the stream that keeps it fresh, and the painters.

import { paintAges } from "./ages.js";
import { paintCards } from "./cards.js";
import { headline } from "./headline.js";
import { links } from "./lamp.js";
import { openStream } from "./live.js";
import { paintCollectors, paintDays, paintLargest, paintProof } from "./money.js";
import { paintHeadline, paintLamp } from "./status.js";
import { ServerClock } from "./time.js";

const root = document.querySelector(".economy");
const part = (name) => root.querySelector(`.${name}`);
const { statsUrl, eventsUrl, login, accountUrl } = root.dataset;
const urls = { stats: statsUrl, events: eventsUrl, login, reload: "" };

let stats = JSON.parse(document.getElementById("stats").textContent);
const serverClock = new ServerClock();
serverClock.start(stats.generatedAt);

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
  const strange = !stats.economy.balanced || chain[0].state === "bad";
  document.title = `${strange ? "▲ " : ""}Economy · Aurora`;
  paintAges(now);
}

function paintStats() {
  const { economy, generatedAt, bot } = stats;
  root.querySelector('[data-slot="emulated"]').hidden = !bot.emulated;
  paintProof(part("proof"), economy, generatedAt);
  paintCards(part("cards"), economy.figures, generatedAt);
  paintDays(part("days"), economy);
  paintCollectors(part("collectors"), economy, accountUrl);
  paintLargest(part("largest"), economy);
  paintStatus();
}

function takeStats(latest) {
  stats = latest;
  if (stats.live !== "stale") serverClock.observe(stats.generatedAt); // a stale stamp tells no time
  paintStats();
}

const stream = openStream({
  urls,
  stats,
  events: [],
  listener: {
    onState: paintStatus,
    onStats: takeStats,
    onEvent: () => {}, // the figures come with the next stats
    onSnapshot: (snapshot) => takeStats(snapshot.stats),
    onCaughtUp: () => {},
  },
});

paintStatus();
setInterval(paintStatus, 1000);
stream.start();
