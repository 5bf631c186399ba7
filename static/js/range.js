// A choice between links, such as the range of a chart: made without leaving the page, and kept in its address.

import { setAttribute } from "./dom.js";

export class Range {
  #links;
  #name;
  #chosen;
  #shown; // the range that is marked
  #first; // the range of an address that names none
  #said = document.createElement("span");

  /**
   * `links` carry their value in `data-range`; `name` is their parameter. `chosen()` shows what `current` asks for and
   * returns (a promise of) whether it could: only then the choice is marked, and kept in the address.
   */
  constructor(links, name, chosen) {
    [this.#links, this.#name, this.#chosen] = [links, name, chosen];
    this.current = this.#shown = this.#first = links.find((link) => link.ariaCurrent === "true").dataset.range;
    this.#said.className = "range-said";
    this.#said.setAttribute("role", "status");
    links[0].parentElement.append(this.#said);
    for (const link of links) link.addEventListener("click", (event) => this.#clicked(event, link.dataset.range));
    addEventListener("popstate", () => this.#choose(this.#asked));
  }

  get #asked() {
    return new URL(location.href).searchParams.get(this.#name) ?? this.#first;
  }

  async #clicked(event, range) {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (!(await this.#choose(range))) return;
    const address = new URL(location.href);
    address.searchParams.set(this.#name, range);
    history.replaceState(history.state, "", address);
  }

  /** Returns whether `range` is shown now. */
  async #choose(range) {
    if (range === this.current) return range === this.#shown;
    this.current = range;
    const found = await this.#chosen();
    if (this.current !== range) return false; // another was chosen meanwhile
    this.#said.textContent = found ? "" : "no answer, try again";
    if (found) this.#shown = range;
    else this.current = this.#shown;
    for (const link of this.#links) setAttribute(link, "aria-current", String(link.dataset.range === this.#shown));
    return found;
  }
}
