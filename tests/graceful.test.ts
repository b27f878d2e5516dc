// The graceful stop. Numbers name statements about the originals.

import * as assert from "uvu/assert";
import { VirtualClock } from "wasm-ioloop/testing";
import { harness, peer, plainServer, portOf, quietLoop, turns, until } from "./harness.ts";

const test = harness("graceful");

test("85, 88 it emits finish at once, admits nobody, and connections go on both ways", async () => {
  const { loop } = quietLoop();
  const log: string[] = [];
  loop.on("finish", () => log.push("finish"));
  const id = loop.server({}, (_loop, stream) => {
    log.push("accept");
    stream.on("read", (stream, chunk) => {
      stream.write(`echo ${String(chunk)}`);
      if (String(chunk) === "bye") stream.closeGracefully();
    });
  });
  const port = portOf(loop, id);
  const running = loop.start();
  const first = peer({ port });
  await until(() => log.length === 1);
  const stopped = loop.stopGracefully();
  assert.equal(log, ["accept", "finish"]);
  const late = peer({ port });
  await late.connected;
  late.socket.write("let me in");
  first.socket.write("x");
  await until(() => first.text() === "echo x");
  await turns(5);
  assert.is(late.text(), "");
  assert.is(late.socket.destroyed, false);
  assert.equal(log, ["accept", "finish"]);
  first.socket.write("bye");
  assert.is(await first.ended, "echo xecho bye");
  await stopped;
  await running;
  assert.is(loop.isRunning, false);
  assert.ok(loop.acceptor(id));
  loop.reset();
  await late.closed;
});

test("86 without connections it stops in the same call, inside and outside of callbacks", async () => {
  const { loop } = quietLoop();
  const log: string[] = [];
  loop.on("finish", () => log.push("finish"));
  const id = loop.server({}, () => {});
  loop.timer(0, (loop) => {
    void loop.stopGracefully();
    log.push(`running ${loop.isRunning}`);
  });
  await loop.start();
  assert.equal(log, ["finish", "running false"]);
  loop.remove(id);

  const { loop: other } = quietLoop();
  other.timer(60, () => {});
  const running = other.start();
  await turns(2);
  const stopped = other.stopGracefully();
  assert.is(other.isRunning, false);
  await Promise.all([running, stopped]);
  other.reset();
});

test("89 outgoing connections are waited for, also those still connecting", async () => {
  const { port, sockets, close } = await plainServer();
  const { loop } = quietLoop();
  const log: string[] = [];
  loop.client({ port }, (_loop, _error, stream) => {
    log.push("connected");
    stream!.on("close", () => log.push("closed"));
  });
  loop.timer(0, (loop) => {
    void loop.stopGracefully();
    log.push("stopping");
  });
  const running = loop.start();
  await until(() => log.length === 2);
  await turns(10);
  assert.is(loop.isRunning, true);
  sockets[0]!.end();
  await running;
  assert.equal(log.slice().sort(), ["closed", "connected", "stopping"]);
  await close();
});

test("90 a second call emits finish no second time", async () => {
  const { loop } = quietLoop();
  let finished = 0;
  loop.on("finish", () => finished++);
  const id = loop.server({}, () => {});
  const running = loop.start();
  const client = peer({ port: portOf(loop, id) });
  await client.connected;
  await turns(10);
  const both = [loop.stopGracefully(), loop.stopGracefully()];
  assert.is(finished, 1);
  client.socket.end();
  await Promise.all([...both, running]);
  assert.is(finished, 1);
  loop.reset();
});

test("91 started again after a graceful stop: the acceptor is known, nothing is accepted, timers run", async () => {
  const { loop } = quietLoop();
  let accepted = 0;
  const id = loop.server({}, () => accepted++);
  const first = loop.start();
  await loop.stopGracefully();
  await first;
  assert.ok(loop.acceptor(id));
  let fired = false;
  loop.timer(0, () => (fired = true));
  const running = loop.start();
  const client = peer({ port: portOf(loop, id) });
  await client.connected;
  await turns(10);
  assert.is(accepted, 0);
  assert.is(fired, true);
  loop.reset();
  await running;
  await client.closed;
});

test("92 before start: the loop ends at the first tick at which no connection is left", async () => {
  const { loop } = quietLoop();
  let finished = 0;
  loop.on("finish", () => finished++);
  loop.server({}, () => {});
  loop.timer(60, () => {});
  await loop.stopGracefully();
  assert.is(finished, 1);
  await loop.start();
  loop.reset();
});

test("94 with maxAccepts the server callback comes before finish", async () => {
  const { loop } = quietLoop({ maxAccepts: 1 });
  const log: string[] = [];
  loop.on("finish", () => log.push("finish"));
  const id = loop.server({}, (_loop, stream) => {
    log.push("accept");
    stream.write("served").closeGracefully();
  });
  const running = loop.start();
  const clients = [peer({ port: portOf(loop, id) }), peer({ port: portOf(loop, id) })];
  await running;
  assert.equal(log, ["accept", "finish"]);
  loop.reset();
  const texts = await Promise.all(clients.map((client) => client.ended));
  assert.equal(texts.sort(), ["", "served"]);
});

