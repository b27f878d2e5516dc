// A connection that is reset while our end is on its way is closed. The suite finds a socket that is left open.

import * as assert from "uvu/assert";
import type { Stream } from "wasm-ioloop";
import { harness, peer, portOf, quietLoop, until } from "../support/harness.ts";

const test = harness("reset-while-ending");

/** Accepts one connection, lets its peer write after `act`, and waits until both sides are closed. */
async function closing(act: (stream: Stream) => unknown, goesOn = true): Promise<string | undefined> {
  const { loop, errors } = quietLoop();
  const streams: Stream[] = [];
  let isClosed = false;
  const id = loop.server({ halfOpen: true }, (_loop, stream) => {
    streams.push(stream);
    stream.on("close", () => (isClosed = true));
    act(stream);
  });
  const running = loop.start({ forever: true });
  const client = peer({ port: portOf(loop, id) });
  client.connected.catch(() => {}); // it may be reset before
  await client.ended;
  if (goesOn) client.socket.write("more");
  else await until(() => isClosed);
  client.socket.end();
  await until(() => isClosed);
  await client.closed;
  loop.reset();
  await running;
  assert.equal(errors, []);
  return streams[0]!.closeReason;
}

function endAndReset(stream: Stream): void {
  const duplex = stream.duplex().on("error", () => {});
  duplex.end();
  duplex.resetAndDestroy();
}

test("a connection without a socket", async () => {
  assert.is(await closing(endAndReset), "local");
});

test("a socket", async () => {
  let isClosed = false;
  const reason = await closing((stream) => {
    stream.handle!.on("close", () => (isClosed = true));
    endAndReset(stream);
  });
  assert.is(reason, "local");
  await until(() => isClosed);
});

test("an error after the end of a duplex", async () => {
  const reason = await closing((stream) => {
    const duplex = stream.duplex().on("error", () => {});
    duplex.on("finish", () => duplex.destroy(new Error("too late")));
    duplex.end("bye");
  });
  assert.is(reason, "local");
});

test("a chunk that a web stream cannot send closes the connection", async () => {
  let error: unknown;
  const reason = await closing((stream) => {
    const writer = stream.web().writable.getWriter();
    writer.closed.catch(() => {});
    writer.write(5 as never).catch((failure: unknown) => (error = failure));
  }, false);
  assert.is(reason, "local");
  assert.instance(error, TypeError);
});
