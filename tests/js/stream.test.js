import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { Http } from "../../static/js/http.js";
import { Position } from "../../static/js/position.js";
import { LiveStream, SPREAD_MS } from "../../static/js/stream.js";
import { FakeClock, event, eventsDown, fakeSockets, settled, statsOf } from "./world.js";

let clock, sockets, stream, wake, told, asked, server;

/** What the server holds, and how it answers over HTTP: `status` 0 is no answer at all. */
function answer(url) {
  asked.push(url);
  if (server.status === 0) throw new TypeError("failed to fetch");
  const { epoch, head } = server;
  const { pathname, searchParams } = new URL(url, "http://aurora");
  const limit = Number(searchParams.get("limit"));
  const stored = eventsDown(head, server.kept);
  let body = statsOf(head, epoch);
  if (pathname === "/api/events") {
    const after = searchParams.get("after");
    const events = after === null ? stored.slice(0, limit) : stored.reverse().filter(({ seq }) => seq > after).slice(0, limit);
    body = { events, stream: { epoch, head } };
  }
  return { status: server.status, ok: server.status === 200, json: async () => body };
}

beforeEach(() => {
  const fake = fakeSockets();
  clock = new FakeClock();
  sockets = fake.sockets;
  wake = new EventTarget();
  asked = [];
  told = { states: [], stats: [], seqs: [], snapshots: [], snapshotStats: [], caughtUp: [] };
  server = { status: 200, epoch: "log-1", head: 10, kept: 1 };
  stream = new LiveStream({
    url: "ws://aurora/ws",
    position: new Position("log-1", 10),
    http: new Http(async (url) => answer(url), { stats: "/api/stats", events: "/api/events" }),
    WebSocket: fake.WebSocket,
    clock,
    random: () => 0.5,
    wake,
    listener: {
      onState: ({ name, code }) => told.states.push(code ? `${name} ${code}` : name),
      onStats: (stats) => told.stats.push(stats.stream.head),
      onEvent: ({ seq }) => told.seqs.push(seq),
      onSnapshot: ({ stats, events }) => {
        told.snapshots.push(events.map(({ seq }) => seq));
        told.snapshotStats.push(stats);
      },
      onCaughtUp: (away) => told.caughtUp.push(away),
    },
  });
  stream.start();
});

const last = () => sockets.at(-1);
const resumes = () => last().sent.filter(({ type }) => type === "RESUME").map(({ data }) => data);

/** Makes the present connection live as the server does: stats, replay, RESUMED. */
function goLive({ head = stream.position.last } = {}) {
  const from = stream.position.last + 1;
  last().frame("STATS_UPDATE", statsOf(head));
  for (let seq = from; seq <= head; seq++) last().frame("NEW_EVENT", event(seq));
  last().frame("RESUMED", { from, to: head, complete: true });
}

/** Lets a page that starts again ask for its snapshot, in its own time. */
const spread = () => clock.pass(SPREAD_MS);

async function failThreeTimes() {
  for (let done = 0; done < 3; done++) {
    last().end();
    if (done < 2) await clock.pass(2_000);
  }
  await settled();
}

