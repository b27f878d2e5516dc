// How a console and JSON show loops, streams and servers, and errors of other realms.

import { PassThrough } from "node:stream";
import { inspect } from "node:util";
import { runInNewContext } from "node:vm";
import * as assert from "uvu/assert";
import { Client, EventEmitter, IOLoop, IOLoopError, Reactor, Server, Stream } from "wasm-ioloop";
import { lines } from "wasm-ioloop/framing";
import { harness, pair, portOf, quietLoop } from "../support/harness.ts";

const test = harness("shown");
const nop = (): void => {};

const deno = (globalThis as { Deno?: { inspect(value: unknown): string } }).Deno;
const bun = (globalThis as { Bun?: { inspect(value: unknown): string } }).Bun;

/** The line that a console shows, which must be the same in every way to print it. */
function line(value: object): string {
  const said = inspect(value);
  assert.is(said.includes("\n"), false, said);
  for (const other of [deno, bun]) if (other) assert.is(other.inspect(value), said);
  return said;
}

test("a console shows an object as one line with its class and state", async () => {
  const { loop } = quietLoop();
  assert.match(line(loop), /^IOLoop \{ isRunning: false, isAccepting: false, maxConnections: 1000, timers: 0, /);
  const id = loop.server({}, nop);
  const port = portOf(loop, id);
  assert.is(line(loop.acceptor(id)!), `Server { isListening: true, port: ${port}, isAccepting: true }`);
  assert.match(line(loop), /acceptors: 1,/);
  assert.match(line(loop.reactor), /^Reactor \{ isRunning: false, timers: 0, acceptors: 1,/);
  loop.remove(id);
  const asked = loop.listen();
  assert.match(line(asked), /^ListeningServer \{ isListening: true, port: \d+, /);
  asked.close();
  const client = new Client({ reactor: loop.reactor });
  assert.is(line(client), "Client { isConnecting: false }");
  client.connect({ address: "::1", port: 9 });
  assert.is(line(client), 'Client { isConnecting: true, to: "[::1]:9" }');
  client.close();
  const delay = loop.delay(nop, nop);
  assert.is(line(delay), "Delay { isWaiting: false, steps: 2, pending: 0 }");
  const { near, far } = await pair();
  const stream = new Stream(near, { reactor: loop.reactor });
  loop.stream(stream);
  assert.is(line(asked[Symbol.asyncIterator]()), "Accepts { isWaiting: false }");
  assert.match(line(stream), /^Stream \{ isOpen: true, remoteAddress: "127\.0\.0\.1", remotePort: \d+, timeout: 15, /);
  assert.is(line(stream.frames(lines())), "Frames { isWaiting: false }");
  stream.close();
  assert.match(line(stream), /^Stream \{ isOpen: false, timeout: 0, /);
  await far.closed;
  class Mine extends Server {}
  assert.match(line(new Mine()), /^Mine \{/);
  assert.type(inspect(Stream.prototype), "string");
  await loop.start();
});

test("a user's own emitter is shown with its properties", () => {
  class Mine extends EventEmitter {
    readonly colour = "red";
  }
  assert.match(inspect(new Mine()), /colour/);
});

test("JSON has the same properties", async () => {
  const { loop } = quietLoop();
  const id = loop.server({}, nop);
  const { near, far } = await pair();
  const stream = new Stream(near, { reactor: loop.reactor });
  loop.stream(stream);
  const all = {
    loop,
    reactor: loop.reactor,
    server: loop.acceptor(id),
    stream,
    client: new Client(),
    delay: loop.delay(),
  };
  const json = JSON.parse(JSON.stringify({ all, list: [stream] })) as { all: Record<string, Record<string, unknown>> };
  assert.is(json.all["server"]!["port"], portOf(loop, id));
  assert.is(json.all["stream"]!["remoteAddress"], "127.0.0.1");
  assert.is(json.all["loop"]!["maxConnections"], 1000);
  assert.is(JSON.stringify(new EventEmitter()), "{}");
  loop.reset();
  await far.closed;
});

test("an error of another realm counts as an error, and is not wrapped", async () => {
  const foreign = runInNewContext("Object.assign(new TypeError('Bye'), { code: 'E' })") as Error;
  const alike = { name: "ForeignError", message: "Bye", stack: "ForeignError: Bye\n    at elsewhere" };
  for (const error of [foreign, alike]) {
    const e = new EventEmitter();
    let thrown: unknown;
    try {
      e.emit("error", error);
    } catch (it) {
      thrown = it;
    }
    assert.is(thrown, error);
    const loop = new IOLoop();
    loop.reactor.unsubscribe("error");
    loop.timer(0, () => {
      throw error;
    });
    assert.is(await loop.start().catch((it: unknown) => it), error);
  }
});

test("any value that is not an error is wrapped, and describing it never throws", () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const shy = {
    get name(): never {
      throw new Error("nobody's business");
    },
  };
  for (const value of [
    "Bye",
    5,
    Symbol("x"),
    null,
    undefined,
    3n,
    Object.create(null),
    proxy,
    shy,
    { message: "Bye" },
  ]) {
    let thrown: unknown;
    try {
      new EventEmitter().emit("error", value);
    } catch (it) {
      thrown = it;
    }
    assert.instance(thrown, IOLoopError);
    assert.is((thrown as IOLoopError).code, "ERR_IOLOOP_UNHANDLED");
    assert.is((thrown as IOLoopError).cause, value);
  }
});

test("an object that only inherits from a socket, or lacks methods, is not a handle; a Uint8Array of another realm is a chunk", () => {
  const { loop } = quietLoop();
  const stream = new Stream(new PassThrough(), { reactor: loop.reactor });
  stream.write(runInNewContext("new Uint8Array([1, 2])") as Uint8Array);
  class Own extends Uint8Array {}
  stream.write(new Own(3)).write(Buffer.from("xy"));
  assert.is(stream.bytesWaiting, 7);
  const duck: Record<string, unknown> = {};
  const methods = ["on", "off", "listenerCount", "pause", "resume", "write", "end", "destroy"];
  for (const method of methods) duck[method] = nop;
  for (const missing of methods) {
    const handle = { ...duck, [missing]: undefined };
    assert.throws(() => new Stream(handle as never), /new Stream: handle must be a socket or a Duplex of the runtime/);
    assert.throws(() => loop.client({ handle: handle as never }, nop), /client: option "handle" must be a socket/);
  }
  const reactor = new Reactor();
  for (const wrong of [{ read: nop }, { read: 5 }, { write: 5 }, {}]) {
    const handle = Object.assign(new (class extends PassThrough {})(), { read: undefined, write: undefined }, wrong);
    if ("read" in wrong && wrong.read === nop) Object.assign(handle, { pause: undefined });
    assert.throws(() => reactor.io(handle, nop), /io: handle must be a stream or a server of the runtime/);
  }
});
