// A choice between links, such as the range of a chart: made without leaving the page, and kept in its address.

import { setAttribute } from "./dom.js";

export class Range {
  #links;
  #name;
  #chosen;

  /** `links` carry their value in `data-range`; `name` is their parameter; `chosen()` is called after a choice. */
  constructor(links, name, chosen) {
    [this.#links, this.#name, this.#chosen] = [links, name, chosen];
    this.current = links.find((link) => link.ariaCurrent === "true").dataset.range;
    for (const link of links) link.addEventListener("click", (event) => this.#choose(event, link));
  }

  #choose(event, link) {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.current = link.dataset.range;
    for (const each of this.#links) setAttribute(each, "aria-current", String(each === link));
    const address = new URL(location.href);
    address.searchParams.set(this.#name, this.current);
    history.replaceState(null, "", address);
    this.#chosen();
  }
}
