// Wires the page of the log: its feed, and nothing else.

import { LiveFeed } from "./live-feed.js";
import { LivePage } from "./page.js";

const page = new LivePage();
page.start(new LiveFeed(page).listener);
