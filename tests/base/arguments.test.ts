// Wrong arguments: each call throws, with the right class, code and message, and has no effect.

import { PassThrough } from "node:stream";
import * as assert from "uvu/assert";
import { Client, IOLoop, Reactor, Server, Stream } from "wasm-ioloop";
import { ROWS } from "./argument-rows.ts";
import { harness, pair, portOf, quietLoop } from "../support/harness.ts";
import { refusal } from "./refusal.ts";

const test = harness("arguments");
const nop = (): void => {};

/** Whether a loop watches nothing, and still works. */
async function isUsable(loop: IOLoop): Promise<void> {
  await loop.start(); // ends by itself only if nothing is left
  let fired = 0;
  loop.timer(0, () => fired++);
  loop.nextTick(() => fired++);
  await loop.start();
  assert.is(fired, 2);
}

test("every argument and option is checked", async () => {
  const { loop, errors } = quietLoop();
  let count = 0;
  for (const [call, wrong, kind, message] of ROWS) {
    for (const [value, shown] of wrong) {
      assert.is(
        refusal(() => call(loop, value as never)),
        `${kind}: ${message}, not ${shown}`,
      );
      count++;
    }
    await loop.start();
  }
  assert.ok(count > 500, `${count} values`);
  await isUsable(loop);
  assert.equal(errors, []);
});

test("a missing callback is an error in both call forms", async () => {
  const { loop } = quietLoop();
  const untyped = loop as unknown as Record<string, (...args: unknown[]) => unknown>;
  const reactor = loop.reactor as unknown as Record<string, (...args: unknown[]) => unknown>;
  const missing = (name: string): string =>
    `TypeError ERR_IOLOOP_INVALID_ARG_TYPE: ${name}: callback must be a function, not undefined`;
  const calls: [string, () => unknown][] = [
    ["timer", () => untyped["timer"]!(1)],
    ["timer", () => untyped["timer"]!()],
    ["recurring", () => untyped["recurring"]!(1)],
    ["server", () => untyped["server"]!({})],
    ["server", () => untyped["server"]!()],
    ["client", () => untyped["client"]!({ port: 1 })],
    ["client", () => untyped["client"]!()],
    ["nextTick", () => untyped["nextTick"]!()],
    ["io", () => reactor["io"]!(new PassThrough())],
    ["timer", () => reactor["timer"]!(1)],
  ];
  for (const [name, call] of calls) assert.is(refusal(call), missing(name));
  assert.match(
    refusal(() => untyped["timer"]!(nop)),
    "timer: after must be a finite number of seconds, 0 or more, not undefined",
  );
  assert.match(
    refusal(() => untyped["timer"]!(nop, nop)),
    "timer: after must be a finite number of seconds, 0 or more, not a function",
  );
  assert.match(
    refusal(() => untyped["server"]!(nop, nop)),
    "server: options must be an object, not a function",
  );
  await isUsable(loop);
});

test("options that are undefined count as not given", async () => {
  const { loop } = quietLoop({ maxAccepts: undefined, reactor: undefined, clock: undefined });
  const id = loop.server({ port: undefined, address: undefined, waitTimeout: undefined }, nop);
  assert.ok(portOf(loop, id) > 0);
  loop.remove(id);
  const other = loop.server(nop, undefined);
  loop.remove(other);
  loop.remove(loop.client(nop));
  await isUsable(loop);
});

test("a server listens once, a client connects once at a time", async () => {
  const { loop } = quietLoop();
  const server = new Server({ reactor: loop.reactor });
  server.listen();
  assert.is(
    refusal(() => server.listen()),
    "IOLoopError ERR_IOLOOP_HANDLE_IN_USE: listen: the server is listening already",
  );
  assert.ok(server.port, "it still listens");
  server.close();
  server.listen();
  server.close();
  const client = new Client({ reactor: loop.reactor });
  client.connect({ port: 9 });
  assert.is(
    refusal(() => client.connect({ port: 9 })),
    "IOLoopError ERR_IOLOOP_HANDLE_IN_USE: connect: the client is connecting already",
  );
  client.close();
  await isUsable(loop);
});

test("the reactor of a loop cannot be replaced while it watches anything", async () => {
  const { loop } = quietLoop();
  const refused =
    "IOLoopError ERR_IOLOOP_REACTOR_IN_USE: loop.reactor cannot be replaced while the loop has timers, servers or connections";
  const before = loop.reactor;
  const watch: (() => () => unknown)[] = [
    () =>
      (
        (id) => () =>
          loop.remove(id)
      )(loop.timer(60, nop)),
    () =>
      (
        (id) => () =>
          loop.remove(id)
      )(loop.server({}, nop)),
    () =>
      (
        (id) => () =>
          loop.remove(id)
      )(loop.client({}, nop)),
    () => ((it) => (loop.reactor.io(it, nop), () => loop.reactor.remove(it)))(new PassThrough()),
  ];
  for (const begin of watch) {
    const end = begin();
    assert.is(
      refusal(() => (loop.reactor = new Reactor())),
      refused,
    );
    assert.is(loop.reactor, before);
    end();
  }
  loop.nextTick(nop);
  assert.is(
    refusal(() => (loop.reactor = new Reactor())),
    refused,
  );
  await isUsable(loop);
  const after = new Reactor();
  loop.reactor = after;
  assert.is(loop.reactor, after);
  await isUsable(loop);
  await isUsable(new IOLoop({ reactor: before })); // it can be used again
});

