// Opens the stream of a page with what only a browser has: sockets, clocks, and signs that trying again may help.

import { Http } from "./http.js";
import { Position } from "./position.js";
import { LiveStream } from "./stream.js";

/** Returns a stream that goes on where `stats` leave off; `urls` is `{stats, events}`. */
export function openStream({ urls, stats, listener }) {
  const wake = new EventTarget();
  const awake = () => document.visibilityState === "visible" && wake.dispatchEvent(new Event("wake"));
  for (const [target, name] of [[window, "online"], [window, "pageshow"], [document, "visibilitychange"]]) {
    target.addEventListener(name, awake);
  }
  return new LiveStream({
    url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`,
    position: Position.of(stats.stream),
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
    listener,
  });
}
