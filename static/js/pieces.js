// The pieces of a sentence as the page has them: names isolated, so that one written from right to left turns nothing
// around. templates/dashboard/_parts.html does the same.

import { moment } from "./time.js";

const TAGS = { command: "code", ago: "time" };

/** Returns the node of `{role, text}`: plain text, a `name`, a `command`, foreign `text`, or how long `ago`. */
export function piece({ role, text }) {
  if (!role) return document.createTextNode(text);
  const element = document.createElement(TAGS[role] ?? "bdi");
  if (role === "name") element.className = "name";
  if (role === "ago") {
    element.dataset.age = "ago";
    element.dateTime = text;
  }
  element.textContent = role === "ago" ? moment(text) : text;
  return element;
}
