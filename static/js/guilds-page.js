// Wires the list of guilds: asked for again at its address while news come.

import { Asked } from "./asked.js";
import { setAttribute, slot } from "./dom.js";
import { paintGuilds } from "./guilds.js";
import { LivePage } from "./page.js";

const page = new LivePage();

const asked = new Asked({
  url: () => page.root.dataset.url + location.search,
  get: (url) => page.http.get(url),
  everySeconds: 10,
  take({ guilds, next }) {
    paintGuilds(page.part("guilds"), guilds);
    const way = slot(page.root, "next");
    way.hidden = next === null;
    setAttribute(way, "href", way.getAttribute("href").replace(/(?<=[?&]after=).*/, next ?? ""));
  },
});

page.start({ onStats: () => asked.refresh() });
