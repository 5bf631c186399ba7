// Opens the stream of a page with what only a browser has: sockets, clocks, and signs that trying again may help.

import { Http } from "./http.js";
import { Position } from "./position.js";
import { LiveStream } from "./stream.js";

/** Returns the EventTarget of `wake`: the network is back, seen or not; or the page is looked at again. */
export function wakeOf(window, document) {
  const wake = new EventTarget();
  const awake = () => wake.dispatchEvent(new Event("wake"));
  const seen = () => document.visibilityState === "visible" && awake();
  window.addEventListener("online", awake);
  window.addEventListener("pageshow", seen);
  document.addEventListener("visibilitychange", seen);
  return wake;
}

/** Returns a stream that goes on where `stats` leave off; `urls` is `{stats, events}`. */
export function openStream({ urls, stats, listener }) {
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
    wake: wakeOf(window, document),
    heardAt: Math.min(Date.now(), Date.parse(stats.generatedAt)),
    listener,
  });
}
