// Reactor.io, watch, remove: when a callback runs, and that nothing is left behind. Numbers name statements about the originals.

import { PassThrough } from "node:stream";
import * as assert from "uvu/assert";
import { harness, pair, sleep, turns, until } from "../support/harness.ts";
import { countPasses, listeners, runFor, watching } from "./watching.ts";

const test = harness("watchers");

test("46, 47 read and write at once: one call with false, then one with true, in the same tick", async () => {
  const { reactor, log, watch } = watching();
  const { near, far } = await pair();
  far.socket.write("x");
  await until(() => near.readableLength > 0);
  reactor.io(near, (it, writable) => {
    assert.is(it, reactor);
    log.push(String(writable));
  });
  await reactor.oneTick();
  assert.equal(log, ["false", "true"]);
  await reactor.oneTick();
  assert.equal(log, ["false", "true", "false", "true"]);
  reactor.remove(near);
  log.length = 0;
  reactor.io(() => void log.push("callback first"), near);
  reactor.watch(near, true, false);
  await reactor.oneTick();
  assert.equal(log, ["callback first"]);
  watch(near);
  reactor.reset();
  near.destroy();
  await far.closed;
});

test("47 the read call removes the handle: no write call", async () => {
  const { reactor, log, watch } = watching();
  const { near, far } = await pair();
  far.socket.write("x");
  await until(() => near.readableLength > 0);
  watch(near, "", () => assert.is(reactor.remove(near), true));
  await reactor.start();
  assert.equal(log, ["r"]);
  assert.is(String(near.read()), "x");
  near.destroy();
  await far.closed;
});

test("a read call that watches for reading only, or for nothing: no write call", async () => {
  for (const read of [true, false]) {
    const { reactor, log, watch } = watching();
    const handle = new PassThrough();
    handle.write("x");
    watch(handle, "", () => void reactor.watch(handle, read, false));
    await runFor(reactor, 5);
    assert.is(log.join("").includes("w"), false);
    assert.is(log.length > 1, read);
    reactor.reset();
  }
});

test("48 io on a watched handle: the new callback is used at once, for reading and writing", async () => {
  const { reactor, log, watch } = watching();
  const handle = new PassThrough();
  handle.write("x");
  watch(handle, "1", () => watch(handle, "2"));
  reactor.watch(handle, true, false);
  await reactor.oneTick();
  assert.equal(log, ["r1", "w2"]);
  await reactor.oneTick();
  assert.equal(log, ["r1", "w2", "r2", "w2"]);
  assert.is(reactor.remove(handle), true);
  assert.is(reactor.remove(handle), false);
});

test("49, 24 watch returns the reactor; with neither, no calls, and the reactor keeps running", async () => {
  const { reactor, log, watch } = watching();
  const { near, far } = await pair();
  far.socket.write("x");
  watch(near);
  assert.is(reactor.watch(near, false, false), reactor);
  let ended = false;
  const running = reactor.start().then(() => (ended = true));
  await turns(10);
  assert.is(ended, false);
  assert.equal(log, []);
  reactor.watch(near, true, false);
  await until(() => log.length > 2);
  assert.ok(log.every((call) => call === "r"));
  reactor.watch(near, false, true);
  log.length = 0;
  await until(() => log.length > 2);
  assert.ok(log.every((call: string) => call === "w"));
  reactor.remove(near);
  await running;
  near.destroy();
  await far.closed;
});

test("level-triggered: called in every tick until the last byte is read, and not after", async () => {
  const { reactor, log, watch } = watching();
  const { near, far } = await pair();
  const text = "0123456789".repeat(20_000);
  let received = "";
  watch(near, "", () => {
    if (log.length < 4) return; // not read yet, so the callback runs again
    received += String(near.read() ?? "");
  });
  reactor.watch(near, true, false);
  far.socket.write(text);
  const running = reactor.start();
  await until(() => received.length === text.length);
  assert.is(received, text);
  await turns(5);
  const calls = log.length;
  await turns(20);
  assert.is(log.length, calls);
  far.socket.write("more");
  await until(() => received.endsWith("more"));
  reactor.remove(near);
  await running;
  near.destroy();
  await far.closed;
});

test("the peer's end: readable in every tick until removed", async () => {
  const { reactor, log, watch } = watching();
  const { near, far } = await pair();
  const texts: string[] = [];
  watch(near, "", () => texts.push(String(near.read())));
  reactor.watch(near, true, false);
  const running = reactor.start();
  far.socket.end("last words");
  await until(() => log.length > 10);
  assert.is(texts[0], "last words");
  assert.ok(texts.slice(1).every((text) => text === "null"));
  reactor.remove(near);
  await running;
  near.destroy();
  await far.closed;
});