describe("the sequence", () => {
  it("is applied one by one", () => {
    goLive();
    for (const seq of [11, 12, 13]) last().frame("NEW_EVENT", event(seq));
    assert.deepEqual(told.seqs, [11, 12, 13]);
  });

  it("drops what it has seen", () => {
    goLive();
    for (const seq of [11, 11, 10, 3, 12, 12]) last().frame("NEW_EVENT", event(seq));
    assert.deepEqual(told.seqs, [11, 12]);
    assert.deepEqual(resumes(), []);
  });

  it("passes by what has no place in the log", () => {
    goLive();
    for (const seq of [undefined, null, "11", 11.5, {}]) last().frame("NEW_EVENT", { ...event(11), seq });
    last().frame("NEW_EVENT", event(11));
    assert.deepEqual(told.seqs, [11]);
    assert.deepEqual(resumes(), []);
  });

  it("asks for a gap to be filled, once, and applies nothing beyond it", () => {
    goLive();
    for (const seq of [13, 14, 12]) last().frame("NEW_EVENT", event(seq));
    assert.deepEqual(told.seqs, []);
    assert.deepEqual(resumes(), [{ epoch: "log-1", after: 10 }]);
  });

  it("goes on after the gap is filled, each event once", () => {
    goLive();
    last().frame("NEW_EVENT", event(13));
    for (const seq of [11, 12, 13]) last().frame("NEW_EVENT", event(seq));
    last().frame("RESUMED", { from: 11, to: 13, complete: true });
    last().frame("NEW_EVENT", event(14));
    assert.deepEqual(told.seqs, [11, 12, 13, 14]);
    assert.deepEqual(told.caughtUp, []); // nobody was away
  });

  it("asks again for a second gap", () => {
    goLive();
    last().frame("NEW_EVENT", event(12));
    last().frame("NEW_EVENT", event(11));
    last().frame("RESUMED", { from: 11, to: 11, complete: true });
    last().frame("NEW_EVENT", event(13));
    assert.deepEqual(resumes().map(({ after }) => after), [10, 11]);
  });

  it("resumes when the stats were ahead of it for 2 s", async () => {
    goLive();
    last().frame("STATS_UPDATE", statsOf(12));
    await clock.pass(1_999);
    assert.deepEqual(resumes(), []);
    await clock.pass(1);
    assert.deepEqual(resumes(), [{ epoch: "log-1", after: 10 }]);
  });

  it("does not resume when the events came within the 2 s", async () => {
    goLive();
    last().frame("STATS_UPDATE", statsOf(12));
    last().frame("NEW_EVENT", event(11));
    last().frame("NEW_EVENT", event(12));
    await clock.pass(5_000);
    assert.deepEqual(resumes(), []);
  });

  it("is not disturbed by stats that are a moment behind it", async () => {
    goLive();
    last().frame("NEW_EVENT", event(11));
    last().frame("STATS_UPDATE", statsOf(10));
    await clock.pass(5_000);
    assert.deepEqual(resumes(), []);
    assert.deepEqual(asked, []);
  });

  it("survives frames that are not JSON, null, or of an unknown type", () => {
    goLive();
    for (const text of ["", "{", "null", "7", '{"type":"NEWS_OF_2031"}', '"x"']) last().text(text);
    last().frame("NEW_EVENT", event(11));
    assert.deepEqual(told.seqs, [11]);
  });

  it("gives up a connection whose asked-for replay does not come within 10 s", async () => {
    goLive();
    last().frame("NEW_EVENT", event(12));
    await clock.pass(5_000);
    last().frame("STATS_UPDATE", statsOf(12)); // alive, and yet no replay
    await clock.pass(5_000);
    assert.equal(sockets[0].closed, true);
  });

  it("gives up a connection that calls a replay whole which is not", () => {
    last().frame("STATS_UPDATE", statsOf(12));
    last().frame("NEW_EVENT", event(11));
    last().frame("RESUMED", { from: 11, to: 12, complete: true });
    assert.equal(sockets[0].closed, true);
    assert.equal(told.states.at(-1), "reconnecting");
  });
});

describe("a reconnect", () => {
  it("says in the address where it stands", async () => {
    assert.equal(last().url, "ws://aurora/ws?epoch=log-1&after=10");
    goLive();
    last().frame("NEW_EVENT", event(11));
    last().end(1000);
    await clock.pass(500);
    assert.equal(last().url, "ws://aurora/ws?epoch=log-1&after=11");
  });

  it("tells how many events were missed and for how long, and that none is missing", async () => {
    goLive();
    await clock.pass(1_000);
    last().end(4009);
    await clock.pass(250);
    goLive({ head: 22 });
    assert.deepEqual(told.caughtUp, [{ from: 11, to: 22, count: 12, ms: 1_250, complete: true }]);
    assert.deepEqual(told.seqs, eventsDown(22, 11).map(({ seq }) => seq).reverse());
  });

  it("tells nothing when nothing was missed", async () => {
    goLive();
    last().end(4009);
    await clock.pass(250);
    goLive();
    assert.deepEqual(told.caughtUp, []);
    assert.deepEqual(told.states, ["live", "reconnecting", "live"]);
  });

  it("counts the time away from the last frame, over all failed tries", async () => {
    goLive();
    last().end();
    await clock.pass(250);
    last().end();
    await clock.pass(500);
    goLive({ head: 11 });
    assert.equal(told.caughtUp[0].ms, 750);
  });

  it("does not call the first connection a return", () => {
    goLive({ head: 12 });
    assert.deepEqual(told.seqs, [11, 12]);
    assert.deepEqual(told.caughtUp, []);
  });

  it("drops what the old connection asked for", async () => {
    goLive();
    last().frame("NEW_EVENT", event(12)); // a gap, asked for
    last().end();
    await clock.pass(250);
    goLive({ head: 12 });
    assert.deepEqual(told.seqs, [11, 12]);
    await clock.pass(10_000);
    assert.equal(sockets[1].closed, false);
  });
});

