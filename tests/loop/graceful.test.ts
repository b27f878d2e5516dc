// The graceful stop. Numbers name statements about the originals.

import * as assert from "uvu/assert";
import { harness, peer, plainServer, portOf, quietLoop, turns, until } from "../support/harness.ts";

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
