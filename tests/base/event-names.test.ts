// Event names: unknown ones are errors. Also the methods under Node's names, and `once` of node:events.

import { once } from "node:events";
import { PassThrough } from "node:stream";
import * as assert from "uvu/assert";
import { Client, EventEmitter, IOLoop, Reactor, Server, Stream } from "wasm-ioloop";
import { harness, peer, portOf, quietLoop, until } from "../support/harness.ts";
import { refusal } from "./refusal.ts";

const test = harness("event-names");
const nop = (): void => {};

test("an unknown event is an error that names the known ones, and the one that was probably meant", () => {
  const { loop } = quietLoop();
  const stream = new Stream(new PassThrough());
  const known = "known are read, write, drain, end, timeout, error, close";
  for (const method of ["on", "once", "addListener"] as const)
    assert.is(
      refusal(() => stream[method]("data" as never, nop)),
      `TypeError ERR_IOLOOP_UNKNOWN_EVENT: ${method}: Stream has no event "data"; did you mean "read"? ${known}`,
    );
  assert.is(
    refusal(() => (stream as unknown as EventEmitter).emit("whatever")),
    `TypeError ERR_IOLOOP_UNKNOWN_EVENT: emit: Stream has no event "whatever"; ${known}`,
  );
  const meant = (emitter: object, name: string): string | undefined =>
    /did you mean "(\w+)"/.exec(refusal(() => (emitter as EventEmitter).on(name, nop)))?.[1];
  assert.is(meant(stream, "raed"), "read");
  assert.is(meant(new Server(), "connection"), "accept");
  assert.is(meant(new Client(), "ready"), "connect");
  assert.is(meant(loop, "finished"), "finish");
  assert.is(meant(loop.delay(), "done"), "finish");
  for (const name of ["constructor", "__proto__", "toString", ""])
    assert.match(
      refusal(() => stream.on(name as never, nop)),
      /^TypeError ERR_IOLOOP_UNKNOWN_EVENT: /,
    );
});

test("every class has the event error", async () => {
  const { loop } = quietLoop();
  const all = [loop, new Reactor(), new Server(), new Client(), new Stream(new PassThrough()), loop.delay()];
  for (const emitter of all as unknown as EventEmitter[]) {
    const seen: unknown[] = [];
    emitter.on("error", (_emitter, error) => void seen.push(error));
    emitter.emit("error", "Bye");
    assert.equal(seen, ["Bye"]);
  }
  await loop.start();
});

test("hasSubscribers, subscribers and unsubscribe accept unknown events", () => {
  const stream = new Stream(new PassThrough()) as unknown as EventEmitter;
  assert.is(stream.hasSubscribers("data"), false);
  assert.equal(stream.subscribers("data"), []);
  assert.is(stream.unsubscribe("data"), stream);
  assert.is(stream.off("data", nop), stream);
});

test("a user's own class takes any event, or only those that it declares", () => {
  class Any extends EventEmitter {}
  class Two extends EventEmitter<{ one: []; two: []; error: [unknown] }> {
    static override readonly events = ["one", "two", "error"];
  }
  class Louder extends IOLoop {
    static override readonly events = [...IOLoop.events!, "loud"];
  }
  const calls: string[] = [];
  new Any().on("thing", nop);
  const two = new Two();
  two.on("two", () => void calls.push("two"));
  two.emit("one").emit("two");
  assert.match(
    refusal(() => two.on("three" as never, nop)),
    'Two has no event "three"; known are one, two, error',
  );
  const loud = new Louder() as unknown as EventEmitter;
  loud.on("loud", () => void calls.push("loud"));
  loud.emit("loud").on("finish", nop);
  assert.equal(calls, ["two", "loud"]);
  assert.match(
    refusal(() => loud.emit("quiet")),
    'Louder has no event "quiet"',
  );
});

test("Node's names: addListener, removeListener, removeAllListeners, off", () => {
  const e = new EventEmitter();
  const calls: string[] = [];
  const [a, b] = [() => void calls.push("a"), () => void calls.push("b")];
  assert.is(e.addListener("x", a), e);
  e.on("x", b);
  e.emit("x");
  assert.is(e.removeListener("x", a), e);
  e.emit("x");
  assert.is(e.off("x", b), e);
  e.emit("x");
  assert.equal(calls, ["a", "b", "b"]);
  e.on("x", a);
  e.on("y", b);
  assert.is(e.removeAllListeners("x"), e);
  assert.is(e.hasSubscribers("x"), false);
  assert.is(e.hasSubscribers("y"), true);
  e.removeAllListeners();
  assert.is(e.hasSubscribers("y"), false);
  assert.match(
    refusal(() => e.removeListener("x", undefined as never)),
    /removeListener: callback must be a function/,
  );
});

test("the callback given to once can be unsubscribed, and so can its wrapper", () => {
  const e = new EventEmitter();
  const calls: string[] = [];
  const cb = (): void => void calls.push("once");
  e.once("x", cb);
  e.unsubscribe("x", cb);
  e.emit("x");
  assert.equal(calls, []);
  assert.is(e.hasSubscribers("x"), false);
});

test("once of node:events resolves with the emitter and the arguments, or rejects with the error, and leaves no subscriber", async () => {
  const { loop, errors } = quietLoop();
  const seen: unknown[] = [];
  const id = loop.server({}, async (loop, stream) => {
    const got = (await once(stream as never, "read")) as [Stream, Buffer];
    seen.push(got[0] === stream, String(got[1]));
    assert.is(stream.hasSubscribers("error"), false);
    assert.is(stream.hasSubscribers("read"), false);
    const oops = new Error("Oops");
    const waiting = once(stream as never, "timeout").catch((error: unknown) => seen.push(error === oops));
    stream.emit("error", oops);
    await waiting;
    assert.is(stream.hasSubscribers("timeout"), false);
    assert.is(stream.hasSubscribers("error"), false);
    const controller = new AbortController();
    const aborted = once(stream as never, "timeout", { signal: controller.signal }).catch((error: Error) =>
      seen.push(error.name),
    );
    controller.abort();
    await aborted;
    assert.is(stream.hasSubscribers("timeout"), false);
    const closed = once(stream as never, "close");
    stream.close();
    seen.push((await closed).length);
    loop.remove(id);
  });
  const client = peer({ port: portOf(loop, id) });
  client.socket.write("hello");
  await loop.start();
  await until(() => seen.length === 5);
  assert.equal(seen, [true, "hello", true, "AbortError", 1]);
  assert.equal(errors, []);
  await client.closed;
});

test("a subscriber to error gets the emitter first, whatever the function's name", () => {
  const e = new EventEmitter();
  const seen: unknown[] = [];
  const errorListener = (first: unknown): void => void seen.push(first === e);
  e.once("error", errorListener);
  e.emit("error", new Error("Oops"));
  e.on("error", errorListener);
  e.emit("error", new Error("Oops"));
  assert.equal(seen, [true, true]);
});