test("a reactor belongs to one loop only", async () => {
  const { loop } = quietLoop();
  const { loop: other } = quietLoop();
  const refused = "already belongs to another loop; give every loop its own Reactor";
  const before = other.reactor;
  assert.is(
    refusal(() => new IOLoop({ reactor: loop.reactor })),
    `IOLoopError ERR_IOLOOP_REACTOR_IN_USE: new IOLoop: option "reactor" ${refused}`,
  );
  assert.is(
    refusal(() => (other.reactor = loop.reactor)),
    `IOLoopError ERR_IOLOOP_REACTOR_IN_USE: loop.reactor ${refused}`,
  );
  assert.is(other.reactor, before);
  await isUsable(loop);
  await isUsable(other);
});

test("the reactor of a server, client or stream cannot be changed while it is used", async () => {
  const { loop } = quietLoop();
  const { loop: other } = quietLoop();
  const { reactor } = loop;
  const [server, client] = [new Server({ reactor }), new Client({ reactor })];
  const { near, far } = await pair();
  const stream = new Stream(near, { reactor });
  server.listen();
  client.connect({ port: 9 });
  stream.start();
  for (const [task, why] of [
    [() => (server.reactor = other.reactor), "server listens"],
    [() => other.acceptor(server), "server listens"],
    [() => (client.reactor = other.reactor), "client connects"],
    [() => (stream.reactor = other.reactor), "stream has started"],
    [() => other.stream(stream), "stream has started"],
  ] as const) {
    const message = `IOLoopError ERR_IOLOOP_REACTOR_IN_USE: reactor cannot be changed once the ${why}`;
    assert.is(refusal(task), message);
  }
  const second = new Stream(near, { reactor });
  assert.is(
    refusal(() => second.start()),
    "IOLoopError ERR_IOLOOP_HANDLE_IN_USE: The handle belongs to another stream",
  );
  server.close();
  client.close();
  stream.close();
  assert.is(
    refusal(() => loop.stream(stream)),
    "IOLoopError ERR_IOLOOP_HANDLE_CLOSED: stream: this stream is closed",
  );
  await far.closed;
  await isUsable(loop);
  await isUsable(other);
});

test("start and oneTick throw while the loop runs", async () => {
  const { loop } = quietLoop();
  const refused = "IOLoopError ERR_IOLOOP_RUNNING: IOLoop already running";
  const seen: string[] = [];
  loop.timer(0, (loop) => {
    for (const it of [loop, loop.reactor])
      seen.push(
        refusal(() => it.start()),
        refusal(() => it.oneTick()),
      );
  });
  const running = loop.start();
  seen.push(refusal(() => loop.start()));
  await running;
  assert.equal(seen, Array<string>(5).fill(refused));
  await isUsable(loop);
});

test("a spent or unknown timer or handle is an error for again and watch, and remove returns false", async () => {
  const { loop } = quietLoop();
  const { reactor } = loop;
  const timer = loop.timer(0, nop);
  await loop.start();
  for (const [id, why] of [
    [timer, "timer 0.0 has fired or was removed"],
    [0, "0 is not the id of a timer"],
    [-1, "-1 is not the id of a timer"],
    [1.5, "1.5 is not the id of a timer"],
    [NaN, "NaN is not the id of a timer"],
  ] as [never, string][]) {
    assert.is(
      refusal(() => reactor.again(id)),
      `IOLoopError ERR_IOLOOP_TIMER_INACTIVE: Timer not active: ${why}`,
    );
  }
  for (const id of [timer, 0, -1, 1.5, NaN, 2 ** 40, "x", undefined, {}, Symbol("id"), 5n] as never[]) {
    assert.is(loop.remove(id), false);
    assert.is(reactor.remove(id), false);
  }
  for (const id of [timer, 0, -1, NaN, 2 ** 40] as never[]) {
    assert.is(loop.stream(id), undefined);
    assert.is(loop.acceptor(id), undefined);
  }
  const inactive =
    "IOLoopError ERR_IOLOOP_WATCHER_INACTIVE: I/O watcher not active: this handle is not watched; call io(handle, cb) first";
  for (const handle of [new PassThrough(), undefined, {}] as never[]) {
    assert.is(
      refusal(() => reactor.watch(handle, true, true)),
      inactive,
    );
  }
  const closed = new PassThrough().destroy();
  assert.is(
    refusal(() => reactor.io(closed, nop)),
    "IOLoopError ERR_IOLOOP_HANDLE_CLOSED: io: handle is closed",
  );
  await isUsable(loop);
});
