// Owns the WebSocket: one connection at a time, always coming back. Knows no page and no event;
// stream.js gives its frames a meaning. tests/js/socket.test.js has every rule.

import { backoff } from "./backoff.js";
import { Timers } from "./timers.js";

export const STALE_MS = 12_500;
export const SETTLED_MS = 10_000;

/**
 * Tells its listener: `onTry()` before each connection, `onFrame(text)`, `onLost(failures)` after
 * each one, `onRefused(code)` when the server said to stay away: then it has stopped for good.
 *
 * `url` is called for each try; `wake` is an EventTarget whose `wake` event says that trying at once
 * may help: back online, or looked at again; `heardAt` is when the page itself was made.
 */
export class Socket {
  lastFrame;
  #tried;
  #socket = null;
  #heard = false;
  #stopped = false;
  #failures = 0;

  constructor({ url, WebSocket, clock, random, wake, listener, heardAt = clock.now() }) {
    Object.assign(this, { url, WebSocket, clock, random, wake, listener });
    this.timers = new Timers(clock);
    this.lastFrame = heardAt;
    this.#tried = clock.now();
  }

  start() {
    this.wake.addEventListener("wake", () => this.#wake());
    this.#connect();
  }

  /** Whether the present connection has brought a frame. */
  get live() {
    return this.#heard;
  }

  send(frame) {
    this.#socket.send(JSON.stringify(frame));
  }

  /** Says that the present connection does what it is for: the back-off starts anew if it does so for 10 s. */
  settle() {
    if (!this.timers.has("settled")) this.timers.set("settled", SETTLED_MS, () => (this.#failures = 0));
  }

  /** Gives up the present connection and tries another; a half-open one may not even answer the close. */
  abandon() {
    this.#drop();
    this.#lost();
  }

  stop() {
    this.#stopped = true;
    this.timers.clearAll();
    this.#drop();
  }

  #connect() {
    this.#tried = this.clock.now();
    this.listener.onTry();
    const socket = new this.WebSocket(this.url());
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = ({ code }) => this.#closed(code);
    this.#socket = socket;
    this.timers.set("stale", STALE_MS, () => this.abandon());
  }

  #receive(text) {
    this.lastFrame = this.clock.now();
    this.timers.set("stale", STALE_MS, () => this.abandon());
    this.#heard = true;
    this.listener.onFrame(text);
  }

  #closed(code) {
    if (code < 4500 || code > 4999) return this.#lost();
    this.stop();
    this.listener.onRefused(code);
  }

  #drop() {
    if (this.#socket) {
      this.#socket.onmessage = this.#socket.onclose = null;
      this.#socket.close();
    }
    this.#socket = null;
    this.#heard = false;
  }

  #lost() {
    this.#socket = null;
    this.#heard = false;
    this.timers.clear("stale", "settled");
    this.timers.set("retry", backoff(this.#failures, this.random), () => this.#connect());
    this.#failures += 1;
    this.listener.onLost(this.#failures);
  }

  #wake() {
    if (this.#stopped) return;
    const silent = this.clock.now() - Math.max(this.lastFrame, this.#tried) > STALE_MS;
    if (this.#socket && silent) this.abandon(); // timers sleep in a hidden tab: it noticed nothing
    if (this.#socket) return;
    this.timers.clear("retry");
    this.#connect();
  }
}
