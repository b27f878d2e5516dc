// Typical uses of a stream's Duplex by libraries.

import { once } from "node:events";
import { createInterface } from "node:readline";
import { PassThrough, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import * as assert from "uvu/assert";
import { Stream } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { Authority } from "../support/certificates.ts";
import { harness, isDeno, plainServer, quietLoop, sleep, turns, until } from "../support/harness.ts";
import { openConsumed, openDuplex } from "./open-consumed.ts";

const test = harness("duplex-uses");

assert.ok(process.stdout && process.stderr); // `pipe` accesses them, and Bun opens them only then

test("much data in both directions through `pipeline`, with back-pressure", async () => {
  const SIZE = 50_000_000;
  let most = 0;
  let passed = 0;
  const { loop, errors } = quietLoop();
  const work: Promise<void>[] = [];
  const id = loop.server({ halfOpen: true }, (loop, stream) => {
    loop.remove(id);
    const duplex = stream.duplex();
    const look = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        passed += chunk.length;
        most = Math.max(most, duplex.writableLength + duplex.readableLength + stream.bytesWaiting);
        done(null, chunk);
      },
    });
    work.push(pipeline(duplex, look, duplex));
  });
  let received = 0;
  loop.client({ port: loop.acceptor(id)!.port, halfOpen: true }, (_loop, error, stream) => {
    if (error) throw error;
    const duplex = stream.duplex();
    work.push(
      (async () => {
        const piece = Buffer.alloc(100_000, "x");
        for (let i = 0; i < SIZE / piece.length; i++) if (!duplex.write(piece)) await once(duplex, "drain");
        duplex.end();
      })(),
      (async () => {
        for await (const chunk of duplex) received += (chunk as Buffer).length;
      })(),
    );
  });
  await loop.start();
  await Promise.all(work);
  assert.is(received, SIZE);
  assert.is(passed, SIZE);
  assert.ok(most < 4_000_000, String(most)); // on Bun one read may bring 512 KB
  assert.equal(errors, []);
});

test("without a reader, the peer is slowed down", async () => {
  const { stream, duplex, far, running } = await openDuplex();
  const chunk = Buffer.alloc(1_000_000);
  let isSent = false;
  for (let i = 0; i < 20; i++) far.socket.write(chunk, () => void (isSent = i === 19));
  await until(() => duplex.readableLength >= 65_536);
  await sleep(0.05);
  assert.is(isSent, false);
  assert.ok(stream.bytesRead < 1_000_000, String(stream.bytesRead));
  let length = 0;
  for await (const piece of duplex) {
    length += (piece as Buffer).length;
    if (length === 20_000_000) break;
  }
  assert.is(isSent, true);
  await running;
  assert.is(stream.closeReason, "local");
});

test("data through the duplex is activity for the idle timeout", async () => {
  const clock = new VirtualClock();
  const { stream, duplex, far, running, log } = await openDuplex(
    { clock },
    (_stream, duplex) => void duplex.pipe(duplex),
  );
  stream.timeout = 10;
  for (let i = 1; i <= 4; i++) {
    await clock.advance(6);
    far.socket.write("x");
    await until(() => far.text().length === i);
  }
  assert.equal(log, []);
  await clock.advance(9);
  assert.equal(log, []);
  await clock.advance(2);
  await running;
  assert.equal(log, ["error ERR_IOLOOP_IDLE_TIMEOUT", "close", "stream close timeout"]);
  assert.is(duplex.destroyed, true);
});

test("`setTimeout` emits `timeout` once after silence, and does not close the stream", async () => {
  const clock = new VirtualClock();
  const { stream, duplex, far, running, log } = await openDuplex({ clock }, (_stream, duplex) => void duplex.resume());
  stream.timeout = 0;
  duplex.on("timeout", () => log.push("timeout"));
  assert.is(
    duplex.setTimeout(4000, () => log.push("once")),
    duplex,
  );
  assert.is(duplex.timeout, 4000);
  await clock.advance(3);
  far.socket.write("x");
  await until(() => duplex.bytesRead === 1);
  await clock.advance(3);
  assert.equal(log, []);
  await clock.advance(1);
  assert.equal(log, ["timeout", "once"]);
  await clock.advance(20);
  assert.equal(log, ["timeout", "once"]);
  duplex.write("y");
  await until(() => far.text() === "y");
  await clock.advance(8);
  assert.equal(log, ["timeout", "once", "timeout"]);
  duplex.setTimeout(0);
  assert.is(duplex.timeout, undefined);
  await clock.advance(20);
  assert.equal(log, ["timeout", "once", "timeout"]);
  assert.throws(() => duplex.setTimeout(-1), /setTimeout: milliseconds must be a finite number of milliseconds/);
  duplex.setTimeout(1000);
  duplex.destroy();
  await running;
});

