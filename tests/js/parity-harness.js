// A page and its server in one process, without waiting: test_parity.py gives it a log and a schedule of faults over
// standard input, one JSON object a line, and is given what the page shows in the end.

import { createInterface } from "node:readline";

import { milliseconds } from "../../static/js/figures.js";
import { FeedState } from "../../static/js/feed-state.js";
import { Http } from "../../static/js/http.js";
import { Position } from "../../static/js/position.js";
import { context, filters, mark, parts, word } from "../../static/js/sentence.js";
import { LiveStream } from "../../static/js/stream.js";
import { clockTime } from "../../static/js/time.js";
import { FakeClock, statsOf } from "./world.js";

const STATS_MS = 5_000;
const WIRE_MS = 20;
const SNAPSHOT_EVENTS = 50;

/** A web process: the log, what is kept of it, its sockets; and what is wrong with it at the moment. */
class Server {
  sockets = new Set();
  up = true;
  httpMs = 0;
  httpFails = 0;
  fates = [];
  first = 1; // what is older was pruned
  logs = new Map(); // by epoch, also those that are no more
  #cuts = 0;

  constructor(clock, { epoch, events, replayMax }) {
    Object.assign(this, { clock, replayMax });
    this.#begin(epoch, events);
    this.#tick();
  }

  #begin(epoch, events) {
    Object.assign(this, { epoch, events });
    this.logs.set(epoch, events);
  }

  get head() {
    return this.events.length;
  }

  #tick() {
    for (const socket of this.sockets) this.#sayStats(socket);
    this.clock.setTimeout(() => this.#tick(), STATS_MS);
  }

  #sayStats(socket) {
    socket.deliver("STATS_UPDATE", statsOf(this.head, this.epoch));
  }

  after(seq, limit = Infinity) {
    const from = Math.max(seq, this.first - 1);
    return this.events.slice(from, Math.min(from + limit, this.head));
  }

  newest(limit) {
    return this.after(Math.max(0, this.head - limit)).reverse();
  }

  // ------------------------------------------------------------------ /ws

  accept(socket) {
    if (socket.closed) return;
    if (!this.up) return socket.end(1006);
    this.sockets.add(socket);
    this.#sayStats(socket);
    const asked = new URL(socket.url).searchParams;
    this.resume(socket, { epoch: asked.get("epoch"), after: Number(asked.get("after")) });
  }

  resume(socket, { epoch, after }) {
    if (!this.sockets.has(socket)) return;
    const missing = this.head - after;
    const replay = this.after(after);
    const complete = epoch === this.epoch && missing >= 0 && missing <= this.replayMax && replay.length === missing;
    if (complete) for (const event of replay) this.#sayEvent(socket, event);
    socket.deliver("RESUMED", { from: after + 1, to: this.head, complete });
  }

  record(events) {
    this.events.push(...events);
    for (const event of events) for (const socket of this.sockets) this.#sayEvent(socket, event);
  }

  #sayEvent(socket, event) {
    const fate = this.fates.shift() ?? "arrives";
    if (fate === "late") return void socket.late.push(event);
    if (fate !== "lost") socket.deliver("NEW_EVENT", event);
    if (fate === "twice") socket.deliver("NEW_EVENT", event);
    for (const held of socket.late.splice(0)) socket.deliver("NEW_EVENT", held);
  }

  endAll(code) {
    for (const socket of this.sockets) socket.end(code);
    this.sockets.clear();
  }

  /** Becomes another log: the first `head` events of this one, then others. */
  restore({ epoch, head }) {
    this.#begin(epoch, this.events.slice(0, head));
    this.first = Math.min(this.first, Math.max(1, head));
    for (const socket of this.sockets) {
      socket.late = [];
      this.#sayStats(socket);
    }
  }

  // ------------------------------------------------------------------ /api

  async fetch(url) {
    const { pathname, searchParams } = new URL(url, "http://aurora");
    const failing = !this.up || (this.httpFails > 0 && this.httpFails--);
    const body = pathname === "/api/stats" ? statsOf(this.head, this.epoch) : this.#page(searchParams);
    if (this.httpMs) await new Promise((done) => this.clock.setTimeout(done, this.httpMs * (++this.#cuts % 3)));
    if (failing) throw new TypeError("failed to fetch");
    return { status: 200, ok: true, json: async () => JSON.parse(JSON.stringify(body)) };
  }

  #page(asked) {
    const limit = Number(asked.get("limit"));
    const events = asked.has("after") ? this.after(Number(asked.get("after")), limit) : this.newest(limit);
    return { events, stream: { epoch: this.epoch, head: this.head } };
  }
}

function socketsOf(server) {
  return class {
    late = [];
    closed = false;
    deaf = false;

    constructor(url) {
      this.url = url;
      server.clock.setTimeout(() => server.accept(this), WIRE_MS);
    }
    send(text) {
      const { data } = JSON.parse(text);
      server.clock.setTimeout(() => server.resume(this, data), WIRE_MS);
    }
    close() {
      this.closed = true;
      server.sockets.delete(this);
    }
    deliver(type, data) {
      if (!this.deaf && !this.closed) this.onmessage?.({ data: JSON.stringify({ type, data }) });
    }
    end(code) {
      this.closed = true;
      if (!this.deaf) this.onclose?.({ code });
    }
  };
}

/** What `app.js` wires, without the painters. */
class Page {
  told = { stats: null, snapshots: 0, caughtUp: [] };

  constructor(server, random) {
    this.server = server;
    const events = server.newest(SNAPSHOT_EVENTS);
    const stream = { epoch: server.epoch, head: server.head };
    this.feed = new FeedState(events);
    this.wake = new EventTarget();
    this.stream = new LiveStream({
      url: "ws://aurora/ws",
      position: Position.of(stream),
      http: new Http((url) => server.fetch(url), { stats: "/api/stats", events: "/api/events" }),
      WebSocket: socketsOf(server),
      clock: server.clock,
      random,
      wake: this.wake,
      listener: {
        onState: () => {},
        onStats: (stats) => (this.told.stats = stats.stream),
        onEvent: (event) => this.feed.add(event),
        onSnapshot: ({ stats, events: newest }) => {
          this.feed.reset(newest);
          this.told.snapshots += 1;
          this.told.stats = stats.stream;
        },
        onCaughtUp: (away) => {
          this.feed.caughtUp(away);
          this.told.caughtUp.push(away);
          if (away.complete && server.httpMs === 0) this.#checkWhole(away);
        },
      },
    });
    this.stream.start();
  }

  /** Throws unless the page shows a piece of one log: of the one it believes to follow. */
  check() {
    const { epoch, last } = this.stream.position;
    if (this.feed.paused || !this.feed.range) return;
    const [from, to] = this.feed.range;
    const fresh = new FeedState(this.server.logs.get(epoch).slice(from - 1, to).reverse());
    if (to !== last) throw new Error(`shows events up to ${to}, and believes to be at ${last}`);
    if (JSON.stringify(rowsOf(this.feed)) !== JSON.stringify(rowsOf(fresh))) throw new Error(`shows a mixture of logs after ${epoch}`);
  }

  /** Throws if something is missing when the page says that nothing is. */
  #checkWhole({ from, to, count }) {
    if (to !== this.server.head || count !== to - from + 1) throw new Error(`says that nothing is missing up to ${to}, of ${this.server.head}`);
  }
}

