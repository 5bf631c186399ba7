// Paints how things are: the lamp, the headline, the title of the page.

import { fill, setAttribute, setMoment, setText, slot } from "./dom.js";
import { piece } from "./pieces.js";

/** Paints the three links into the lamp, and says them politely when a word changed. */
export function paintLamp(root, links) {
  for (const link of links) {
    const element = root.querySelector(`[data-link="${link.id}"]`);
    setAttribute(element, "data-state", link.state);
    fill(element, { shape: link.shape, word: link.word });
    setMoment(slot(element, "at"), link.at);
  }
  const said = links.map((link) => link.word.replace(/ [\d,]+ ms$/, "")).join(", ");
  setText(slot(root, "lamp-said"), said);
}

const said = new WeakMap(); // what a headline says, to touch it only when that changes

/** Paints the headline; `urls` is `{login, reload, moment}` for the way on it may offer. */
export function paintHeadline(root, headline, urls) {
  setAttribute(root, "data-tone", headline.tone);
  setText(slot(root, "text"), headline.text);
  const detail = JSON.stringify(headline.detail);
  if (said.get(root) !== detail) slot(root, "detail").replaceChildren(...headline.detail.map(piece));
  said.set(root, detail);
  const way = slot(root, "link");
  way.hidden = !headline.link;
  if (headline.link) {
    setAttribute(way, "href", urls[headline.link]);
    setText(way, headline.action);
    way.toggleAttribute("data-view", headline.link === "moment"); // a page with a feed shows it in place
  }
}
