// Wires the page of one guild: its own feed from the stream, its figures asked for while news come.

import { Asked } from "./asked.js";
import { paintCards } from "./cards.js";
import { given } from "./dom.js";
import { paintDays, paintGuild, paintUsed } from "./guilds.js";
import { LiveFeed } from "./live-feed.js";
import { LivePage } from "./page.js";
import { paintErrors } from "./usage.js";

const page = new LivePage();
page.headline = given("headline");
const feed = new LiveFeed(page).listener;

const asked = new Asked({
  url: () => page.root.dataset.url,
  get: (url) => page.http.get(url),
  everySeconds: 10,
  take(found) {
    page.headline = found.headline;
    paintGuild(page.part("top"), page.part("about"), found.guild);
    paintCards(page.part("cards"), found.cards, page.stats.generatedAt);
    paintDays(page.part("guild-days"), found.days);
    paintUsed(page.part("used"), found.commands);
    paintErrors(page.part("errors"), found.errors);
  },
});

page.start({ ...feed, onStats: () => asked.refresh() });
