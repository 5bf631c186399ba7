// The few things every painter needs. Text goes in as text, never as markup.

/** Returns the element marked `data-slot="name"` under `root`. */
export const slot = (root, name) => root.querySelector(`[data-slot="${name}"]`);

/** Sets the text of an element, touching the page only when it differs. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets an attribute, touching the page only when it differs. */
export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** Sets the texts of several slots: `{value: "61", unit: "ms"}`. */
export function fill(root, texts) {
  for (const [name, text] of Object.entries(texts)) setText(slot(root, name), text);
}

/** Returns what the server put into `page` as `<script type="application/json" id="...">`. */
export const given = (id, page = document) => JSON.parse(page.getElementById(id).textContent);

/** Returns a new copy of the element in `<template id>`. */
export const copyOf = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

/** Gives a `<time data-age>` the moment its age counts from; null empties it. */
export function setMoment(element, timestamp) {
  setAttribute(element, "datetime", timestamp ?? "");
}

/**
 * Makes the children of `list` those of `items`, in order, keeping the elements whose key stays.
 *
 * `keyOf(item)`, `create(item)` and `update(element, item)` say how; an element carries its key in
 * `data-<attribute>`.
 */
export function reconcile(list, items, { attribute, keyOf, create, update }) {
  const present = new Map([...list.children].map((element) => [element.dataset[attribute], element]));
  let next = list.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    const element = present.get(key) ?? create(item);
    present.delete(key);
    element.dataset[attribute] = key;
    update(element, item);
    if (element === next) next = next.nextElementSibling;
    else list.insertBefore(element, next);
  }
  for (const element of present.values()) element.remove();
}
