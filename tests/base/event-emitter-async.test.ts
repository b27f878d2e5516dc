// EventEmitter: lists of subscribers, and subscribers that return promises, alone and under a loop.

import * as assert from "uvu/assert";
import { EventEmitter, IOLoop, Reactor, Server } from "wasm-ioloop";
import { deferred, harness, peer, portOf, quietLoop, turns, until } from "../support/harness.ts";

const test = harness("event-emitter lists, and async subscribers");

type TestEvents = { test: [number?]; other: []; error: [unknown] };

test("178 unsubscribing an unknown event or callback is not an error, and has no effect", () => {
  const e = new EventEmitter<TestEvents>();
  const calls: string[] = [];
  e.on("test", () => void calls.push("kept"));
  assert.is(
    e.unsubscribe("other", () => {}),
    e,
  );
  assert.is(e.unsubscribe("other"), e);
  assert.is(
    e.unsubscribe("test", () => {}),
    e,
  );
  e.emit("test");
  assert.equal(calls, ["kept"]);
});

test("179 subscribers is the live list", () => {
  const e = new EventEmitter<TestEvents>();
  const cb = e.on("test", () => {});
  const list = e.subscribers("test");
  const other = e.on("test", () => {});
  assert.equal(list, [cb, other]);
  list.shift();
  assert.equal(e.subscribers("test"), [other]);
  list.length = 0;
  assert.is(e.hasSubscribers("test"), false);
});

test("179 reading the subscribers of an event has no effect", () => {
  const e = new EventEmitter<TestEvents>();
  assert.equal(e.subscribers("error"), []);
  assert.is(e.hasSubscribers("error"), false);
  assert.throws(() => e.emit("error", "Bye"), "Bye");
});

test("180 unsubscribeAll removes every subscription to every event", () => {
  const e = new EventEmitter<TestEvents>();
  const calls: string[] = [];
  e.on("test", () => void calls.push("test"));
  e.once("other", () => void calls.push("other"));
  assert.is(e.unsubscribeAll(), e);
  e.emit("test").emit("other");
  assert.equal(calls, []);
  assert.is(e.hasSubscribers("test"), false);
  e.on("test", () => void calls.push("again"));
  e.emit("test");
  assert.equal(calls, ["again"]);
});

test("180 a subscriber that is not a function, and a name that is not a string, are errors", () => {
  const e = new EventEmitter<TestEvents>();
  for (const wrong of [undefined, null, 5, "cb", {}]) {
    for (const method of ["on", "once"] as const) {
      assert.throws(() => e[method]("test", wrong as never), /^TypeError|must be a function/);
      assert.throws(() => e[method](5 as never, () => {}), new RegExp(`^${method}: name must be a string, not 5$`));
    }
    assert.throws(() => e.catch(wrong as never), /^catch: callback must be a function/);
  }
  assert.is(e.hasSubscribers("test"), false);
  assert.is(e.hasSubscribers("error"), false);
});

test("async subscribers start in order, and emit does not wait for them", async () => {
  const e = new EventEmitter<TestEvents>();
  const calls: string[] = [];
  const gate = deferred();
  e.on("test", async () => {
    calls.push("a");
    await gate.promise;
    calls.push("a after");
  });
  e.on("test", () => void calls.push("b"));
  e.emit("test");
  assert.equal(calls, ["a", "b"]);
  gate.resolve();
  await turns();
  assert.equal(calls, ["a", "b", "a after"]);
});

test("a rejection in a subscriber of a plain emitter is reported by the runtime", async () => {
  const e = new EventEmitter<TestEvents>();
  const seen = deferred<unknown>();
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.once("unhandledRejection", seen.resolve);
  e.on("test", async () => {
    throw new Error("Oops");
  });
  e.emit("test");
  assert.is(((await seen.promise) as Error).message, "Oops");
  for (const other of others) process.on("unhandledRejection", other);
});

test("a rejection in a loop's subscriber is an error of its reactor, and the loop continues", async () => {
  const { loop, errors } = quietLoop();
  loop.on("finish", async () => {
    await turns();
    throw new Error("async Oops");
  });
  const late: string[] = [];
  loop.timer(0.05, () => void late.push("timer"));
  const id = loop.client({ port: 1, timeout: 5 }, () => {});
  loop.timer(0.1, (loop) => void loop.remove(id));
  void loop.stopGracefully();
  await loop.start();
  await turns(2);
  assert.equal(
    errors.map(([error, event]) => [(error as Error).message, event]),
    [["async Oops", "finish"]],
  );
});

test("an exception in a subscriber does not stop the loop", async () => {
  const { loop, errors } = quietLoop();
  const calls: string[] = [];
  const id = loop.server({}, (_loop, stream) => {
    stream.on("read", () => {
      throw new Error("read Oops");
    });
    stream.on("read", () => void calls.push("skipped"));
    stream.on("close", (stream) => {
      calls.push("close");
      loop.remove(id);
      assert.is(stream.handle, undefined);
    });
  });
  const client = peer({ port: portOf(loop, id) });
  client.socket.end("x");
  await loop.start();
  await client.closed;
  assert.equal(calls, ["close"]);
  assert.equal(
    errors.map(([error, event]) => [(error as Error).message, event]),
    [["read Oops", "read"]],
  );
});

test("an async error subscriber of a reactor that rejects ends the run with its error", async () => {
  const reactor = new Reactor();
  reactor.on("error", async () => {
    throw new Error("worse");
  });
  reactor.timer(0, () => {
    throw new Error("bad");
  });
  const keep = reactor.timer(60, () => {});
  let message = "";
  await reactor.start().catch((error: Error) => (message = error.message));
  assert.is(message, "worse");
  assert.is(reactor.isRunning, false);
  reactor.remove(keep);
});

test("an error event of a server without subscribers goes to the reactor", async () => {
  const { loop, errors } = quietLoop();
  const first = new Server({ reactor: loop.reactor });
  first.listen();
  const second = new Server({ reactor: loop.reactor });
  second.listen({ port: first.port });
  loop.timer(0.1, () => first.close());
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  await loop.start();
  await turns(2);
  process.off("unhandledRejection", note);
  assert.equal(unhandled, [], "a rejection of ready is not unhandled");
  assert.equal(
    errors.map(([error, event]) => [(error as NodeJS.ErrnoException).code, event]),
    [["EADDRINUSE", "error"]],
  );
});

test("ready of a server that listens again belongs to the new attempt", async () => {
  const { loop } = quietLoop();
  const [holder, server] = [new Server({ reactor: loop.reactor }), new Server({ reactor: loop.reactor })];
  holder.listen();
  server.listen({ port: holder.port });
  loop.timer(60, () => {});
  const running = loop.start();
  let code: string | undefined;
  await server.ready.catch((error: NodeJS.ErrnoException) => (code = error.code));
  assert.is(code, "EADDRINUSE");
  await until(() => server.handle === undefined);
  server.listen();
  await server.ready;
  assert.ok(server.port);
  loop.reset();
  await running;
});

test("the shared loop is an emitter, too", () => {
  const calls: string[] = [];
  const cb = IOLoop.singleton.on("reset", () => void calls.push("reset"));
  IOLoop.singleton.emit("reset");
  IOLoop.singleton.unsubscribe("reset", cb);
  IOLoop.singleton.emit("reset");
  assert.equal(calls, ["reset"]);
});
