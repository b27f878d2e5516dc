// `connect`, `sleep` and signals: promises of a loop, which they start.

import * as assert from "uvu/assert";
import { IOLoop, Stream } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { NOBODYS, harness, plainServer, portOf, quietLoop, sleep, turns, until } from "../support/harness.ts";
import { rejects } from "../support/rejects.ts";

const test = harness("promises");

test("`connect` resolves to a stream, from which nothing is lost, without `start`", async () => {
  const { port, close } = await plainServer((socket) => socket.end("greeting"));
  const { loop } = quietLoop();
  const stream = await loop.connect({ port });
  assert.ok(stream instanceof Stream);
  await sleep(0.02);
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  assert.is(text, "greeting");
  await close();
  await until(() => !loop.isRunning);
});

test("`connect` rejects with the error of the attempt; wrong options throw at the call", async () => {
  const { loop } = quietLoop();
  await rejects(loop.connect({ port: NOBODYS }), "ECONNREFUSED");
  await rejects(loop.connect({ address: "x.invalid", lookup: () => {}, timeout: 0.02 }), "ERR_IOLOOP_CONNECT_TIMEOUT");
  assert.throws(() => loop.connect({ port: -1 }), /connect: option "port"/);
  assert.throws(() => loop.connect({ host: "x" } as never), /connect: unknown option "host"; did you mean "address"/);
  assert.throws(() => loop.sleep(-1), /sleep: seconds must be/);
  assert.not.ok(loop.isRunning);
});

test("a signal gives an attempt up, and an open connection stays", async () => {
  const { port, close } = await plainServer();
  const { loop } = quietLoop();
  const controller = new AbortController();
  const reason = { mine: true };
  const hanging = loop.connect({ address: "x.invalid", lookup: () => {}, signal: controller.signal });
  loop.timer(0.01, () => controller.abort(reason));
  await rejects(hanging, (error: unknown) => error === reason);
  await rejects(loop.connect({ port, signal: AbortSignal.abort("early") }), (error: unknown) => error === "early");

  const later = new AbortController();
  const stream = await loop.connect({ port, signal: later.signal });
  later.abort();
  await turns(3);
  assert.not.ok(stream.isClosed);

  const got: unknown[] = [];
  loop.client({ port, signal: AbortSignal.abort("callback") }, (_loop, error) => void got.push(error));
  assert.equal(got, [], "not before the call has returned");
  await until(() => got.length === 1);
  assert.equal(got, ["callback"]);
  stream.close();
  await close();
  await until(() => !loop.isRunning);
});

test("`sleep` runs on the loop's clock, and can be cancelled", async () => {
  const clock = new VirtualClock();
  const loop = new IOLoop({ clock });
  let isOver = false;
  const sleeping = loop.sleep(3600).then(() => (isOver = true));
  await clock.advance(3599);
  assert.not.ok(isOver);
  await clock.advance(1);
  await sleeping;
  const controller = new AbortController();
  const long = loop.sleep(1e6, { signal: controller.signal });
  controller.abort(new Error("woken"));
  await rejects(long, /woken/);
  await rejects(loop.sleep(1, { signal: AbortSignal.abort(new Error("never")) }), /never/);
  await until(() => !loop.isRunning);
});

test("`start` joins the run of a promise, and its options count; a second one throws", async () => {
  const { loop } = quietLoop();
  const sleeping = loop.sleep(0.01);
  assert.ok(loop.isRunning);
  const running = loop.start({ forever: true });
  assert.throws(() => loop.start(), /IOLoop already running/);
  await sleeping;
  await sleep(0.02);
  assert.ok(loop.isRunning, "forever");
  await loop.sleep(0);
  loop.stop();
  await running;
});

test("after `stop` or a graceful stop they reject, until `start`; what is pending waits", async () => {
  const { loop } = quietLoop();
  const pending = loop.sleep(0.01);
  loop.stop();
  assert.not.ok(loop.isRunning);
  await rejects(loop.sleep(1), "ERR_IOLOOP_STOPPED");
  await rejects(loop.connect({ port: 1 }), "ERR_IOLOOP_STOPPED");
  let isOver = false;
  void pending.then(() => (isOver = true));
  await sleep(0.05);
  assert.not.ok(isOver);
  await loop.start();
  await pending;
  await loop.sleep(0); // the run has ended by itself

  loop.server({}, () => {});
  const running = loop.start();
  await loop.stopGracefully();
  await running;
  await rejects(loop.sleep(1), "ERR_IOLOOP_STOPPED");
  loop.stop(); // when it is not running it changes nothing
  await loop.start();
  await loop.sleep(0);
  loop.stop();
  await loop.sleep(0);
});

test("`reset` rejects what is pending", async () => {
  const { loop } = quietLoop();
  const all = [loop.sleep(10), loop.connect({ address: "x.invalid", lookup: () => {} })];
  loop.reset();
  for (const one of all) await rejects(one, "ERR_IOLOOP_ABORTED");
  await loop.sleep(0);
});

test("an error that nobody hears ends a run that a promise has begun, and rejects what is pending", async () => {
  const loop = new IOLoop();
  loop.reactor.unsubscribe("error");
  const pending = loop.sleep(10);
  loop.timer(0.01, () => {
    throw new Error("mine");
  });
  await rejects(pending, /mine/);
  assert.not.ok(loop.isRunning);

  const later = loop.sleep(0.05);
  const running = loop.start();
  loop.timer(0, () => {
    throw new Error("yours");
  });
  await rejects(running, /yours/); // who has called `start` hears it
  await loop.start();
  await later;
});

test("a delay that has run does not count as a stop", async () => {
  const { loop } = quietLoop();
  await loop.delay(() => {}).wait();
  await loop.sleep(0);
});

test("the end of a scope stops and resets a loop, and closes a server", async () => {
  const { loop } = quietLoop();
  const id = loop.server({}, () => {});
  const server = loop.acceptor(id)!;
  server[Symbol.dispose]();
  assert.is(loop.acceptor(id), undefined);
  const other = loop.acceptor(loop.server({}, () => {}))!;
  await other[Symbol.asyncDispose]();
  assert.is(other.handle, undefined);

  const third = loop.server({}, (_loop, stream) => stream.closeGracefully());
  const running = loop.start();
  let finished = false;
  loop.on("finish", () => (finished = true));
  portOf(loop, third);
  await loop[Symbol.asyncDispose]();
  assert.ok(finished);
  await running;
  await loop[Symbol.asyncDispose](); // a stopped loop, too
});

test("a signal closes a server and not its connections", async () => {
  const { loop } = quietLoop();
  const controller = new AbortController();
  let stream: Stream | undefined;
  const id = loop.server({ signal: controller.signal }, (_loop, accepted) => (stream = accepted));
  const client = await loop.connect({ port: portOf(loop, id) });
  await until(() => stream !== undefined);
  controller.abort();
  assert.is(loop.acceptor(id), undefined);
  assert.not.ok(stream!.isClosed);
  client.close();
  const early = loop.server({ signal: AbortSignal.abort() }, () => {});
  assert.ok(loop.acceptor(early), "not before the call has returned");
  await turns(1);
  assert.is(loop.acceptor(early), undefined);
  await until(() => !loop.isRunning);
});