test("data that arrived before it was created comes first, even after the stream has closed", async () => {
  const { stream, far, running } = await openConsumed();
  far.socket.write("Hello");
  await until(() => stream.bytesRead === 5);
  const duplex = stream.duplex();
  far.socket.end(", you");
  let text = "";
  for await (const chunk of duplex) text += String(chunk);
  assert.is(text, "Hello, you");
  await running;
  const late = await openConsumed();
  late.far.socket.end("Hello");
  await late.running;
  assert.is(late.stream.closeReason, "peer");
  text = "";
  for await (const chunk of late.stream.duplex()) text += String(chunk);
  assert.is(text, "Hello");
  const reset = await openConsumed();
  reset.stream.timeout = 0.01;
  await reset.running;
  const [error] = (await once(reset.stream.duplex(), "error").catch((error: unknown) => [error])) as [{ code: string }];
  assert.is(error.code, "ERR_IOLOOP_IDLE_TIMEOUT");
});

test("readline reads lines from it", async () => {
  const { duplex, far, running } = await openDuplex();
  far.socket.write("one\ntw");
  far.socket.end("o\nthree");
  const lines: string[] = [];
  for await (const line of createInterface({ input: duplex })) lines.push(line);
  assert.equal(lines, ["one", "two", "three"]);
  await running;
});

test("TLS over it", async () => {
  const authority = new Authority();
  const { cert, key } = authority.sign("localhost");
  const tls = createTlsServer({ cert, key }, (socket) => void socket.pipe(socket));
  await new Promise<void>((resolve) => void tls.listen(0, "127.0.0.1", resolve));
  const { loop, errors } = quietLoop();
  let text = "";
  loop.client({ port: (tls.address() as { port: number }).port }, (_loop, error, stream) => {
    if (error) throw error;
    const secure = connectTls({ socket: stream.duplex(), servername: "localhost", ca: authority.ca.cert });
    secure.on("error", (error) => errors.push([error, "tls"]));
    secure.on("data", (chunk: Buffer) => {
      text += String(chunk);
      if (text === "Hello") secure.end();
    });
    secure.write("Hello");
  });
  await loop.start();
  tls.close();
  assert.is(text, "Hello");
  assert.equal(errors, []);
});

test("a stream of another Duplex, too", async () => {
  const { loop, errors } = quietLoop();
  const through = new PassThrough();
  const stream = new Stream(through, { reactor: loop.reactor });
  const duplex = stream.duplex();
  loop.stream(stream);
  duplex.end("Hello");
  let text = "";
  duplex.on("data", (chunk: Buffer) => void (text += String(chunk)));
  await loop.start();
  assert.is(text, "Hello");
  assert.equal(errors, []);
});

test("a peer that disconnects during a large write", async () => {
  const { port, close } = await plainServer((socket) => setTimeout(() => socket.resetAndDestroy(), 20));
  const { loop, errors } = quietLoop();
  let code: string | undefined;
  loop.client({ port }, (_loop, error, stream) => {
    if (error) throw error;
    pipeline(endless(), stream.duplex()).catch((error: NodeJS.ErrnoException) => void (code = error.code));
  });
  await loop.start();
  await until(() => code !== undefined);
  assert.match(code!, /^(?:ECONNRESET|EPIPE|ERR_STREAM_PREMATURE_CLOSE)$/);
  await close();
  assert.equal(errors, []);
});

async function* endless(): AsyncGenerator<Buffer> {
  const chunk = Buffer.alloc(65_536);
  for (;;) {
    yield chunk;
    if (isDeno) await turns();
  }
}
