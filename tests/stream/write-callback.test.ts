// The callback of a write is called exactly once, with an error if the stream has closed first.

import * as assert from "uvu/assert";
import { IOLoopError } from "wasm-ioloop";
import { harness, turns, until } from "../support/harness.ts";
import { type Open, openStream } from "./open-stream.ts";

const test = harness("stream-write-callback");

/** A callback that logs its argument. */
function logged({ log, stream }: Open, name: string): (it: unknown, error?: IOLoopError) => void {
  return (it, error) => {
    assert.is(it, stream);
    assert.ok(error === undefined || error instanceof IOLoopError);
    log.push(`${name} ${error?.code ?? "sent"}`);
  };
}

const CLOSED = "ERR_IOLOOP_STREAM_CLOSED";

test("a write that waits when the stream closes gets an error, after `close` has returned", async () => {
  const open = await openStream();
  open.stream.unsubscribe("write");
  open.far.socket.pause();
  open.stream.write(Buffer.alloc(20_000_000), logged(open, "a"));
  open.stream.write("", logged(open, "b"));
  await until(() => open.stream.bytesWritten > 0);
  open.loop.timer(0, () => {
    open.stream.close();
    assert.equal(open.log, ["close"]);
  });
  await open.running; // it does not end before they have been called
  assert.equal(open.log, ["close", `a ${CLOSED}`, `b ${CLOSED}`]);
  open.far.socket.destroy();
});

test("the same after a reset by the peer, after the timeout, and after stealHandle", async () => {
  for (const way of ["reset", "timeout", "steal"]) {
    const open = await openStream();
    open.stream.unsubscribe("write");
    open.stream.unsubscribe("timeout");
    open.far.socket.pause();
    open.stream.write(Buffer.alloc(20_000_000), logged(open, way));
    await until(() => open.stream.bytesWritten > 0);
    let stolen;
    if (way === "reset") open.far.socket.resetAndDestroy();
    else if (way === "timeout") open.stream.timeout = 0.01;
    else stolen = open.stream.stealHandle();
    await until(() => open.log.includes(`${way} ${CLOSED}`));
    await open.running;
    await turns(5);
    assert.equal(open.log, way === "steal" ? [`steal ${CLOSED}`] : ["close", `${way} ${CLOSED}`]);
    stolen?.destroy();
    open.far.socket.destroy();
  }
});

test("the same if the loop is reset, and if the stream is closed while the loop is stopped", async () => {
  const open = await openStream();
  open.stream.write("x", logged(open, "reset"));
  open.loop.reset();
  await open.running;
  await until(() => open.log.includes(`reset ${CLOSED}`));
  const other = await openStream();
  other.loop.stop();
  await other.running;
  other.stream.write("x", logged(other, "stopped"));
  other.stream.close();
  await until(() => other.log.includes(`stopped ${CLOSED}`));
  assert.equal(other.log, ["close", `stopped ${CLOSED}`]);
  other.loop.reset();
});

test("a write to a closed stream gets an error, after `write` has returned; endless writes do not block the loop", async () => {
  const open = await openStream();
  open.stream.close();
  let count = 0;
  const again = (): void => void (++count < 50 && open.stream.write("x", again));
  open.stream.write("x", logged(open, "a"));
  open.stream.write("x", again);
  assert.equal(open.log, ["close"]);
  await until(() => count === 50);
  assert.equal(open.log, ["close", `a ${CLOSED}`]);
  await open.running;
});

test("an exception in such a callback is the reactor's error, and the others are still called", async () => {
  const open = await openStream();
  const keep = open.loop.timer(60, () => {});
  open.stream.write("x", () => {
    throw new Error("mine");
  });
  open.stream.write("x", logged(open, "b"));
  open.stream.close();
  await until(() => open.log.length === 2);
  assert.equal(open.log, ["close", `b ${CLOSED}`]);
  assert.equal(
    open.errors.map(([error, event]) => [(error as Error).message, event]),
    [["mine", "write"]],
  );
  open.loop.remove(keep);
  await open.running;
});

test("a write that has been sent gets no error, and no second call when the stream closes", async () => {
  const open = await openStream();
  open.stream.unsubscribe("write");
  open.stream.write("x", logged(open, "a"));
  await until(() => open.log.includes("drain"));
  open.stream.close();
  await open.running;
  await turns(5);
  assert.equal(open.log, ["a sent", "drain", "close"]);
});
