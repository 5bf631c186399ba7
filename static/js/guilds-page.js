// Wires the list of guilds: asked for again at its address while news come.

import { Asked } from "./asked.js";
import { paintGuilds } from "./guilds.js";
import { LivePage } from "./page.js";

const page = new LivePage();

const asked = new Asked({
  url: () => page.root.dataset.url + location.search,
  get: (url) => page.http.get(url),
  everySeconds: 10,
  take: ({ guilds }) => paintGuilds(page.part("guilds"), guilds),
});

page.start({ onStats: () => asked.refresh() });
