// What a console and JSON show of what a loop has, and errors that come from elsewhere.

import { PassThrough } from "node:stream";
import { inspect } from "node:util";
import { runInNewContext } from "node:vm";
import * as assert from "uvu/assert";
import { Client, EventEmitter, IOLoop, IOLoopError, Reactor, Server, Stream } from "wasm-ioloop";
import { harness, pair, portOf, quietLoop } from "../support/harness.ts";

const test = harness("shown");
const nop = (): void => {};

const deno = (globalThis as { Deno?: { inspect(value: unknown): string } }).Deno;
const bun = (globalThis as { Bun?: { inspect(value: unknown): string } }).Bun;

/** One line, the same by every way there is. */
function line(value: object): string {
  const said = inspect(value);
  assert.is(said.includes("\n"), false, said);
  for (const other of [deno, bun]) if (other) assert.is(other.inspect(value), said);
  return said;
}

test("a console shows one line of what it is and does", async () => {
  const { loop } = quietLoop();
  assert.match(line(loop), /^IOLoop \{ isRunning: false, maxConnections: 1000, timers: 0, /);
  const id = loop.server({}, nop);
  const port = portOf(loop, id);
  assert.is(line(loop.acceptor(id)!), `Server { isListening: true, port: ${port}, isAccepting: true }`);
  assert.match(line(loop), /acceptors: 1,/);
  assert.match(line(loop.reactor), /^Reactor \{ isRunning: false, timers: 0, acceptors: 1,/);
  loop.remove(id);
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
  assert.match(line(stream), /^Stream \{ isOpen: true, remoteAddress: "127\.0\.0\.1", remotePort: \d+, timeout: 15, /);
  stream.close();
  assert.match(line(stream), /^Stream \{ isOpen: false, timeout: 0, /);
  await far.closed;
  class Mine extends Server {}
  assert.match(line(new Mine()), /^Mine \{/);
  assert.type(inspect(Stream.prototype), "string");
  await loop.start();
});

test("an emitter of a user's own shows what is in it", () => {
  class Mine extends EventEmitter {
    readonly colour = "red";
  }
  assert.match(inspect(new Mine()), /colour/);
});

test("JSON has the same, wherever it comes from", async () => {
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

test("an error of another realm is one, and stays what it is", async () => {
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

test("what is no error is wrapped, whatever it is, and asking for its words never throws", () => {
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

test("a stream of what only inherits from a socket, or lacks what is called later, is refused; a foreign Uint8Array is not", () => {
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
