// Figures that frames do not carry: asked for at an address of JSON, again and again, but not by all pages at once.

const SPREAD_MS = 4_000; // all pages learn at the same moment that there is news

export class Asked {
  #url;
  #get;
  #take;
  #everyMs;
  #clock;
  #timer = null;
  #askedAt = -Infinity;

  /** `url()` is where the figures are now, `get(url)` returns them, `take(figures)` shows them. */
  constructor({ url, get, take, everySeconds = 0, clock = { now: () => Date.now(), setTimeout: (...args) => setTimeout(...args), clearTimeout: (timer) => clearTimeout(timer) } }) {
    [this.#url, this.#get, this.#take, this.#everyMs, this.#clock] = [url, get, take, everySeconds * 1000, clock];
  }

  /** Asks in a moment, at most once in `everySeconds`. Call it as often as you like. */
  refresh() {
    if (this.#timer !== null || this.#clock.now() - this.#askedAt < this.#everyMs) return;
    this.#timer = this.#clock.setTimeout(() => this.now(), Math.random() * SPREAD_MS);
  }

  /**
   * Asks now, as when the address has changed; returns whether there was an answer to show. What was asked for at
   * another address is not shown any more.
   */
  async now() {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#askedAt = this.#clock.now();
    const url = this.#url();
    const answer = await this.#get(url).catch(() => null); // the lamp says how the connection is; news ask again
    const found = answer !== null && url === this.#url();
    if (found) this.#take(answer);
    return found;
  }
}