describe("starting again from a snapshot", () => {
  it("follows a replay that is not complete", async () => {
    server.head = 900;
    last().frame("STATS_UPDATE", statsOf(900));
    last().frame("RESUMED", { from: 11, to: 900, complete: false });
    await spread();
    assert.equal(told.snapshots.length, 1);
    assert.deepEqual([told.snapshots[0][0], told.snapshots[0].length], [900, 50]);
    assert.deepEqual(resumes(), [{ epoch: "log-1", after: 900 }]);
    last().frame("RESUMED", { from: 901, to: 900, complete: true });
    last().frame("NEW_EVENT", event(901));
    assert.deepEqual(told.seqs, [901]);
  });

  it("follows another epoch, and never mixes the two logs", async () => {
    goLive();
    server = { ...server, epoch: "log-2", head: 3 };
    last().frame("STATS_UPDATE", statsOf(3, "log-2"));
    last().frame("NEW_EVENT", event(11)); // of the new log, before its snapshot is there
    last().frame("STATS_UPDATE", statsOf(3, "log-2"));
    assert.deepEqual(told.stats, [10]); // the old figures stay until then
    assert.equal(told.states.at(-1), "reloading");
    await spread();
    assert.deepEqual(told.snapshots, [[3, 2, 1]]);
    assert.deepEqual(told.seqs, []);
    assert.deepEqual(resumes(), [{ epoch: "log-2", after: 3 }]);
    last().frame("RESUMED", { from: 4, to: 3, complete: true });
    assert.equal(told.states.at(-1), "live");
    assert.deepEqual(told.caughtUp, []); // nobody was away
  });

  it("asks for the events alone, at a moment of its own, and takes the figures from the newest frame", async () => {
    goLive();
    server = { ...server, epoch: "log-2", head: 3 };
    last().frame("STATS_UPDATE", statsOf(3, "log-2"));
    await clock.pass(SPREAD_MS / 2 - 1); // the half of it is this page's random choice
    assert.deepEqual(asked, []);
    last().frame("STATS_UPDATE", statsOf(4, "log-2"));
    await clock.pass(1);
    assert.deepEqual(asked, ["/api/events?limit=50"]);
    assert.equal(told.snapshotStats.at(-1).stream.head, 4);
  });

  it("is no news as long as the snapshot does not come, however many frames do", async () => {
    goLive();
    const heard = clock.now();
    server.status = 500;
    for (let done = 0; done < 60; done++) {
      await clock.pass(5_000);
      last().frame("STATS_UPDATE", statsOf(3, "log-2"));
      last().frame("NEW_EVENT", event(11));
    }
    assert.deepEqual([told.states.at(-1), stream.lastNews], ["reloading", heard]);
    assert.ok(asked.length < 40, `${asked.length} requests in 300 s`);
    server = { ...server, status: 200, epoch: "log-2", head: 3 };
    await clock.pass(21_000);
    last().frame("RESUMED", { from: 4, to: 3, complete: true });
    assert.deepEqual([told.states.at(-1), told.snapshots], ["live", [[3, 2, 1]]]);
    assert.ok(stream.lastNews > heard + 300_000);
  });

  it("goes on over HTTP when the socket is lost meanwhile, and resumes where the snapshot ends", async () => {
    goLive();
    server = { ...server, epoch: "log-2", head: 3 };
    last().frame("STATS_UPDATE", statsOf(3, "log-2"));
    last().end();
    assert.equal(told.states.at(-1), "reconnecting");
    await spread();
    assert.deepEqual(told.snapshots, [[3, 2, 1]]);
    last().end();
    await clock.pass(2_000);
    assert.equal(last().url, "ws://aurora/ws?epoch=log-2&after=3");
    last().frame("STATS_UPDATE", statsOf(3, "log-2"));
    last().frame("RESUMED", { from: 4, to: 3, complete: true });
    assert.equal(told.states.at(-1), "live");
  });

  it("refuses figures and events of different logs, and asks again", async () => {
    goLive();
    server = { ...server, epoch: "log-1", head: 3 };
    last().frame("STATS_UPDATE", statsOf(3, "log-2"));
    await spread();
    assert.deepEqual(told.snapshots, []);
    server.epoch = "log-2";
    await clock.pass(2_000);
    assert.deepEqual(told.snapshots, [[3, 2, 1]]);
  });

  it("is tried again while the server does not answer", async () => {
    goLive();
    server = { status: 0, epoch: "log-2", head: 3, kept: 1 };
    last().frame("STATS_UPDATE", statsOf(3, "log-2"));
    await clock.pass(3_000);
    last().frame("STATS_UPDATE", statsOf(3, "log-2"));
    server.status = 200;
    await clock.pass(9_000);
    assert.deepEqual(told.snapshots, [[3, 2, 1]]);
  });

  it("after a time away says that more happened than is replayed", async () => {
    goLive();
    last().end();
    await clock.pass(250);
    server.head = 900;
    last().frame("STATS_UPDATE", statsOf(900));
    last().frame("RESUMED", { from: 11, to: 900, complete: false });
    await spread();
    assert.equal(told.caughtUp.length, 1);
    assert.equal(told.caughtUp[0].complete, false);
  });

  it("of an empty log stands at its head", async () => {
    goLive();
    server = { status: 200, epoch: "log-2", head: 0, kept: 1 };
    last().frame("STATS_UPDATE", statsOf(0, "log-2"));
    await spread();
    assert.deepEqual(told.snapshots, [[]]);
    assert.equal(stream.position.last, 0);
  });
});

