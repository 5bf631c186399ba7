import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { headline, pageTitle } from "../../static/js/headline.js";
import { links } from "../../static/js/lamp.js";

const NOW = Date.parse("2026-01-08T12:06:42.000Z");
const ago = (seconds) => new Date(NOW - seconds * 1000).toISOString();

const statsWith = ({ bot, ...more } = {}) => ({
  live: "live",
  generatedAt: ago(2),
  cards: [],
  headline: { tone: "calm", text: "All is well.", detail: [], at: "", guild: null },
  bot: {
    state: "online",
    heartbeatAt: ago(3),
    latencyMs: 61.2,
    shards: [{ id: 0, state: "connected", latencyMs: 61.2, lastAckSeconds: 4, guilds: 5 }],
    ...bot,
  },
  ...more,
});
const pageOf = (name, seconds = 2, code = null) => ({ name, code, since: NOW - seconds * 1000 });

/** Returns what the page shows: the words of the three links with their states, and the headline. */
function shown(page, stats) {
  const chain = links({ page, stats, now: NOW });
  const said = headline({ page, stats, links: chain });
  return { words: chain.map(({ state, word }) => `${state}: ${word}`), text: said.text, tone: said.tone, said, chain };
}

describe("the lamp", () => {
  it("is good when all three links are, each with the time its age counts from", () => {
    const { words, chain } = shown(pageOf("live"), statsWith());
    assert.deepEqual(words, ["good: page live", "good: bot online", "good: Discord 61 ms"]);
    assert.deepEqual(chain.map(({ at }) => at), [ago(2), ago(3), ago(7)]);
  });

  it("calls the bot offline once its heartbeat is older than a healthy one can ever look", () => {
    const healthy = statsWith({ generatedAt: ago(7.4), bot: { heartbeatAt: ago(12.4) } }); // 5 s old when read
    for (const name of ["live", "reconnecting"]) {
      assert.equal(shown(pageOf(name, 7.4), healthy).words[1], "good: bot online", name);
    }
    const late = shown(pageOf("live"), statsWith({ bot: { heartbeatAt: ago(12.501) } }));
    assert.deepEqual(late.words.slice(1), ["bad: bot offline", "unknown: Discord ?"]);
    assert.deepEqual([late.tone, late.text], ["bad", "The bot does not answer."]);
  });

  it("does not accuse the bot when it is the page that hears nothing", () => {
    const stats = statsWith({ generatedAt: ago(30), bot: { heartbeatAt: ago(31) } });
    for (const name of ["live", "reconnecting", "polling"]) {
      assert.deepEqual(shown(pageOf(name, 30), stats).words.slice(1), ["unknown: bot ?", "unknown: Discord ?"], name);
    }
  });

  it("goes on calling a bot offline that was so when the page last heard", () => {
    const stats = statsWith({ generatedAt: ago(30), bot: { state: "offline", heartbeatAt: ago(60) } });
    assert.equal(shown(pageOf("reconnecting", 30), stats).words[1], "bad: bot offline");
  });

  it("tells reconnecting from stale, which begins at 12.5 s", () => {
    assert.equal(shown(pageOf("reconnecting", 12.4), statsWith()).words[0], "warn: page reconnecting");
    assert.equal(shown(pageOf("reconnecting", 12.5), statsWith()).words[0], "bad: page stale since 12:06:29");
  });

  it("tells loading another log from stale in the same way", () => {
    assert.equal(shown(pageOf("reloading", 12.4), statsWith()).words[0], "warn: page reloading");
    const { words, text, tone } = shown(pageOf("reloading", 12.5), statsWith());
    assert.deepEqual([words[0], text, tone], ["bad: page stale since 12:06:29", "Not live since 12:06:29 UTC.", "bad"]);
  });

  it("says by which way the news come", () => {
    assert.equal(shown(pageOf("polling"), statsWith()).words[0], "warn: page polling");
    assert.equal(shown(pageOf("live"), statsWith({ live: "polling" })).words[0], "warn: page live, by polling");
    assert.equal(shown(pageOf("live"), statsWith({ live: "stale" })).words[0], "bad: database silent");
  });

  it("tells a reader who is signed out from one who is refused", () => {
    assert.equal(shown(pageOf("stopped", 2, 4501), statsWith()).words[0], "bad: page signed out");
    assert.equal(shown(pageOf("stopped", 2, 4503), statsWith()).words[0], "bad: page refused");
  });
});

