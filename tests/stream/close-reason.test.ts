// The reason why a stream has closed.

import * as assert from "uvu/assert";
import { type ListenerOptions, type Stream } from "wasm-ioloop";
import type { Framer } from "wasm-ioloop/framing";
import { VirtualClock } from "wasm-ioloop/testing";
import { type Peer, harness, isDeno, peer, portOf, quietLoop, turns, until } from "../support/harness.ts";
import { openStream } from "./open-stream.ts";

const test = harness("close-reason");

/** Accepts one client, runs a task with the stream, and returns the reason why it has closed. */
async function reasonOf(
  act: (stream: Stream, client: Peer) => unknown,
  options: ListenerOptions & { ask?: boolean } = {},
): Promise<string | undefined> {
  const { loop } = quietLoop();
  let reason: string | undefined;
  const { ask, ...rest } = options;
  const id = loop.server(rest, (loop, stream) => {
    if (ask) assert.is(stream.handle?.destroyed, false);
    assert.is(stream.closeReason, undefined);
    stream.on("close", (stream) => {
      reason = stream.closeReason;
      loop.remove(id);
    });
    act(stream, client);
  });
  const client = peer({ port: portOf(loop, id) });
  await loop.start();
  client.socket.destroy();
  await client.closed;
  return reason;
}

for (const ask of [false, true]) {
  const how = ask ? " of a stream that was asked for its socket" : "";

  test(`local${how}: close, closeGracefully, and remove`, async () => {
    assert.is(await reasonOf((stream) => stream.close(), { ask }), "local");
    assert.is(await reasonOf((stream) => stream.closeGracefully(), { ask }), "local");
    assert.is(await reasonOf((stream) => stream.write("x").closeGracefully(), { ask }), "local");
    const remove = (stream: Stream): boolean => stream.write("x") && stream.reactor.remove(stream.id);
    assert.is(await reasonOf((stream) => [remove(stream), stream.close()], { ask }), "local");
  });

  test(`peer${how}: the peer has ended first`, async () => {
    assert.is(await reasonOf((_stream, client) => client.socket.end(), { ask }), "peer");
    assert.is(await reasonOf((stream, client) => [stream.write("x"), client.socket.end("y")], { ask }), "peer");
  });

  test(`reset${how}: by the peer`, async () => {
    assert.is(await reasonOf((_stream, client) => client.socket.resetAndDestroy(), { ask }), isDeno ? "peer" : "reset"); // Deno reports an end
  });

  test(`timeout${how}, and lifetime`, async () => {
    assert.is(await reasonOf(() => {}, { ask, idleTimeout: 0.02 }), "timeout");
    assert.is(await reasonOf(() => {}, { ask, lifetime: 0.02 }), "lifetime");
  });
}

test("the first reason counts", async () => {
  const both = (stream: Stream, client: Peer): void => {
    client.socket.pause();
    stream.write(Buffer.alloc(20_000_000)).closeGracefully();
    stream.once("write", () => client.socket.resetAndDestroy());
  };
  assert.is(await reasonOf(both), "local");
});

test("error: the handle's error", async () => {
  const { stream, log, running, far } = await openStream();
  stream.handle!.destroy(new Error("broken"));
  await running;
  await far.closed;
  assert.equal(log, ["error broken", "close"]);
  assert.is(stream.closeReason, "error");
});

test("local: other code destroys the handle", async () => {
  const { stream, running, far } = await openStream();
  stream.handle!.destroy();
  await running;
  await far.closed;
  assert.is(stream.closeReason, "local");
});

test("stolen: without a `close`", async () => {
  const { stream, log, running, far } = await openStream();
  const handle = stream.stealHandle();
  assert.is(stream.closeReason, "stolen");
  handle!.destroy();
  await running;
  await far.closed;
  assert.equal(log, []);
});

test("stopping: closed at the timeout of a graceful stop", async () => {
  const { loop, stream, log, running, far } = await openStream();
  await loop.stopGracefully({ timeout: 0.02 });
  await running;
  await far.closed;
  assert.is(stream.closeReason, "stopping");
  assert.equal(log, ["close"]);
});

