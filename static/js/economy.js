// Wires the economy's page: what the server rendered, the stream that keeps it fresh, and the painters.

import { paintCards } from "./cards.js";
import { paintCollectors, paintDays, paintLargest, paintProof } from "./money.js";
import { LivePage } from "./page.js";

const page = new LivePage();

page.start({
  onStats({ economy, generatedAt }) {
    paintProof(page.part("proof"), economy, generatedAt);
    paintCards(page.part("cards"), economy.figures, generatedAt);
    paintDays(page.part("days"), economy);
    paintCollectors(page.part("collectors"), economy, page.root.dataset.accountUrl);
    paintLargest(page.part("largest"), economy);
  },
});