test("delay: it goes on accepting for so long first", async () => {
  const clock = new VirtualClock();
  const { loop } = quietLoop({ clock });
  const log: string[] = [];
  loop.on("finish", () => log.push("finish"));
  const id = loop.server({}, (_loop, stream) => {
    log.push("accept");
    stream.write("served").closeGracefully();
  });
  const running = loop.start();
  const stopped = loop.stopGracefully({ delay: 5 });
  assert.equal(log, ["finish"]);
  await clock.advance(4.9);
  assert.is(await peer({ port: portOf(loop, id) }).ended, "served");
  await turns(5);
  assert.is(loop.isRunning, true);
  await clock.advance(0.1);
  await Promise.all([running, stopped]);
  assert.equal(log, ["finish", "accept"]);
  loop.reset();
});

test("timeout: then what is left is closed; a client still connecting is told", async () => {
  const clock = new VirtualClock();
  const { loop } = quietLoop({ clock });
  const log: string[] = [];
  const id = loop.server({}, (_loop, stream) => {
    stream.timeout = 0;
    stream.on("close", () => log.push("close"));
  });
  const running = loop.start();
  const clients = [peer({ port: portOf(loop, id) }), peer({ port: portOf(loop, id) })];
  await Promise.all(clients.map((client) => client.connected));
  await turns(20);
  const stopped = loop.stopGracefully({ timeout: 30 });
  await clock.advance(29);
  assert.is(loop.isRunning, true);
  await clock.advance(1);
  await Promise.all([running, stopped]);
  assert.equal(log, ["close", "close"]);
  await Promise.all(clients.map((client) => client.closed));
  loop.reset();
});

test("timeout: a client that connects again whenever it was closed, or could not, does not keep the loop", async () => {
  const { port, sockets, close } = await plainServer();
  for (const retries of [false, true]) {
    const clock = new VirtualClock();
    const { loop } = quietLoop({ clock });
    let opened = 0;
    const open = (): void => {
      loop.client({ port }, (_loop, _error, stream) => {
        if (!stream) return retries ? open() : undefined;
        opened++;
        stream.timeout = 0;
        stream.on("close", open);
      });
    };
    open();
    const running = loop.start();
    await until(() => opened === 1);
    const stopped = loop.stopGracefully({ timeout: 5 });
    await turns(5);
    assert.is(loop.isRunning, true);
    await clock.advance(5);
    await Promise.all([running, stopped]);
    loop.reset();
  }
  for (const socket of sockets) socket.destroy();
  await close();
});

test("signal: aborted, it ends the patience; a second call with a timeout hastens too", async () => {
  for (const hasten of ["signal", "second call", "aborted before"] as const) {
    const { loop } = quietLoop();
    const id = loop.server({}, () => {});
    const running = loop.start();
    const client = peer({ port: portOf(loop, id) });
    await client.connected;
    await turns(20);
    const controller = new AbortController();
    if (hasten === "aborted before") controller.abort();
    const stopped = loop.stopGracefully({ signal: controller.signal });
    if (hasten === "signal") controller.abort();
    if (hasten === "second call") void loop.stopGracefully({ timeout: 0.001 });
    await Promise.all([running, stopped]);
    await client.closed;
    loop.reset();
  }
});

test("signal: given before start, it counts until the loop has stopped, and no longer", async () => {
  const { loop } = quietLoop();
  const id = loop.server({}, (_loop, stream) => (stream.timeout = 0));
  const first = loop.start();
  const client = peer({ port: portOf(loop, id) });
  await client.connected;
  await turns(20);
  loop.stop();
  await first;
  const controller = new AbortController();
  await loop.stopGracefully({ signal: controller.signal });
  const second = loop.start();
  await turns(5);
  assert.is(loop.isRunning, true);
  controller.abort();
  await second;
  await client.closed;

  loop.reset();

  const other = new AbortController();
  await loop.stopGracefully({ signal: other.signal });
  await loop.start();
  const { port: elsewhere, close } = await plainServer();
  const third = loop.start();
  loop.client({ port: elsewhere }, () => {});
  await turns(20);
  const stopped = loop.stopGracefully();
  other.abort(); // that of the stop before
  await turns(5);
  assert.is(loop.isRunning, true);
  loop.reset();
  await Promise.all([third, stopped, close()]);
});

test("87 it stops as soon as the last connection has closed, in the same pass", async () => {
  const { loop } = quietLoop();
  const passes: string[] = [];
  const id = loop.server({}, (_loop, stream) => {
    stream.on("close", () => passes.push("close"));
    stream.on("read", (stream) => stream.close());
    void loop.stopGracefully();
  });
  // One that goes on for ever: only the graceful stop ends the loop.
  loop.recurring(0, () => passes.at(-1) === "close" && passes.push("another pass"));
  const running = loop.start();
  const client = peer({ port: portOf(loop, id) });
  client.socket.write("x");
  await running;
  assert.ok(passes.filter((entry) => entry === "another pass").length <= 1, passes.join());
  await client.closed;
  loop.reset();
});