test("the id and the user's data stay after close", async () => {
  const { loop } = quietLoop();
  const seen: unknown[] = [];
  const id = loop.server<{ name: string }>({}, (loop, stream, streamId) => {
    assert.is(stream.data, undefined);
    stream.data = { name: "first" };
    assert.is(stream.id, streamId);
    stream.on("close", (stream) => {
      seen.push(stream.id === streamId, stream.data?.name, loop.stream(streamId), stream.localPort, stream.tls);
      loop.remove(id);
    });
    stream.close();
  });
  const client = peer({ port: portOf(loop, id) });
  await loop.start();
  await client.closed;
  assert.equal(seen, [true, "first", undefined, undefined, undefined]);
});

test("the local address is known without creating a socket", async () => {
  const { loop } = quietLoop();
  const seen: unknown[] = [];
  const id = loop.server({}, (loop, stream) => {
    seen.push(stream.localAddress, stream.localPort, stream.remoteAddress, stream.remotePort);
    const { localAddress, localPort } = stream.handle!;
    seen.push(localAddress, localPort, stream.localPort);
    stream.close();
    loop.remove(id);
  });
  const port = portOf(loop, id);
  const client = peer({ port });
  let near: number | undefined;
  client.socket.once("connect", () => (near = client.socket.localPort));
  await loop.start();
  await client.closed;
  assert.equal(seen, ["127.0.0.1", port, "127.0.0.1", near, "127.0.0.1", port, port]);
});

test("reads and writes of a library through the handle are activity: an idle stream closes after one to two timeouts", async () => {
  const clock = new VirtualClock();
  const { loop, stream, far, log, running } = await openStream({ clock });
  stream.unsubscribe("read");
  stream.timeout = 10;
  const handle = stream.handle!;
  for (let i = 0; i < 5; i++) {
    await clock.advance(6);
    handle.write("x");
    await until(() => far.text().length === i + 1);
  }
  assert.equal(log, []);
  await clock.advance(8);
  assert.equal(log, []);
  await clock.advance(12);
  assert.equal(log, ["timeout", "close"]);
  assert.is(stream.closeReason, "timeout");
  await running;
  assert.is(loop.isRunning, false);
});

test("a stream that is read and written directly times out as precisely as before", async () => {
  const clock = new VirtualClock();
  const { stream, log, running, far } = await openStream({ clock });
  stream.timeout = 10;
  assert.is(stream.handle!.destroyed, false);
  await clock.advance(5);
  stream.write("x");
  await until(() => far.text() === "x");
  far.socket.write("y");
  await until(() => log.includes("read y"));
  await turns(5);
  log.length = 0;
  await clock.advance(9.9);
  assert.equal(log, []);
  await clock.advance(0.2);
  assert.equal(log, ["timeout", "close"]);
  await running;
});

test("a subscriber to error or timeout that closes the stream does not change the reason", async () => {
  for (const how of ["close", "closeGracefully"] as const) {
    const refuse = (): never => {
      throw new Error("refused");
    };
    const failing: Framer<never, never> = { push: refuse, end: () => {}, encode: refuse };
    const byFramer = (stream: Stream, client: Peer): void => {
      stream.on("error", (stream) => stream.write("x")[how]());
      stream.frames(failing, () => {});
      client.socket.write("x");
    };
    assert.is(await reasonOf(byFramer), "error");
    let ended: unknown;
    const byTimeout = (stream: Stream): void => {
      stream.on("timeout", (stream) => stream.write("x")[how]());
      stream[Symbol.asyncIterator]()
        .next()
        .catch((error: unknown) => (ended = error));
    };
    assert.is(await reasonOf(byTimeout, { idleTimeout: 0.02 }), "timeout");
    await until(() => ended !== undefined);
    assert.is((ended as { code?: string }).code, "ERR_IOLOOP_IDLE_TIMEOUT");
  }
});
