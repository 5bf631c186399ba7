// Paints the figures: one card each, kept in place while its text changes.

import { copyOf, fill, reconcile, setAttribute, setMoment, setText, slot } from "./dom.js";
import { trend } from "./trend.js";

/** Paints `cards`, true at `generatedAt`, into `root`. */
export function paintCards(root, cards, generatedAt) {
  reconcile(root, cards, {
    attribute: "card",
    keyOf: (card) => card.id,
    create: () => copyOf("card-template"),
    update: (element, card) => update(element, card, generatedAt),
  });
}

function update(element, card, generatedAt) {
  const { label, value, unit, change, period } = card;
  const [word, note] = card.state ? [card.word, ""] : ["", card.word];
  fill(element, { label, value, unit, word, change, period, note });
  setAttribute(element, "data-state", card.state);
  setAttribute(element.querySelector(".card-change"), "data-tone", card.tone);
  element.querySelector(".card-value").toggleAttribute("data-long", [...value].length > 11);
  setMoment(slot(element, "at"), generatedAt);
  const lines = trend(card.trend);
  setText(slot(element, "span"), lines.line && card.span);
  setAttribute(slot(element, "area"), "d", lines.area);
  setAttribute(slot(element, "line"), "d", lines.line);
}
