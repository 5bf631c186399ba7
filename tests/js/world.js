// A world without waiting: a clock that is moved by hand, sockets that are opened and closed by hand, answers given at once.

/** A clock whose timers fire when `pass()` reaches them. */
export class FakeClock {
  #now = Date.parse("2026-01-08T12:00:00Z");
  #timers = new Map();
  #next = 1;

  now = () => this.#now;
  setTimeout = (action, milliseconds) => {
    this.#timers.set(this.#next, { at: this.#now + milliseconds, action });
    return this.#next++;
  };
  clearTimeout = (id) => this.#timers.delete(id);

  /** Lets time pass, timer by timer, and what was promised be kept between them. */
  async pass(milliseconds) {
    const until = this.#now + milliseconds;
    await settled();
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= until).sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0];
      if (!due) break;
      const [id, { at, action }] = due;
      this.#timers.delete(id);
      this.#now = Math.max(this.#now, at);
      action();
      await settled();
    }
    this.#now = until;
  }

  /** Lets time pass as in a hidden tab or a sleeping machine: no timer fires. */
  sleep(milliseconds) {
    this.#now += milliseconds;
  }

  get pending() {
    return this.#timers.size;
  }
}

/** Lets everything that waits for nothing but its turn have it. */
export const settled = () => new Promise((done) => setImmediate(done));

/** Returns a WebSocket class and the list of what was made of it. */
export function fakeSockets() {
  const sockets = [];
  class FakeWebSocket {
    sent = [];
    closed = false;
    onmessage = null;
    onclose = null;

    constructor(url) {
      this.url = url;
      sockets.push(this);
    }
    send(text) {
      this.sent.push(JSON.parse(text));
    }
    close() {
      this.closed = true;
    }
    // what the server does
    frame(type, data) {
      this.onmessage?.({ data: JSON.stringify({ type, data }) });
    }
    text(data) {
      this.onmessage?.({ data });
    }
    end(code = 1006) {
      this.onclose?.({ code });
    }
  }
  return { WebSocket: FakeWebSocket, sockets };
}

export const event = (seq, more = {}) => ({
  seq,
  type: "success",
  kind: "economy.daily_claimed",
  message: `event ${seq}`,
  timestamp: "2026-01-08T12:00:00.000Z",
  guild: null,
  actor: null,
  command: null,
  durationMs: null,
  request: null,
  data: {},
  ...more,
});

/** Returns events `to` down to `from`: newest first. */
export const eventsDown = (to, from = 1) => Array.from({ length: to - from + 1 }, (_, at) => event(to - at));

export const statsOf = (head, epoch = "log-1", more = {}) => ({ stream: { epoch, head }, live: "live", ...more });
