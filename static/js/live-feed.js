// The feed of a live page: what the address asks for, kept fresh, and changed in place when the address changes.

import { given, slot } from "./dom.js";
import { Feed } from "./feed.js";
import { FeedState } from "./feed-state.js";
import { matcher } from "./filter.js";
import { onKeys } from "./keys.js";

const PARAMETERS = ["level", "kind", "guild", "actor", "command", "fingerprint", "q", "before", "after", "at", "within"];

/** Returns a view of the server as `FeedState` takes it. */
function viewOf({ filter, ...view }) {
  const plain = view.live && !Object.values(filter).some((wanted) => wanted.length);
  return { ...view, plain, matches: matcher(filter) };
}

export class LiveFeed {
  #page;
  #root;
  #state;
  #feed;
  #turn = 0;
  #arrived = null; // what came since another view was asked for, as long as it is not here
  #retry = null; // the view could not be had: how to ask once more

  constructor(page) {
    this.#page = page;
    this.#root = page.part("feed");
    this.#state = new FeedState(given("events"), viewOf(given("view")));
    this.#feed = new Feed(this.#root, this.#state);
    page.root.addEventListener("click", (event) => this.#followed(event));
    this.#root.addEventListener("submit", (event) => this.#asked(event));
    this.#root.addEventListener("keydown", ({ key, target }) => key === "Escape" && target.matches("input") && target.blur());
    addEventListener("popstate", () => this.#load(location.href));
    onKeys({ p: () => this.#feed.togglePause(), "/": () => this.#search() });
    this.#feed.showHere();
  }

  /** What the page tells, to be given to `LivePage.start`, alone or among others. */
  get listener() {
    return {
      onStatus: ({ links: [pageLink] }) => {
        this.#feed.setWord(pageLink.word.replace(/^page /, ""));
        if (this.#retry && pageLink.state === "good") this.#load(location.href, this.#retry);
      },
      onEvent: (event) => {
        this.#arrived?.push(event);
        this.#state.add(event);
        this.#feed.ask();
      },
      onSnapshot: (newest, epoch) => {
        this.#turn += 1; // what was asked of the log before is void
        this.#arrived = null;
        this.#root.removeAttribute("aria-busy");
        const { plain } = this.#state.view;
        const other = epoch !== this.#state.epoch; // the same number may mean another event there
        this.#state.reset(plain ? newest : [], epoch);
        if (other) this.#feed.restart();
        else this.#feed.ask();
        if (!plain) this.#load(location.href, { again: true });
      },
      onCaughtUp: (away) => {
        this.#state.caughtUp(away);
        this.#feed.ask();
      },
    };
  }

  /** Leads to what `search`, the part of an address that the feed reads, asks for. */
  goTo(search) {
    this.#open({ search });
    this.#show();
  }

  #show() {
    this.#root.scrollIntoView({ block: "nearest" });
  }

  /** Shows what `url` asks for; what else the address says stays. */
  #open(url) {
    const asked = new URLSearchParams(url.search);
    const address = new URL(location.href);
    for (const name of PARAMETERS) {
      address.searchParams.delete(name);
      asked.getAll(name).forEach((value) => address.searchParams.append(name, value));
    }
    this.#load(address.href, { push: true });
  }

  /** Returns the filter of the address with what `search` asks for as well, of the newest events. */
  #more(search) {
    const asked = new URLSearchParams(location.search);
    for (const name of ["before", "after", "at", "within"]) asked.delete(name);
    for (const [name, value] of new URLSearchParams(search)) asked.set(name, value);
    return `?${asked}`;
  }

  #followed(event) {
    const link = event.target.closest("a[data-view]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.#open(link.hasAttribute("data-more") ? { search: this.#more(link.search) } : link);
    if (!this.#root.contains(link)) this.#show();
  }

  #asked(event) {
    const form = event.target.closest("form[data-view]");
    if (!form) return;
    event.preventDefault();
    const asked = [...new FormData(form)].filter(([, value]) => value.trim());
    this.#open({ search: `?${new URLSearchParams(asked)}` });
  }

  #search() {
    const input = this.#root.querySelector("input[type=search]");
    input.focus();
    input.select();
  }

  /** Shows the view at `url`: a new one, or `again` the one that is shown, as it is now. */
  async #load(url, { push = false, again = false } = {}) {
    const turn = ++this.#turn;
    this.#retry = null;
    this.#arrived = [];
    this.#root.setAttribute("aria-busy", "true");
    const text = await this.#page.http.feed(url).catch(() => null);
    if (turn !== this.#turn) return;
    this.#root.removeAttribute("aria-busy");
    const arrived = this.#arrived;
    this.#arrived = null;
    if (text === null) return this.#failed(push, again);
    const fresh = new DOMParser().parseFromString(text, "text/html");
    const view = fresh.querySelector(".feed") && given("view", fresh);
    if (!view) return location.assign(url); // signed out, or not ours: the address says what it is
    if (push && url !== location.href) history.pushState(null, "", url);
    if (view.epoch !== this.#page.stats.stream.epoch) this.#retry = { again: true }; // the news of it is on its way
    const stays = again && view.epoch === this.#state.epoch;
    this.#state[again ? "showAgain" : "show"](given("events", fresh), viewOf(view));
    arrived.forEach((event) => this.#state.add(event));
    const focus = this.#swap(fresh);
    this.#feed.say("");
    if (stays) this.#feed.ask();
    else this.#feed.restart();
    focus();
    if (!again) this.#feed.showHere();
  }

  #failed(pushed, again) {
    this.#retry = pushed ? null : { again }; // the address is there already: its view has to follow
    this.#feed.say("The server did not answer: what you see is what was here before. Try again.");
  }

  /**
   * Takes over what the server words: the filter, the ways on, the empty state. Returns what gives the focus back, once
   * all is painted.
   */
  #swap(fresh) {
    const { id, selectionStart, selectionEnd } = document.activeElement;
    const held = ["tools", "empty", "foot", "rows"].some((name) => slot(this.#root, name).contains(document.activeElement));
    const open = this.#root.querySelector("details")?.open;
    for (const name of ["tools", "empty", "foot"]) {
      slot(this.#root, name).replaceWith(document.adoptNode(slot(fresh, name)));
    }
    if (open) this.#root.querySelector("details").open = true;
    return () => {
      if (!held) return;
      const again = id && document.getElementById(id);
      if (!again || again.hidden) return this.#feed.focus();
      again.focus({ preventScroll: true });
      if (again.type === "search") again.setSelectionRange(selectionStart, selectionEnd);
    };
  }
}
