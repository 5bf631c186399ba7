// Keeps a position in the event stream equal to the server's, whatever breaks: checks the sequence, asks for what is
// missing, starts again from a snapshot when that is not to be had, and polls while no socket works.

import { backoff } from "./backoff.js";
import { Refused } from "./http.js";
import { Poller } from "./poller.js";
import { Position } from "./position.js";
import { Socket } from "./socket.js";
import { Timers } from "./timers.js";

export const BEHIND_MS = 2_000;
export const REPLAY_MS = 10_000;
export const POLL_AFTER_FAILURES = 3;
/** All pages learn at the same moment that the log is another: each asks some time within this. */
export const SPREAD_MS = 4_000;

/**
 * Tells its listener, in order: `onState({name, code})`, `onStats(stats)`, `onEvent(event)`,
 * `onSnapshot({stats, events})`, `onCaughtUp({from, to, count, ms, complete})`.
 *
 * State names: `connecting`, `live`, `polling`, `reconnecting`, `reloading` (from a snapshot: what is shown does not
 * move until it is there), `stopped` (for good; `code` says why).
 */
export class LiveStream {
  state = { name: "connecting", code: null };
  #resuming = false; // a replay was asked for: what does not fit is on its way
  #restarting = false; // a snapshot was asked for: nothing else is shown until it is there
  #stats = null; // the newest that were received, shown or not
  #away = null; // while away: {since, from}, from = the first event that may have been missed

  constructor({ url, position, http, listener, ...browser }) {
    const { clock, random, heardAt = clock.now() } = browser;
    Object.assign(this, { position, http, listener, clock, random });
    this.lastNews = heardAt; // when something was last heard that what is shown takes in, by the browser's clock
    this.timers = new Timers(clock);
    this.socket = new Socket({
      ...browser,
      url: () => `${url}?epoch=${encodeURIComponent(this.position.epoch)}&after=${this.position.last}`,
      listener: {
        onTry: () => (this.#resuming = true),
        onFrame: (text) => this.#frame(text),
        onLost: (failures) => this.#lost(failures),
        onRefused: (code) => this.#stop(code),
      },
    });
    this.poller = new Poller({
      http,
      clock,
      position: () => this.position.last,
      listener: {
        onNews: (news) => this.#news(news),
        onSilence: () => this.#silence(),
        onRefused: (code) => this.#stop(code),
      },
    });
  }

  start() {
    this.socket.start();
  }

  #setState(name, code = null) {
    if (this.state.name === name) return;
    this.state = { name, code };
    this.listener.onState(this.state);
  }

  #stop(code) {
    this.socket.stop();
    this.poller.stop();
    this.timers.clearAll();
    this.#setState("stopped", code);
  }

  // ------------------------------------------------------------------ the socket

  #lost(failures) {
    this.#resuming = false;
    this.timers.clear("behind", "replay");
    if (this.state.name !== "polling") this.#silence();
    if (failures >= POLL_AFTER_FAILURES) this.poller.start();
  }

  #frame(text) {
    const { type, data } = parsed(text);
    if (type === "STATS_UPDATE") this.#figures(data);
    else if (type === "NEW_EVENT") this.#event(data);
    else if (type === "RESUMED") this.#resumed(data);
    else return; // an ERROR comes from a server that may not have us: no news
    if (!this.#restarting) this.lastNews = this.clock.now();
    if (this.#resuming && !this.timers.has("replay")) this.#awaitReplay();
  }

  #figures(stats) {
    this.#stats = stats;
    const { epoch, head } = stats.stream;
    if (epoch !== this.position.epoch) return this.#restart();
    if (this.#restarting) return;
    this.listener.onStats(stats);
    if (head > this.position.last && !this.timers.has("behind")) {
      this.timers.set("behind", BEHIND_MS, () => head > this.position.last && this.#resume());
    }
  }

  #event(event) {
    if (this.#restarting) return;
    const verdict = this.position.take(event.seq);
    if (verdict === "gap") this.#resume();
    if (verdict !== "apply") return;
    if (this.timers.has("replay")) this.#awaitReplay(); // it moves on
    this.listener.onEvent(event);
  }

  #resume() {
    if (this.#resuming || this.#restarting || !this.socket.live) return;
    this.#resuming = true;
    this.#awaitReplay();
    this.socket.send({ type: "RESUME", data: { epoch: this.position.epoch, after: this.position.last } });
  }

  #awaitReplay() {
    this.timers.set("replay", REPLAY_MS, () => this.socket.abandon());
  }

  #resumed({ to, complete }) {
    this.timers.clear("replay");
    this.#resuming = false;
    if (this.#restarting) return;
    if (!complete) this.#restart();
    else if (this.position.last < to) this.socket.abandon(); // said to be whole, and is not
    else {
      this.socket.settle();
      this.poller.stop();
      this.#setState("live");
      this.#caughtUp();
    }
  }

  /** Tells what was missed, once after each time away. */
  #caughtUp(complete = true) {
    if (this.#away === null) return;
    const to = this.position.last;
    const from = complete ? this.#away.from : to + 1;
    const ms = this.clock.now() - this.#away.since;
    this.#away = null;
    if (to >= from || !complete) this.listener.onCaughtUp({ from, to, count: to - from + 1, ms, complete });
  }

  // ------------------------------------------------------------------ over HTTP

  /** Starts again from a snapshot: another log, or too far behind. */
  async #restart() {
    if (this.#restarting) return;
    this.#restarting = true;
    this.timers.clear("replay", "behind");
    this.#setState("reloading");
    const snapshot = await this.#snapshot();
    if (!snapshot) return;
    this.position = Position.of(snapshot.stream);
    this.#restarting = this.#resuming = false;
    this.lastNews = this.clock.now();
    this.listener.onSnapshot(snapshot);
    this.#caughtUp(false);
    this.#resume(); // what happened since the snapshot was taken
    if (!this.socket.live && this.state.name === "reloading") this.#setState("polling");
  }

  /** Returns a snapshot, however often it takes; null when the stream was stopped meanwhile. */
  async #snapshot() {
    await this.#pause(this.random() * SPREAD_MS);
    for (let attempt = 0; this.state.name !== "stopped"; attempt++) {
      const answer = await this.http.newest().catch((error) => error);
      if (this.state.name === "stopped") break;
      if (answer instanceof Refused) this.#stop(answer.code);
      else if (answer.stream && answer.stream.epoch === this.#stats?.stream.epoch) return { ...answer, stats: this.#stats };
      else await this.#pause(500 + backoff(attempt, this.random)); // no answer, or of another log than the figures
    }
    return null;
  }

  #pause(milliseconds) {
    return new Promise((done) => this.timers.set("snapshot", milliseconds, done));
  }

  #news({ stats, events, stream }) {
    this.#stats = stats;
    const { epoch, last } = this.position;
    const next = events.length > 0 ? events[0].seq : stream.head + 1; // none where all were pruned
    const missing = next > last + 1;
    if (missing || [stats.stream.epoch, stream.epoch].some((other) => other !== epoch)) this.#restart();
    if (this.#restarting) return this.#setState("reloading");
    this.lastNews = this.clock.now();
    events.forEach((event) => this.#event(event));
    this.listener.onStats(stats);
    if (this.position.last >= stream.head) this.#caughtUp(); // not after the first of several pages
    this.#setState("polling");
  }

  #silence() {
    this.#away ??= { since: this.lastNews, from: this.position.last + 1 };
    this.#setState("reconnecting");
  }
}

function parsed(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {}; // not ours to repair: the next frame counts
  }
}