describe("the headline", () => {
  it("is the server's while the page is live", () => {
    assert.equal(shown(pageOf("live"), statsWith()).text, "All is well.");
  });

  it("is not calm while a link of the lamp is not good", () => {
    const worse = [[pageOf("reconnecting", 3), {}], [pageOf("polling"), {}], [pageOf("live"), { live: "polling" }]];
    for (const [page, more] of worse) {
      const { tone, said } = shown(page, statsWith(more));
      assert.equal(tone, "warn", page.name);
      assert.ok(said.text, page.name);
    }
  });

  it("is the guild's own on the page of a guild, unless all are in trouble", () => {
    const own = { tone: "calm", text: "All is well in this guild.", detail: [], at: ago(4000), guild: "11" };
    const on = (ofAll, page = "live") => {
      const stats = statsWith({ headline: { detail: [], at: ago(40), guild: null, ...ofAll } });
      const { text, link } = headline({ page: pageOf(page, 40), stats, links: links({ page: pageOf(page, 40), stats, now: NOW }), own });
      return [text, link];
    };
    assert.deepEqual(on({ tone: "calm", text: "All is well." }), [own.text, "moment"]);
    assert.deepEqual(on({ tone: "warn", text: "One command has failed.", guild: "12" }), [own.text, "moment"]);
    assert.deepEqual(on({ tone: "bad", text: "The bot is stopped." }), ["The bot is stopped.", ""]);
    assert.deepEqual(on({ tone: "calm", text: "All is well." }, "reconnecting"), ["Not live since 12:06:02 UTC.", ""]);
  });

  it("never says that all is well on a page that is stale", () => {
    const { text, tone } = shown(pageOf("reconnecting", 40), statsWith({ generatedAt: ago(40) }));
    assert.deepEqual([tone, text], ["bad", "Not live since 12:06:02 UTC."]);
  });

  it("says that the database is silent, and of when the figures are", () => {
    const { text, said } = shown(pageOf("live"), statsWith({ live: "stale", generatedAt: ago(42) }));
    assert.equal(text, "The database does not answer.");
    assert.match(said.detail[0].text, /12:06:00 UTC/);
  });

  it("offers the way back to those who are signed out, not allowed, or refused", () => {
    for (const [code, way] of [[4501, "login"], [4503, "login"], [4500, "reload"]]) {
      const { said } = shown(pageOf("stopped", 2, code), statsWith());
      assert.equal(said.link, way);
      assert.ok(said.action);
      assert.equal(said.tone, "bad");
    }
  });
});

describe("the title", () => {
  const titled = (page, stats) => {
    const { chain, said } = shown(page, stats);
    return pageTitle({ name: "Overview", tone: said.tone, cards: stats.cards, links: chain });
  };

  it("is quiet when all is well, also before the page is live", () => {
    assert.equal(titled(pageOf("live"), statsWith()), "Overview · Aurora");
    assert.equal(titled(pageOf("connecting"), statsWith()), "Overview · Aurora");
  });

  it("counts what is out of the ordinary", () => {
    assert.equal(titled(pageOf("reconnecting", 40), statsWith()), "▲ 1 · Overview · Aurora");
    const cards = [{ id: "a", state: "warn" }, { id: "b", state: "bad" }, { id: "c", state: "" }];
    assert.equal(titled(pageOf("live"), statsWith({ cards })), "▲ 2 · Overview · Aurora");
  });
});