/** Returns the rows of a feed as the server's template is given them. */
function rowsOf(feed) {
  const rows = [];
  let day = "";
  for (const row of feed.rows()) {
    if (row.kind === "day") day = row.text;
    if (row.kind !== "event") continue;
    const { event, durationMs } = row;
    const { seq, type, timestamp } = event;
    const duration = durationMs === null ? "" : milliseconds(durationMs);
    rows.push({ seq, type, mark: mark(type), word: word(type), timestamp, time: clockTime(timestamp), day, parts: parts(event), context: context(event), filters: filters(event), duration });
    day = "";
  }
  return rows;
}

const STEPS = {
  record: ({ server }, { events, fates }) => {
    server.fates.push(...fates);
    server.record(events);
  },
  pass: ({ clock }, { ms }) => clock.pass(ms),
  sleep: ({ clock }, { ms }) => clock.sleep(ms),
  wake: ({ page }) => void page.wake.dispatchEvent(new Event("wake")),
  end: ({ server }, { code }) => server.endAll(code),
  down: ({ server }, { code }) => {
    server.up = false;
    server.endAll(code);
  },
  up: ({ server }) => void (server.up = true),
  deafen: ({ server }) => server.sockets.forEach((socket) => (socket.deaf = true)),
  http: ({ server }, { ms, fails }) => Object.assign(server, { httpMs: ms, httpFails: fails }),
  prune: ({ server }, { keep }) => void (server.first = Math.max(server.first, server.head - keep + 1)),
  restore: ({ server }, step) => server.restore(step),
  pause: ({ page }) => (page.feed.paused ? page.feed.resume() : page.feed.pause()),
};

/** Runs a schedule, heals everything, and returns what the page shows then, and what a fresh one would. */
async function run({ log, steps, chances, healMs }) {
  const clock = new FakeClock();
  const server = new Server(clock, log);
  let turn = 0;
  const page = new Page(server, () => chances[turn++ % chances.length]);
  for (const { after, ...step } of steps) {
    await STEPS[step.op]({ clock, server, page }, step);
    await clock.pass(after);
    page.check();
  }
  Object.assign(server, { up: true, httpMs: 0, httpFails: 0, fates: [] });
  await clock.pass(healMs);
  if (page.feed.paused) page.feed.resume();
  page.check();
  const { range } = page.feed;
  const [from, to] = range ?? [1, 0];
  const fresh = new FeedState(server.events.slice(from - 1, to).reverse());
  return {
    state: page.stream.state.name,
    position: { epoch: page.stream.position.epoch, head: page.stream.position.last },
    range,
    rows: rowsOf(page.feed),
    fresh: rowsOf(fresh),
    ...page.told,
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await run(JSON.parse(line)).catch((error) => ({ error: error.stack }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
