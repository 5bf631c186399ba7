// The same news over HTTP: events to start again from, or the events after a position while no socket works.

const SNAPSHOT_EVENTS = 50;
const PAGE_EVENTS = 200;
const TIMEOUT_MS = 10_000;

/** The server answered that this reader may not have it; `code` is the close code the socket would give. */
export class Refused extends Error {
  constructor(status) {
    super(`refused with ${status}`);
    this.code = status === 401 ? 4501 : 4503;
  }
}

export class Http {
  #fetch;
  #urls;

  /** `urls` is `{stats, events}`. */
  constructor(fetch, urls) {
    this.#fetch = fetch;
    this.#urls = urls;
  }

  /** Returns `{events, stream}`: the newest events, newest first. */
  async newest() {
    const { events, stream } = await this.get(`${this.#urls.events}?limit=${SNAPSHOT_EVENTS}`);
    return { events, stream };
  }

  /** Returns `{stats, events, stream}`: the events after `seq`, oldest first, at most one page. */
  async after(seq) {
    const stats = await this.get(this.#urls.stats);
    const { events, stream } = await this.get(`${this.#urls.events}?after=${seq}&limit=${PAGE_EVENTS}`);
    return { stats, events, stream };
  }

  /** Returns the HTML of the feed of the page at `url`, also of one that says what is wrong with its address. */
  async feed(url) {
    const response = await this.#ask(url, { Accept: "text/html", "X-Part": "feed" });
    if (response.status >= 500) throw new Error(`answered ${response.status}`);
    return response.text();
  }

  #ask(url, headers) {
    return this.#fetch(url, { headers, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
  }

  /** Returns the JSON at `url`; raises `Refused`, or whatever went wrong. */
  async get(url) {
    const response = await this.#ask(url, { Accept: "application/json" });
    if (response.status === 401 || response.status === 403) throw new Refused(response.status);
    if (!response.ok) throw new Error(`answered ${response.status}`);
    return response.json();
  }
}
