// What every live page shares: the stream, the lamp, the headline, the title, the ages, the server's clock.

import { paintAges } from "./ages.js";
import { given } from "./dom.js";
import { headline, pageTitle } from "./headline.js";
import { offerHelp } from "./keys.js";
import { links } from "./lamp.js";
import { openStream } from "./live.js";
import { paintHeadline, paintLamp } from "./status.js";
import { ServerClock } from "./time.js";

const NOBODY = { onStats() {}, onStatus() {}, onEvent() {}, onSnapshot() {}, onCaughtUp() {} };

/**
 * The page around `[data-live]` (templates/dashboard/live.html), kept fresh.
 *
 * Tells its listener what it wants to hear of: `onStats(stats)` when figures came, `onStatus({stats, links, now})` then
 * and every second, and of the stream `onEvent(event)`, `onSnapshot(events, epoch)`, `onCaughtUp(away)`.
 */
export class LivePage {
  root = document.querySelector("[data-live]");
  stats = given("stats");
  /** The headline of what this page is about, if it is about a guild alone. */
  headline = null;
  #clock = new ServerClock();
  #listener = NOBODY;
  #stream;

  constructor() {
    const { statsUrl, eventsUrl, login } = this.root.dataset;
    this.urls = { stats: statsUrl, events: eventsUrl, login, reload: "" };
    this.#clock.start(this.stats.generatedAt);
    this.#stream = openStream({
      urls: this.urls,
      stats: this.stats,
      listener: {
        onState: () => this.#paintStatus(),
        onStats: (stats) => this.#take(stats),
        onEvent: (event) => this.#listener.onEvent(event),
        onSnapshot: ({ stats, events: newest }) => {
          this.#listener.onSnapshot(newest, stats.stream.epoch);
          this.#take(stats);
        },
        onCaughtUp: (away) => this.#listener.onCaughtUp(away),
      },
    });
  }

  /** What is asked of the server beside the stream. */
  get http() {
    return this.#stream.http;
  }

  /** Returns the part of the page with this class. */
  part(name) {
    return this.root.querySelector(`.${name}`);
  }

  start(listener) {
    this.#listener = { ...NOBODY, ...listener };
    this.#paintStatus();
    setInterval(() => this.#paintStatus(), 1000);
    offerHelp();
    this.#stream.start();
  }

  #take(stats) {
    this.stats = stats;
    if (stats.live !== "stale") this.#clock.observe(stats.generatedAt); // a stale stamp tells no time
    this.root.querySelector('[data-slot="emulated"]').hidden = !stats.bot.emulated;
    this.#listener.onStats(stats);
    this.#paintStatus();
  }

  /** Paints what depends on the time as well as on the news. */
  #paintStatus() {
    const { root, stats } = this;
    const now = this.#clock.now();
    const page = { ...this.#stream.state, since: this.#clock.at(this.#stream.lastNews) };
    const chain = links({ page, stats, now });
    const sentence = headline({ page, stats, links: chain, own: this.headline });
    root.dataset.live = page.name;
    root.toggleAttribute("data-old", chain[0].state === "bad");
    paintLamp(this.part("top"), chain);
    const moment = `${root.dataset.logUrl}?at=${encodeURIComponent(stats.headline.at)}`;
    paintHeadline(this.part("headline"), sentence, { ...this.urls, moment });
    document.title = pageTitle({ name: root.querySelector("h1").textContent, tone: sentence.tone, cards: stats.cards, links: chain });
    this.#listener.onStatus({ stats, links: chain, now });
    paintAges(now);
  }
}
