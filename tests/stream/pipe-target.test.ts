// Pipes whose source or target has ended before, whose target throws, and chunks that others keep.

import { createHash, randomBytes } from "node:crypto";
import { Writable } from "node:stream";
import * as assert from "uvu/assert";
import { harness, peer, plainServer, portOf, quietLoop, turns, until } from "../support/harness.ts";
import { rejects } from "../support/rejects.ts";
import { type Two, sha, two } from "./two-streams.ts";

const test = harness("pipe-target");

function writable(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

/** Closes what is left of two streams. */
async function closeAll({ near, far, client, target, running, errors }: Two): Promise<void> {
  near.close();
  far.close();
  client.socket.destroy();
  target.socket.destroy();
  await running;
  assert.equal(errors, []);
}

test("a Writable whose methods throw ends the pipe like any other target that fails", async () => {
  const fail = (): never => {
    throw new Error("mine");
  };
  const targets = {
    write: new Writable({ write: fail }),
    end: Object.assign(writable(), { end: fail }),
    both: Object.assign(writable(), { write: fail, destroy: fail }),
  };
  for (const [what, target] of Object.entries(targets)) {
    const all = await two();
    const piping = all.near.pipeTo(target);
    all.client.socket.end("x");
    await rejects(piping, /mine/);
    assert.is(all.near.closeReason, "aborted", what);
    await closeAll(all);
  }
  assert.ok(targets.write.destroyed && targets.end.destroyed);
});

test("a Writable that is destroyed in the middle ends the pipe, even if it never says so", async () => {
  const silent = new Writable({ emitClose: false, write: (_chunk, _encoding, done) => done() });
  const stuck = new Writable({ write: () => {} });
  for (const target of [silent, stuck]) {
    const all = await two();
    const piping = all.near.pipeTo(target);
    all.client.socket.write("x");
    await until(() => all.near.bytesRead === 1);
    if (target === stuck) all.client.socket.end();
    await turns(10);
    target.destroy();
    if (target === silent) all.client.socket.write("y");
    await rejects(piping, "ERR_IOLOOP_STREAM_CLOSED");
    assert.is(all.near.closeReason, "aborted");
    await closeAll(all);
  }
});

test("a signal closes a WritableStream, too", async () => {
  const all = await two();
  let reason: unknown;
  const target = new WritableStream<Uint8Array>({ abort: (why) => void (reason = why) });
  const controller = new AbortController();
  const piping = all.near.pipeTo(target, { signal: controller.signal });
  controller.abort(new Error("enough"));
  await rejects(piping, /enough/);
  await until(() => reason !== undefined);
  assert.not.ok(target.locked);
  await closeAll(all);
});

test("a target that is closed, or has ended, is refused, and the source is reset", async () => {
  for (const how of ["destroy", "end"] as const) {
    const all = await two();
    const target = writable();
    target[how]();
    await rejects(all.near.pipeTo(target), "ERR_IOLOOP_STREAM_CLOSED");
    assert.is(await all.client.closed, "ECONNRESET", how);
    await closeAll(all);
  }
  for (const method of ["pipeTo", "splice"] as const) {
    for (const how of ["close", "end"] as const) {
      const all = await two();
      all.far[how]();
      await rejects(all.near[method](all.far), "ERR_IOLOOP_STREAM_CLOSED");
      assert.is(await all.client.closed, "ECONNRESET", `${method} ${how}`);
      assert.is(all.near.closeReason, "aborted");
      await closeAll(all);
    }
  }
});

test("a target that the program ends during the pipe takes no more: the source is reset", async () => {
  const all = await two();
  const piping = all.near.pipeTo(all.far);
  all.client.socket.write("one");
  await until(() => all.target.text() === "one");
  all.far.end();
  all.client.socket.write("two");
  await rejects(piping, "ERR_IOLOOP_STREAM_CLOSED");
  assert.is(all.near.closeReason, "aborted");
  await closeAll(all);
});

test("if the peer has ended before a splice, what was kept passes first", async () => {
  const all = await two();
  all.target.socket.allowHalfOpen = true;
  all.client.socket.end("HELLO\nrest");
  assert.is(await all.near.reader().readLine(), "HELLO");
  await turns(10); // the end has been read, too
  const splicing = all.near.splice(all.far);
  assert.is(await all.target.ended, "rest");
  all.target.socket.end("answer");
  assert.is(await all.client.ended, "answer");
  assert.equal(await splicing, { sent: 6, received: 4 });
  await closeAll(all);
});

test("large chunks pass whole in both directions, however slow a side is, and chunks of `write` can be kept", async () => {
  const { loop } = quietLoop();
  const data = randomBytes(6 << 20);
  const shown: Buffer[] = [];
  const { port, close } = await plainServer((socket) => {
    const echo = (chunk: Buffer): void => void socket.write(chunk);
    setTimeout(() => socket.on("data", echo).on("end", () => socket.end()), 20); // late
  });
  const server = loop.server({ halfOpen: true }, async (loop, near) => {
    const far = await loop.connect({ port, halfOpen: true });
    far.once("write", (_stream, chunk) => void shown.push(chunk));
    near.once("write", (_stream, chunk) => void shown.push(chunk));
    loop.remove(server);
    await near.splice(far);
  });
  const running = loop.start();
  const client = peer({ port: portOf(loop, server) });
  client.socket.removeAllListeners("data");
  const hash = createHash("sha256");
  client.socket.on("data", (chunk: Buffer) => hash.update(chunk));
  client.socket.end(data);
  await client.ended;
  assert.is(hash.digest("hex"), sha(data));
  for (const chunk of shown) assert.ok(chunk.equals(data.subarray(0, chunk.length)));
  assert.is(shown.length, 2);
  await running;
  await close();
});

test("a target that takes its time after the end of the input gets all, whatever the idle timeout of the source", async () => {
  const all = await two();
  all.near.timeout = 0.05;
  let taken = "";
  const slow = new Writable({
    write: (chunk, _encoding, done) => setTimeout(() => done(void (taken += String(chunk))), 150),
    final: (done) => void setTimeout(done, 150),
  });
  const piping = all.near.pipeTo(slow);
  all.client.socket.end("all of it");
  await piping;
  assert.is(taken, "all of it");
  await closeAll(all);
});

test("wrong options leave a WritableStream unlocked", async () => {
  const all = await two();
  const target = new WritableStream<Uint8Array>();
  assert.throws(() => all.near.pipeTo(target, { edn: false } as never), /unknown option "edn"/);
  assert.is(target.locked, false);
  await closeAll(all);
});

test("pipes both ways reject with the first error, not with what it did to the other stream", async () => {
  const { near, far, client, target, running } = await two();
  const pipes = [near.pipeTo(far), far.pipeTo(near)];
  far.lifetime = 0.01;
  for (const pipe of pipes) await rejects(pipe, "ERR_IOLOOP_LIFETIME");
  assert.equal([near.closeReason, far.closeReason], ["aborted", "lifetime"]);
  client.socket.destroy();
  target.socket.destroy();
  await running;
});
