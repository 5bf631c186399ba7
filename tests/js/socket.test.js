import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { backoff } from "../../static/js/backoff.js";
import { Socket } from "../../static/js/socket.js";
import { FakeClock, fakeSockets } from "./world.js";

let clock, sockets, told, wake, random, socket;

beforeEach(() => {
  const fake = fakeSockets();
  clock = new FakeClock();
  sockets = fake.sockets;
  told = [];
  wake = new EventTarget();
  random = 0.5;
  socket = new Socket({
    url: () => "ws://aurora/ws",
    WebSocket: fake.WebSocket,
    clock,
    random: () => random,
    wake,
    listener: {
      onTry: () => told.push("try"),
      onFrame: (text) => told.push(text),
      onLost: (failures) => told.push(`lost ${failures}`),
      onRefused: (code) => told.push(`refused ${code}`),
    },
  });
  socket.start();
});

const last = () => sockets.at(-1);
const wakeUp = () => wake.dispatchEvent(new Event("wake"));

/** Lets time pass until another connection is tried. */
async function untilTried() {
  for (const tries = sockets.length; sockets.length === tries; ) await clock.pass(50);
}

/** Fails `count` connections, each as soon as it is tried. */
async function fail(count) {
  for (let done = 0; done < count; done++) {
    last().end();
    await untilTried();
  }
}

describe("a connection that ends", () => {
  for (const code of [1000, 1001, 1006, 1011, 1012, 4000, 4001, 4008, 4009, 4029, 4499, 5000]) {
    it(`is tried again after close code ${code}`, async () => {
      last().frame("STATS_UPDATE", {});
      last().end(code);
      await clock.pass(500);
      assert.equal(sockets.length, 2);
    });
  }

  for (const code of [4500, 4501, 4503, 4999]) {
    it(`is never tried again after close code ${code}, not even when woken`, async () => {
      last().frame("STATS_UPDATE", {});
      last().end(code);
      wakeUp();
      await clock.pass(3_600_000);
      assert.equal(sockets.length, 1);
      assert.equal(told.at(-1), `refused ${code}`);
      assert.equal(clock.pending, 0);
    });
  }

  it("is followed by one try, not by two", async () => {
    last().end();
    wakeUp();
    await clock.pass(11_000);
    assert.equal(sockets.length, 2);
  });
});

describe("silence", () => {
  it("of 12.5 s after the last frame closes the socket and tries another", async () => {
    last().frame("STATS_UPDATE", {});
    await clock.pass(12_499);
    assert.equal(last().closed, false);
    await clock.pass(1);
    assert.equal(sockets[0].closed, true);
    assert.equal(told.at(-1), "lost 1");
    await clock.pass(500);
    assert.equal(sockets.length, 2);
  });

  it("of a connection that never opens is noticed too", async () => {
    await clock.pass(12_500 + 500);
    assert.equal(sockets[0].closed, true);
    assert.equal(sockets.length, 2);
  });

  it("is measured from the last frame of any kind", async () => {
    for (let done = 0; done < 10; done++) {
      last().text("what is this");
      await clock.pass(12_000);
    }
    assert.equal(sockets.length, 1);
  });

  it("does not wait for a half-open socket to answer the close, nor hear it later", async () => {
    last().frame("STATS_UPDATE", {});
    await clock.pass(13_000);
    const heard = told.length;
    sockets[0].frame("NEW_EVENT", { seq: 1 });
    sockets[0].end(4501);
    assert.equal(told.length, heard);
    assert.equal(sockets.length, 2);
  });

  it("during a machine's sleep is noticed the moment it wakes, and answered at once", () => {
    last().frame("STATS_UPDATE", {});
    clock.sleep(3_600_000);
    wakeUp();
    assert.equal(sockets[0].closed, true);
    assert.equal(sockets.length, 2);
  });
});

describe("the back-off", () => {
  it("grows from 0.5 s to 20 s and stays there", () => {
    const most = [0, 1, 2, 3, 4, 5, 6, 7, 60].map((attempt) => backoff(attempt, () => 1));
    assert.deepEqual(most, [500, 1000, 2000, 4000, 8000, 16000, 20000, 20000, 20000]);
  });

  it("is spread over the whole time, so that a thousand pages do not come back at once", () => {
    assert.equal(backoff(5, () => 0), 0);
    assert.equal(backoff(5, () => 0.25), 4000);
  });

  it("waits longer after each failure", async () => {
    await fail(4);
    const tries = sockets.length;
    last().end(); // the fifth: half of 8 s
    await clock.pass(3_999);
    assert.equal(sockets.length, tries);
    await clock.pass(1);
    assert.equal(sockets.length, tries + 1);
  });

  it("starts anew after 10 s live", async () => {
    await fail(6);
    last().frame("STATS_UPDATE", {});
    socket.settle();
    await clock.pass(5_000);
    socket.settle(); // said again, as after a gap: it counts from the first
    await clock.pass(5_000);
    last().end();
    assert.equal(told.at(-1), "lost 1");
    const tries = sockets.length;
    await clock.pass(250);
    assert.equal(sockets.length, tries + 1);
  });

  it("does not start anew with a connection that is only heard", async () => {
    await fail(6);
    last().frame("STATS_UPDATE", {});
    await clock.pass(10_000);
    last().end();
    assert.equal(told.at(-1), "lost 7");
  });

  it("does not start anew when the connection lives less than 10 s", async () => {
    await fail(6);
    last().frame("STATS_UPDATE", {});
    socket.settle();
    await clock.pass(9_999);
    last().end();
    assert.equal(told.at(-1), "lost 7");
  });
});

describe("waking up", () => {
  it("tries at once instead of waiting", async () => {
    random = 1;
    await fail(6);
    last().end();
    const tries = sockets.length;
    wakeUp();
    assert.equal(sockets.length, tries + 1);
  });

  it("leaves a connection alone that is live or still being made", () => {
    wakeUp();
    last().frame("STATS_UPDATE", {});
    wakeUp();
    assert.equal(sockets.length, 1);
    assert.equal(last().closed, false);
  });
});

it("a stopped socket is closed and leaves no timer behind", () => {
  last().frame("STATS_UPDATE", {});
  socket.stop();
  assert.equal(last().closed, true);
  assert.equal(clock.pending, 0);
});
