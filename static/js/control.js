// Wires the control panel: what the bot answers shows at once, and a request that waits counts down.

import { secondsLeft } from "./countdown.js";
import { LivePage } from "./page.js";

const page = new LivePage();
let busy = false;
let again = false;

/** Takes what became of the requests from the page as the server makes it now; the form stays as it is. */
async function refresh() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  try {
    do {
      again = false;
      const answer = await fetch(location.href);
      const made = new DOMParser().parseFromString(await answer.text(), "text/html");
      const news = answer.ok && made.querySelector(".news");
      if (news) page.part("news").replaceChildren(...document.adoptNode(news).childNodes);
    } while (again);
  } catch {
    // The lamp says that nothing comes; the next event, or the end of the absence, asks again.
  } finally {
    busy = false;
  }
}

page.start({
  onEvent(event) {
    if (event.kind.startsWith("control.")) refresh();
  },
  onSnapshot: refresh,
  onCaughtUp: refresh,
  onStatus({ now }) {
    for (const span of page.root.querySelectorAll("[data-deadline]")) {
      span.textContent = `${secondsLeft(span.dataset.deadline, now)} s`;
    }
  },
});
