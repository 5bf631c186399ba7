// Which range a chart shows: chosen by its links, kept in the address, and asked for when frames do not tell it.

const SPREAD_MS = 4_000; // all pages learn at once that a step has begun: they do not ask at once

export class Range {
  #links;
  #name;
  #url;
  #get;
  #take;
  #asked = null; // the range that is being asked for
  #timer = null;

  /** `links` lead to the ranges, `name` is their parameter; `take(chart)` is given what `get(url?range=)` answers. */
  constructor({ links, name, url, get, take }) {
    Object.assign(this, { current: links.find((link) => link.ariaCurrent === "true").dataset.range });
    [this.#links, this.#name, this.#url, this.#get, this.#take] = [links, name, url, get, take];
    for (const link of links) link.addEventListener("click", (event) => this.#choose(event, link));
  }

  #choose(event, link) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    this.current = link.dataset.range;
    for (const each of this.#links) each.ariaCurrent = String(each === link);
    const address = new URL(location.href);
    address.searchParams.set(this.#name, this.current);
    history.replaceState(null, "", address);
    this.#ask();
  }

  /** Asks for the range again, in a moment. Call it as often as you like. */
  refresh() {
    this.#timer ??= setTimeout(() => this.#ask(), Math.random() * SPREAD_MS);
  }

  async #ask() {
    clearTimeout(this.#timer);
    const wanted = (this.#asked = this.current);
    try {
      const chart = await this.#get(`${this.#url}?range=${wanted}`);
      if (wanted === this.current) this.#take(chart);
    } catch {
      // No answer: the lamp says how the connection is, and the next figures ask again.
    } finally {
      if (wanted === this.#asked) this.#timer = null;
    }
  }
}
