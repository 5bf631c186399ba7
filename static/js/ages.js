// Every age on the page counts: each <time data-age> says how long ago its moment is, or nothing without one.

import { setText } from "./dom.js";
import { age } from "./time.js";

/** Writes the ages of the page as they are at `now`, in milliseconds of the server's clock. */
export function paintAges(now) {
  for (const element of document.querySelectorAll("time[data-age]")) {
    const at = Date.parse(element.dateTime);
    const text = Number.isNaN(at) ? element.dataset.none ?? "" : age(now - at);
    setText(element, element.dataset.age === "ago" && !Number.isNaN(at) ? `${text} ago` : text);
  }
}