describe("polling", () => {
  it("starts after three failures, not after two", async () => {
    server.head = 12;
    last().end();
    await clock.pass(2_000);
    last().end();
    await clock.pass(2_000);
    assert.deepEqual(asked, []);
    last().end();
    await settled();
    assert.deepEqual(asked, ["/api/stats", "/api/events?after=10&limit=200"]);
    assert.equal(told.states.at(-1), "polling");
    assert.deepEqual(told.seqs, [11, 12]);
    assert.deepEqual(told.stats, [12]);
  });

  it("goes on every 4 s, from where it stands, while the socket is tried too", async () => {
    await failThreeTimes();
    asked.length = 0;
    server.head = 13;
    await clock.pass(4_000);
    assert.ok(asked.includes("/api/events?after=10&limit=200"));
    await clock.pass(4_000);
    assert.ok(asked.includes("/api/events?after=13&limit=200"));
    assert.deepEqual(told.seqs, [11, 12, 13]);
    assert.ok(sockets.length > 3);
  });

  it("ends when the socket is live again, which repeats and loses nothing", async () => {
    server.head = 12;
    await failThreeTimes();
    await clock.pass(2_000);
    goLive({ head: 14 });
    asked.length = 0;
    await clock.pass(11_000);
    assert.deepEqual(asked, []);
    assert.deepEqual(told.seqs, [11, 12, 13, 14]);
    assert.equal(told.states.at(-1), "live");
  });

  it("is not disturbed by a server that takes the socket, says that it is one too many, and closes it", async () => {
    goLive();
    await failThreeTimes();
    const states = told.states.length;
    for (let second = 0; second < 120; second++) {
      server.head += 1;
      if (last().onclose) {
        last().frame("ERROR", { code: "too_many", message: "There are too many open sockets." });
        last().end(4029);
      }
      await clock.pass(1_000);
    }
    assert.deepEqual([told.states.at(-1), told.states.length], ["polling", states]);
    assert.deepEqual(told.caughtUp, []);
    assert.ok(stream.position.last >= server.head - 5);
  });

  it("starts also when sockets are taken and told figures, but never given what is missing", async () => {
    server.head = 12;
    for (let done = 0; done < 3; done++) {
      for (let second = 0; second < 10; second++) {
        last().frame("STATS_UPDATE", statsOf(12));
        await clock.pass(1_000);
      }
      await clock.pass(2_000);
    }
    assert.deepEqual([told.states, told.seqs], [["reconnecting", "polling"], [11, 12]]);
  });

  it("goes on until the replay of the socket is done", async () => {
    await failThreeTimes();
    await clock.pass(2_000);
    server.head = 12;
    last().frame("STATS_UPDATE", statsOf(12));
    last().frame("NEW_EVENT", event(11));
    assert.equal(told.states.at(-1), "polling");
    await clock.pass(4_000);
    assert.deepEqual(told.seqs, [11, 12]); // the second by polling
    last().frame("RESUMED", { from: 11, to: 12, complete: true });
    assert.equal(told.states.at(-1), "live");
    asked.length = 0;
    await clock.pass(10_000);
    assert.deepEqual(asked, []);
  });

  it("tells once what was missed before it began", async () => {
    goLive();
    server.head = 12;
    await failThreeTimes();
    await clock.pass(4_000);
    assert.deepEqual(told.caughtUp.map(({ count }) => count), [2]);
  });

  it("that fails says so, and that it works again", async () => {
    await failThreeTimes();
    server.status = 0;
    await clock.pass(4_000);
    assert.equal(told.states.at(-1), "reconnecting");
    server.status = 200;
    await clock.pass(4_000);
    assert.equal(told.states.at(-1), "polling");
  });

  it("reads a long absence page by page", async () => {
    server.head = 350;
    await failThreeTimes();
    await clock.pass(4_000);
    assert.equal(stream.position.last, 350);
    assert.deepEqual(told.seqs, eventsDown(350, 11).map(({ seq }) => seq).reverse());
  });

  it("says that nothing is missing when the last page of a long absence is read, not before", async () => {
    goLive();
    server.head = 350;
    await failThreeTimes();
    assert.equal(stream.position.last, 210);
    assert.deepEqual(told.caughtUp, []);
    await clock.pass(4_000);
    assert.deepEqual(told.caughtUp.map(({ from, to, count }) => [from, to, count]), [[11, 350, 340]]);
  });

  it("starts again from a snapshot when the events after it are no longer kept", async () => {
    server = { ...server, head: 900, kept: 860 };
    await failThreeTimes();
    await spread();
    assert.deepEqual([told.snapshots[0][0], told.seqs], [900, []]);
    assert.equal(stream.position.last, 900);
  });

  it("starts again from a snapshot when nothing of what happened is kept, and claims nothing", async () => {
    goLive();
    server = { ...server, head: 900, kept: 901 };
    await failThreeTimes();
    await spread();
    assert.deepEqual([told.snapshots, told.seqs], [[[]], []]);
    assert.equal(stream.position.last, 900);
    assert.deepEqual(told.caughtUp.map(({ complete }) => complete), [false]);
  });

  it("starts again from a snapshot when the log is another", async () => {
    server = { ...server, epoch: "log-2", head: 3 };
    await failThreeTimes();
    await spread();
    assert.deepEqual(told.snapshots, [[3, 2, 1]]);
    assert.equal(stream.position.epoch, "log-2");
  });

  it("says that it starts again, not that it polls, while the snapshot does not come", async () => {
    await failThreeTimes();
    server = { ...server, epoch: "log-2", head: 3 };
    const newest = stream.http.newest.bind(stream.http);
    stream.http.newest = async () => Promise.reject(new Error("answered 500"));
    const heard = stream.lastNews;
    await clock.pass(60_000);
    assert.deepEqual([told.states.at(-1), stream.lastNews], ["reloading", heard]);
    stream.http.newest = newest;
    await clock.pass(30_000);
    assert.deepEqual([told.states.at(-1), told.snapshots], ["polling", [[3, 2, 1]]]);
  });

  for (const [status, code] of [[401, 4501], [403, 4503]]) {
    it(`answered with ${status} stops for good, like close code ${code}`, async () => {
      server.status = status;
      await failThreeTimes();
      assert.equal(told.states.at(-1), `stopped ${code}`);
      const tries = sockets.length;
      await clock.pass(3_600_000);
      assert.equal(sockets.length, tries);
      assert.equal(clock.pending, 0);
    });
  }

  it("never has two requests under way", async () => {
    let open = 0;
    let most = 0;
    const slow = stream.http.after.bind(stream.http);
    stream.http.after = async (seq) => {
      most = Math.max(most, ++open);
      await new Promise((done) => clock.setTimeout(done, 30_000));
      open -= 1;
      return slow(seq);
    };
    await failThreeTimes();
    await clock.pass(120_000);
    assert.equal(most, 1);
  });
});

describe("when the server says to stay away", () => {
  for (const code of [4500, 4501, 4503]) {
    it(`with ${code}, the stream stops and says why`, async () => {
      goLive();
      last().end(code);
      await clock.pass(60_000);
      assert.equal(told.states.at(-1), `stopped ${code}`);
      assert.equal(sockets.length, 1);
      assert.deepEqual(asked, []);
    });
  }
});
