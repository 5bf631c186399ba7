// The news over HTTP while no socket works, so that the page is never blind.

import { Refused } from "./http.js";
import { Timers } from "./timers.js";

export const POLL_MS = 4_000;

/**
 * Reads every few seconds between `start()` and `stop()`, never twice at a time.
 *
 * `position()` is where to read from. Tells its listener: `onNews({stats, events, stream})`,
 * `onSilence()` when the server does not answer, `onRefused(code)` when it will not.
 */
export class Poller {
  #running = false;
  #reading = false;

  constructor({ http, clock, position, listener }) {
    Object.assign(this, { http, clock, position, listener });
    this.timers = new Timers(clock);
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    if (!this.#reading) this.#read();
  }

  stop() {
    this.#running = false;
    this.timers.clearAll();
  }

  async #read() {
    this.#reading = true;
    const answer = await this.http.after(this.position()).catch((error) => error);
    this.#reading = false;
    if (!this.#running) return;
    this.timers.set("poll", POLL_MS, () => this.#read());
    if (answer instanceof Refused) this.listener.onRefused(answer.code);
    else if (answer instanceof Error) this.listener.onSilence();
    else this.listener.onNews(answer);
  }
}