test("not writable while the peer does not read; writable again when it does", async () => {
  const { reactor, log, watch } = watching();
  const { near, far } = await pair();
  far.socket.pause();
  let sent = 0;
  watch(near, "", () => {
    near.write(Buffer.alloc(65536));
    sent += 65536;
  });
  reactor.watch(near, false, true);
  const running = reactor.start();
  let before = -1;
  while (before !== sent) {
    before = sent;
    await sleep(0.1); // as long as the system takes more
  }
  const calls = log.length;
  await turns(20);
  assert.is(log.length, calls);
  far.socket.resume();
  await until(() => log.length > calls);
  reactor.remove(near);
  await running;
  near.destroy();
  await far.closed;
});

test("a watcher that is not ready costs nothing: no pass, no timer", async () => {
  const { reactor, log, watch } = watching();
  const { near, far } = await pair();
  const passes = countPasses(reactor);
  watch(near);
  reactor.watch(near, true, false);
  const running = reactor.start();
  await turns(5);
  const before = passes();
  await sleep(0.1);
  await turns(50);
  assert.is(passes(), before);
  far.socket.write("x");
  await until(() => log.length > 0);
  reactor.watch(near, false, false);
  await turns(3);
  const paused = passes();
  await turns(50);
  assert.is(passes(), paused);
  reactor.remove(near);
  await running;
  near.destroy();
  await far.closed;
});

test("an idle writable handle: one call per tick; timers, other handles and the runtime's own callbacks still run", async () => {
  const { reactor, log, watch } = watching();
  const [idle, busy] = [await pair(), await pair()];
  let [fired, turned] = [0, 0];
  const received: string[] = [];
  const passes = countPasses(reactor);
  watch(idle.near);
  reactor.watch(idle.near, false, true);
  reactor.io(busy.near, () => void received.push(String(busy.near.read())));
  reactor.watch(busy.near, true, false);
  reactor.recurring(0.01, () => fired++);
  const foreign = setInterval(() => turned++, 5);
  const running = reactor.start();
  for (let i = 1; i <= 5; i++) {
    busy.far.socket.write("ping");
    await until(() => received.length === i);
  }
  await until(() => fired > 3 && turned > 3);
  assert.ok(log.length <= passes(), `${log.length} calls in ${passes()} passes`);
  assert.ok(log.length > passes() / 2, `${log.length} calls in ${passes()} passes`);
  clearInterval(foreign);
  reactor.reset();
  await running;
  for (const { near, far } of [idle, busy]) {
    near.destroy();
    await far.closed;
  }
});

test("if the callback of one ready handle removes another one, that is not called", async () => {
  const { reactor, log, watch } = watching();
  const handles = [new PassThrough(), new PassThrough()];
  for (const [i, handle] of handles.entries()) {
    handle.write("x");
    watch(handle, String(i), () => reactor.remove(handles[1 - i]!));
    reactor.watch(handle, true, false);
  }
  await reactor.oneTick();
  assert.equal(log, ["r0"]);
  assert.is(reactor.remove(handles[0]!), true);
});

test("20 stop in a callback: the callbacks of other ready handles in this pass still run", async () => {
  const { reactor, log, watch } = watching();
  const handles = [new PassThrough(), new PassThrough()];
  for (const handle of handles) watch(handle, "", () => reactor.stop());
  await reactor.start();
  assert.equal(log, ["w", "w"]);
  reactor.reset();
});

test("54 reset in a callback: nothing more fires, no listener is left, the handles stay open", async () => {
  const { reactor, log, watch } = watching();
  const handles = [new PassThrough(), new PassThrough(), new PassThrough()];
  const before = handles.map(listeners);
  for (const handle of handles) watch(handle, "", () => reactor.reset());
  await reactor.start();
  assert.equal(log, ["w"]);
  assert.equal(handles.map(listeners), before);
  for (const handle of handles) {
    assert.is(handle.destroyed, false);
    assert.is(reactor.remove(handle), false);
  }
});

test("50, 51, 53 watch without io, io with a closed handle, remove of nothing", async () => {
  const { reactor, watch } = watching();
  const handle = new PassThrough();
  const inactive = { code: "ERR_IOLOOP_WATCHER_INACTIVE", message: "I/O watcher not active" };
  const refused = (call: () => unknown, { code, message }: typeof inactive): void =>
    assert.throws(call, (error: Error & { code: string }) => error.code === code && error.message.startsWith(message));
  refused(() => reactor.watch(handle, true, true), inactive);
  watch(handle);
  reactor.remove(handle);
  refused(() => reactor.watch(handle, true, true), inactive);
  handle.destroy();
  refused(() => watch(handle), { code: "ERR_IOLOOP_HANDLE_CLOSED", message: "io: handle is closed" });
  assert.is(reactor.remove(undefined as never), false);
  await reactor.start();
});

test("a callback that throws is an error of the reactor, and is called again", async () => {
  const { reactor, errors } = watching();
  const handle = new PassThrough();
  reactor.io(handle, async () => {
    if (errors.length >= 3) reactor.remove(handle);
    throw new Error("Bye!");
  });
  await reactor.start();
  assert.ok(errors.length >= 3);
});
