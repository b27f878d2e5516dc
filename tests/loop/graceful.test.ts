// The graceful stop. Numbers name statements about the originals.

import * as assert from "uvu/assert";
import { harness, peer, plainServer, portOf, quietLoop, turns, until } from "../support/harness.ts";

const test = harness("graceful");

/** Resolves when no server listens on a port any more. */
async function refused(port: number): Promise<void> {
  for (let code: string | undefined; code !== "ECONNREFUSED";) {
    const late = peer({ port });
    late.connected.then(() => late.socket.destroy()).catch(() => {});
    code = await late.closed;
  }
}

test("85, 88 it emits finish and closing, no client can connect any more, and open connections still work in both directions", async () => {
  const { loop } = quietLoop();
  const log: string[] = [];
  loop.on("finish", () => log.push("finish"));
  loop.on("closing", () => log.push(`closing, ${loop.acceptor(id) ? "known" : "spent"}`));
  const id = loop.server({}, (_loop, stream) => {
    log.push("accept");
    stream.on("read", (stream, chunk) => {
      stream.write(`echo ${String(chunk)}`);
      if (String(chunk) === "bye") stream.closeGracefully();
    });
  });
  const server = loop.acceptor(id)!;
  const port = portOf(loop, id);
  const running = loop.start();
  const first = peer({ port });
  await until(() => log.length === 1);
  const stopped = loop.stopGracefully();
  assert.equal(log, ["accept", "finish", "closing, spent"]);
  assert.is(loop.remove(id), false);
  assert.equal([server.isAccepting, server.handle, server.port], [false, undefined, undefined]);
  await refused(port);
  first.socket.write("x");
  await until(() => first.text() === "echo x");
  first.socket.write("bye");
  assert.is(await first.ended, "echo xecho bye");
  first.socket.destroy();
  await stopped;
  await running;
  assert.is(loop.isRunning, false);
});

test("86 without connections and servers, the loop stops within the call, inside and outside of callbacks", async () => {
  const { loop } = quietLoop();
  const log: string[] = [];
  loop.on("finish", () => log.push("finish"));
  loop.on("closing", () => log.push("closing"));
  loop.timer(0, (loop) => {
    void loop.stopGracefully();
    log.push(`running ${loop.isRunning}`);
  });
  await loop.start();
  assert.equal(log, ["finish", "closing", "running false"]);

  const { loop: other } = quietLoop();
  other.timer(60, () => {});
  const running = other.start();
  await turns(2);
  const stopped = other.stopGracefully();
  assert.is(other.isRunning, false);
  await Promise.all([running, stopped]);
  other.reset();
});

test("88 with only a server, the loop stops as soon as the listening socket is closed", async () => {
  const { loop } = quietLoop();
  const id = loop.server({}, () => {});
  const port = portOf(loop, id);
  loop.recurring(0, () => {}); // a timer that never ends
  const running = loop.start();
  await turns(2);
  await loop.stopGracefully();
  await running;
  await refused(port);
  loop.reset();
});

test("89 the loop waits for outgoing connections, including those still connecting", async () => {
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

test("90 a second call does not emit finish again", async () => {
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

test("90 two calls in one pass are one stop, and the next run is an ordinary one", async () => {
  for (const hasServer of [false, true]) {
    const { loop } = quietLoop();
    const log: string[] = [];
    loop.on("finish", () => log.push("finish"));
    loop.on("closing", () => log.push("closing"));
    if (hasServer) loop.server({}, () => {});
    const ended: Promise<void>[] = [];
    loop.timer(0, () => void ended.push(loop.stopGracefully(), loop.stopGracefully()));
    await loop.start();
    await Promise.all(ended);
    assert.equal(log, ["finish", "closing"]);
    let fired = false;
    loop.timer(0.05, () => (fired = true));
    await loop.start();
    assert.is(fired, true);
    assert.equal(log, ["finish", "closing"]);
  }
});

test("91 after a graceful stop and another start, it is an ordinary loop without servers", async () => {
  const { loop } = quietLoop();
  const id = loop.server({}, (_loop, stream) => stream.close());
  const port = portOf(loop, id);
  const first = loop.start();
  await loop.stopGracefully();
  await first;
  assert.is(loop.acceptor(id), undefined);
  await refused(port);
  let fired = false;
  loop.timer(0, () => (fired = true));
  await loop.start();
  assert.is(fired, true);
  const again = loop.server({}, (_loop, stream) => stream.write("hi").closeGracefully());
  const running = loop.start();
  assert.is(await peer({ port: portOf(loop, again) }).ended, "hi");
  loop.remove(again);
  await running;
});

test("91 stop during a graceful stop ends the run now; the next one is ordinary, without servers", async () => {
  for (const delay of [0, 60]) {
    const { loop } = quietLoop();
    const log: string[] = [];
    loop.on("closing", () => log.push("closing"));
    const id = loop.server({}, (_loop, stream) => {
      log.push("accept");
      stream.timeout = 0;
      stream.on("read", (stream, chunk) => stream.write(chunk));
    });
    const port = portOf(loop, id);
    const running = loop.start();
    const client = peer({ port });
    await until(() => log.length === 1);
    const stopped = loop.stopGracefully({ delay });
    loop.stop();
    await Promise.all([running, stopped]);
    assert.equal(log, ["accept", "closing"]);
    await refused(port);
    const again = loop.start(); // also serves clients that arrived before the listening socket closed
    client.socket.write("still here");
    await until(() => client.text() === "still here");
    client.socket.end();
    await again;
  }
});

test("92 before start: the loop stops in the first tick in which no connection is left", async () => {
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

test("94 with maxAccepts the server callback runs before finish; clients that were queued by then are served", async () => {
  const { loop } = quietLoop({ maxAccepts: 1 });
  const log: string[] = [];
  loop.on("finish", () => log.push("finish"));
  const id = loop.server({}, (_loop, stream) => {
    log.push("accept");
    stream.write("served").closeGracefully();
  });
  const clients = [peer({ port: portOf(loop, id) }), peer({ port: portOf(loop, id) })];
  await Promise.all(clients.map((client) => client.connected));
  await loop.start();
  assert.is(log[0], "accept");
  assert.equal(log.toSorted(), ["accept", "accept", "finish"]);
  const texts = await Promise.all(clients.map((client) => client.ended));
  assert.equal(texts, ["served", "served"]);
});

test("87 the loop stops as soon as the last connection has closed, in the same pass", async () => {
  const { loop } = quietLoop();
  const passes: string[] = [];
  const id = loop.server({}, (_loop, stream) => {
    stream.on("close", () => passes.push("close"));
    stream.on("read", (stream) => stream.close());
    void loop.stopGracefully();
  });
  // An endless timer, so that only the graceful stop ends the loop.
  loop.recurring(0, () => passes.at(-1) === "close" && passes.push("another pass"));
  const running = loop.start();
  const client = peer({ port: portOf(loop, id) });
  client.socket.write("x");
  await running;
  assert.ok(passes.filter((entry) => entry === "another pass").length <= 1, passes.join());
  await client.closed;
  loop.reset();
});
