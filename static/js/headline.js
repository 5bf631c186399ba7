// The one sentence that says how things are. The server words it; the page corrects it when it knows better.

import { clockTime } from "./time.js";

const STOPPED = {
  4501: { text: "You are signed out.", link: "login", action: "Sign in again" },
  4503: { text: "You may no longer see this page.", link: "login", action: "Sign in as somebody else" },
};

const SLOWER = {
  reconnecting: "The page reconnects.",
  polling: "The page asks for news every few seconds: its live connection is refused.",
  live: "News come from the database every second: the broker does not answer.",
};

const pieces = (told) => (typeof told === "string" ? [{ role: "", text: told }] : told);

/**
 * Returns `{tone, text, detail, link, action}` for the state of things `links()` found; `detail` is pieces of a sentence.
 *
 * `own` is the headline of the guild whose page this is: what another guild has failed at is nowhere on it, and so is
 * a moment that is not its own.
 * A page that hears nothing says so before it says anything else: the server's last sentence may no
 * longer be true.
 */
export function headline({ page, stats, links, own: ofGuild = null }) {
  const [pageLink, botLink] = links;
  const since = clockTime(pageLink.at ?? stats.generatedAt);
  const own = (tone, text, told, more = {}) => ({ tone, text, detail: pieces(told), link: "", action: "", ...more });
  if (page.name === "stopped") {
    const known = STOPPED[page.code];
    const detail = `What you see is from ${since} UTC and stays so.`;
    if (known) return own("bad", known.text, detail, { link: known.link, action: known.action });
    return own("bad", "The server refused this page.", detail, { link: "reload", action: "Reload" });
  }
  if (pageLink.state === "bad" && ["reconnecting", "reloading"].includes(page.name)) {
    const way = page.name === "reloading" ? "The server is asked for its events again and again." : "The page reconnects by itself.";
    return own("bad", `Not live since ${since} UTC.`, `What you see is from then. ${way}`);
  }
  if (stats.live === "stale") {
    return own("bad", "The database does not answer.", `What you see is from ${clockTime(stats.generatedAt)} UTC.`);
  }
  if (botLink.word === "bot offline" && stats.bot.state !== "offline") {
    return own("bad", "The bot does not answer.", `Its last heartbeat was at ${clockTime(stats.bot.heartbeatAt)} UTC.`);
  }
  const ofAll = stats.headline;
  const { tone, text, detail, at, guild } = ofGuild && (ofAll.tone === "calm" || ofAll.guild) ? ofGuild : ofAll;
  if (tone === "calm" && pageLink.state === "warn") return own("warn", SLOWER[page.name], detail);
  const shown = at && (!ofGuild || guild === ofGuild.guild);
  return { tone, text, detail, link: shown ? "moment" : "", action: shown ? "Show those seconds" : "" };
}

/** Returns the title of the page `name`; it says first how many things are out of the ordinary. */
export function pageTitle({ name, tone, cards, links }) {
  const strange = cards.filter((card) => card.state).length;
  const broken = links.filter((link) => link.state === "warn" || link.state === "bad").length;
  if (tone === "calm" && !strange && !broken) return `${name} · Aurora`;
  return `▲ ${Math.max(1, strange, broken)} · ${name} · Aurora`;
}
