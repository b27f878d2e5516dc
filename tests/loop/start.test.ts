// How a run begins and ends: before there is work, tick by tick, and with errors without subscribers.

import * as assert from "uvu/assert";
import { Reactor } from "wasm-ioloop";
import { harness, peer, portOf, quietLoop, sleep, turns, until, within } from "../support/harness.ts";

const test = harness("start");

test("forever: the loop runs before there is work, until stop", async () => {
  const { loop } = quietLoop();
  let ended = false;
  const running = loop.start({ forever: true }).then(() => (ended = true));
  await sleep(0.02);
  assert.is(loop.isRunning, true);
  const id = loop.server({}, (_loop, stream) => stream.write("hi").closeGracefully());
  assert.is(await peer({ port: portOf(loop, id) }).ended, "hi");
  loop.remove(id);
  await turns(20);
  assert.equal([loop.isRunning, ended], [true, false]);
  loop.stop();
  await running;
});

test("forever: a graceful stop and reset end it, too", async () => {
  for (const end of ["stopGracefully", "reset"] as const) {
    const { loop } = quietLoop();
    const running = loop.start({ forever: true });
    await turns(5);
    void loop[end]();
    await within(5, running);
    await loop.start(); // without it, the loop ends at once
  }
});

test("forever: any value that is not a boolean is an error", () => {
  const { loop } = quietLoop();
  assert.throws(
    () => loop.start({ forever: 1 as unknown as boolean }),
    /^start: option "forever" must be true or false, not 1$/,
  );
  assert.throws(() => loop.start({ for_ever: true } as object), /^start: unknown option "for_ever"/);
});

test("13, 17 in oneTick isRunning is true in every callback, and a tick inside it throws, whatever came first", async () => {
  const { loop } = quietLoop();
  const log: string[] = [];
  const note = (what: string): void => {
    let nested = "accepted";
    try {
      void loop.oneTick();
    } catch (error) {
      nested = (error as { code: string }).code;
    }
    log.push(`${what} ${loop.isRunning} ${nested}`);
  };
  const id = loop.server({}, () => note("server"));
  const client = peer({ port: portOf(loop, id) });
  await client.connected;
  await sleep(0.02);
  loop.timer(0, () => note("timer"));
  for (let i = 0; i < 10 && log.length < 2; i++) await loop.oneTick();
  assert.equal(log.toSorted(), ["server true ERR_IOLOOP_RUNNING", "timer true ERR_IOLOOP_RUNNING"]);
  assert.is(loop.isRunning, false);
  loop.reset();
  await client.closed;
});

test("a graceful stop continues over several ticks", async () => {
  const { loop } = quietLoop();
  const log: string[] = [];
  loop.on("finish", () => log.push("finish"));
  const id = loop.server({}, (_loop, stream) => {
    log.push("accept");
    stream.on("read", (stream, chunk) => stream.write(chunk).closeGracefully());
    stream.on("close", () => log.push("close"));
  });
  const client = peer({ port: portOf(loop, id) });
  await client.connected;
  while (!log.includes("accept")) await loop.oneTick();
  void loop.stopGracefully();
  client.socket.write("bye");
  while (!log.includes("close")) await within(5, loop.oneTick());
  assert.is(await client.ended, "bye");
  client.socket.destroy();
  await within(5, loop.start());
  assert.equal(log, ["accept", "finish", "close"]);
});

test("a burst is admitted within one iteration of the event loop, even with one client per tick", async () => {
  const { loop } = quietLoop({ multiAccept: 1 });
  let admitted = 0;
  const id = loop.server({}, (_loop, stream) => {
    admitted++;
    stream.timeout = 0;
  });
  const clients = Array.from({ length: 40 }, () => peer({ port: portOf(loop, id) }));
  await Promise.all(clients.map(({ connected }) => connected));
  await sleep(0.05); // all of them are in the queue
  let most = 0;
  let before = 0;
  const watch = setInterval(() => {
    const end = performance.now() + 20; // a busy machine: each iteration takes this long
    while (performance.now() < end);
    most = Math.max(most, admitted - before);
    before = admitted;
  }, 1);
  const running = loop.start();
  await until(() => admitted === 40);
  clearInterval(watch);
  assert.ok(most > 1, `${most} at most in one iteration`);
  loop.reset();
  await running;
  await Promise.all(clients.map(({ closed }) => closed));
});

test("a client that waited while a callback blocked is admitted, if a slot was free for it", async () => {
  const { loop } = quietLoop({ maxConnections: 40 });
  const drops: string[] = [];
  loop.on("drop", (_loop, { reason }) => void drops.push(reason));
  let admitted = 0;
  const id = loop.server({ waitTimeout: 0.3 }, (_loop, stream) => {
    const end = performance.now() + (admitted++ === 1 ? 500 : 0);
    while (performance.now() < end);
    stream.on("read", (stream, chunk) => stream.write(chunk).closeGracefully());
  });
  const clients = Array.from({ length: 10 }, () => peer({ port: portOf(loop, id) }));
  for (const client of clients) await client.connected.then(() => client.socket.write("x"));
  await sleep(0.05);
  const running = loop.start();
  assert.equal(
    await Promise.all(clients.map(({ ended }) => ended)),
    clients.map(() => "x"),
  );
  assert.equal(drops, []);
  loop.remove(id);
  await running;
});

test("a reactor runs forever, too", async () => {
  const reactor = new Reactor();
  const running = reactor.start({ forever: true });
  await turns(5);
  assert.is(reactor.isRunning, true);
  reactor.stop();
  await running;
});

test("62 if one pass has several errors without subscribers, the run rejects with all of them", async () => {
  const { loop } = quietLoop();
  loop.reactor.unsubscribe("error");
  const [one, two] = [new Error("one"), new Error("two")];
  for (const error of [one, two]) {
    loop.timer(0, () => {
      throw error;
    });
  }
  try {
    await loop.start();
    assert.unreachable();
  } catch (error) {
    assert.instance(error, AggregateError);
    assert.equal((error as AggregateError).errors, [one, two]);
    assert.is((error as AggregateError).message, "2 errors; the first: Error: one");
  }
  loop.timer(0, () => {
    throw one;
  });
  await loop.start().then(
    () => assert.unreachable(),
    (error: unknown) => assert.is(error, one),
  );
});
