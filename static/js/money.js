// Paints the economy's page: proof, days, collectors, largest transfers. templatetags/money.py agrees.
// Amounts are strings, for JavaScript's numbers end at 2^53.

import { copyOf, fill, reconcile, setAttribute, setMoment, setText, slot } from "./dom.js";
import { figure } from "./figures.js";
import { dayName, moment } from "./time.js";

const BOX = 1000;
const GAP = 160;
const grouped = new Intl.NumberFormat("en-US");

/** Returns `812,400` of `"812400"`. */
export const coins = (amount) => grouped.format(BigInt(amount));

const who = ({ id, name }) => name || `member ${id}`;

/** Returns `8 Jan` of `2026-01-08`. */
const shortDay = (day) => dayName(day).split(" ").slice(1, 3).join(" ");

/** Returns each of `days` with a bar for each of `names`, in a box of 1000 a day by 1000. */
export function dayBars(days, names) {
  const amounts = days.map((day) => names.map((name) => BigInt(day[name])));
  const top = amounts.flat().reduce((most, amount) => (amount > most ? amount : most), 1n);
  const width = Math.floor((BOX - GAP) / names.length);
  return days.map((day, at) => ({
    title: `${shortDay(day.day)}: ${names.map((name) => `${coins(day[name])} ${name}`).join(", ")}`,
    bars: names.map((_, place) => {
      const height = Number((amounts[at][place] * BigInt(BOX)) / top);
      return { x: at * BOX + GAP / 2 + place * width, y: BOX - height, width, height };
    }),
  }));
}

const rows = (checked) =>
  ["accounts", "transactions"]
    .map((name) => `${figure(checked[name])} ${checked[name] === 1 ? name.slice(0, -1) : name}`)
    .join(" and ");

/** Returns how far the walk through the ledger is, and what its last full round checked. */
export function roundText({ underWay, lastRound }) {
  if (!lastRound) return `First round: ${rows(underWay)} so far.`;
  const begun = underWay.accounts + underWay.transactions > 0;
  return `${begun ? `This round: ${rows(underWay)} so far. ` : ""}Last full round: ${rows(lastRound)}, ended`;
}

/** Returns what the bars of `names` are drawn to: the most of each, on which day, and today's. */
export function dayScale(days, names) {
  const told = names.map((name) => {
    const most = days.reduce((found, day) => (BigInt(day[name]) > BigInt(found[name]) ? day : found));
    const when = BigInt(most[name]) ? ` on ${shortDay(most.day)}` : "";
    return `${name}: at most ${coins(most[name])}${when}, today ${coins(days.at(-1)[name])}`;
  });
  return told.join(" · ");
}

export function paintProof(root, { proof }, generatedAt) {
  setAttribute(root, "data-state", proof.findings.length > 0 ? "bad" : "good");
  setText(slot(root, "word"), `Ledger ${proof.word}`);
  setText(slot(root, "round"), roundText(proof));
  setMoment(slot(root, "ended"), proof.lastRound?.endedAt);
  setMoment(slot(root, "at"), generatedAt);
  reconcile(slot(root, "findings"), proof.findings, {
    attribute: "row",
    keyOf: (finding) => finding.row,
    create: () => copyOf("finding-template"),
    update: (element, { row, text }) => fill(element, { row, text }),
  });
}

export function paintDays(root, { days }) {
  for (const chart of root.querySelectorAll("[data-bars]")) {
    const names = chart.dataset.bars.split(",");
    const drawn = dayBars(days, names);
    setText(slot(chart.parentElement, "scale"), dayScale(days, names));
    drawn.forEach(({ title, bars }, at) => {
      const group = chart.children[at];
      setText(group.querySelector("title"), title);
      bars.forEach((bar, place) => {
        const rectangle = group.querySelectorAll("rect")[place];
        for (const [name, value] of Object.entries(bar)) setAttribute(rectangle, name, String(value));
      });
    });
  }
  setText(slot(root, "first"), shortDay(days[0].day));
  reconcile(slot(root, "days"), [...days].reverse(), {
    attribute: "day",
    keyOf: (day) => day.day,
    create: () => copyOf("money-day-template"),
    update: (row, { day, minted, burned, moved, transactions }) =>
      fill(row, {
        day: shortDay(day),
        minted: coins(minted),
        burned: coins(burned),
        moved: coins(moved),
        transactions: figure(transactions),
      }),
  });
}

/** Paints the collectors; `accountUrl` is that of account 0 in the admin, undefined without the right to it. */
export function paintCollectors(root, { collectors }, accountUrl) {
  reconcile(slot(root, "collectors"), collectors, {
    attribute: "account",
    keyOf: (collector) => collector.account.id,
    create: () => copyOf("collector-template"),
    update: (row, { account, frozen, sources, coins: amount }) => {
      fill(row, { who: who(account), state: frozen ? "frozen" : "", sources: `${sources} accounts`, coins: coins(amount) });
      const link = slot(row, "name");
      if (link && accountUrl) setAttribute(link, "href", accountUrl.replace("/0/", `/${account.id}/`));
    },
  });
  slot(root, "collector-table").hidden = collectors.length === 0;
  slot(root, "no-collectors").hidden = collectors.length > 0;
}

export function paintLargest(root, { largest }) {
  reconcile(slot(root, "transfers"), largest, {
    attribute: "transfer",
    keyOf: (transfer) => transfer.transaction,
    create: () => copyOf("transfer-template"),
    update: (row, { sender, receiver, coins: amount, at }) => {
      fill(row, { sender: who(sender), receiver: who(receiver), coins: coins(amount), at: moment(at) });
      setMoment(slot(row, "at"), at);
    },
  });
  slot(root, "transfer-table").hidden = largest.length === 0;
  slot(root, "no-transfers").hidden = largest.length > 0;
}
