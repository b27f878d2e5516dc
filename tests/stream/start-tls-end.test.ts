// Streams whose TLS handshake fails, or is disturbed.

import { PassThrough } from "node:stream";
import { connect as connectTls } from "node:tls";
import * as assert from "uvu/assert";
import { type IOLoop, type StartTlsOptions, Stream } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { type Peer, harness, peer, portOf, quietLoop, turns, until } from "../support/harness.ts";
import { authority, codeOf } from "./starting-tls.ts";

const test = harness("start-tls-end");

assert.ok(process.stdout && process.stderr); // `pipe` accesses them, and Bun opens them only then

const { cert, key } = authority.sign("mail.example");
const CERTIFICATE = { tlsCert: cert, tlsKey: key };
const CLIENT = { servername: "mail.example", ca: authority.ca.cert };

interface Started {
  readonly loop: IOLoop;
  readonly errors: [unknown, string][];
  readonly stream: Stream;
  readonly far: Peer;
  readonly running: Promise<void>;
  /** The code of the rejection. */
  readonly code: Promise<string | undefined>;
  readonly log: string[];
}

/** A server's stream that waits for a client's handshake. */
async function started(options: { clock?: VirtualClock } = {}, tls: StartTlsOptions = CERTIFICATE): Promise<Started> {
  const { loop, errors } = quietLoop(options);
  const log: string[] = [];
  let found: { stream: Stream; code: Promise<string | undefined> } | undefined;
  const id = loop.server({}, (loop, stream) => {
    loop.remove(id);
    for (const event of ["error", "timeout"] as const) stream.on(event, () => void log.push(event));
    stream.on("close", () => void log.push(`close ${stream.closeReason}`));
    stream.on("read", (_stream, chunk) => void log.push(`read ${String(chunk)}`));
    found = { stream, code: codeOf(stream.startTls(tls)) };
  });
  const far = peer({ port: portOf(loop, id) });
  const running = loop.start();
  await until(() => found !== undefined);
  await far.connected;
  await turns(3);
  return { loop, errors, far, running, log, ...found! };
}

/** Begins the client's side. */
function answer({ far }: Started): ReturnType<typeof connectTls> {
  far.socket.removeAllListeners("data").pause();
  const secure = connectTls({ socket: far.socket, ...CLIENT });
  secure.on("error", () => {});
  return secure;
}

test("a peer that never begins the handshake has 10 s, regardless of `timeout`", async () => {
  const clock = new VirtualClock();
  const open = await started({ clock });
  open.stream.timeout = 3;
  await clock.advance(9.5);
  assert.equal(open.log, []);
  await clock.advance(0.6);
  assert.is(await open.code, "ERR_IOLOOP_TLS");
  await open.running;
  assert.equal(open.log, ["close error"]);
  assert.equal(open.errors, []);
  await open.far.closed;
});

test("after the handshake `timeout` counts again, and `lifetime` has counted all the time", async () => {
  const clock = new VirtualClock();
  const open = await started({ clock });
  open.stream.timeout = 3;
  await clock.advance(5);
  const secure = answer(open);
  assert.is(await open.code, undefined);
  await clock.advance(2.9);
  assert.equal(open.log, []);
  await clock.advance(0.2);
  await open.running;
  assert.equal(open.log, ["timeout", "close timeout"]);
  secure.destroy();
  const old = await started({ clock });
  old.stream.lifetime = 4;
  await clock.advance(4.1);
  assert.is(await old.code, "ERR_IOLOOP_LIFETIME");
  await old.running;
  assert.equal(old.log, ["close lifetime"]);
});

test("a rejection of its promise is not unhandled", async () => {
  const rejections: unknown[] = [];
  const hear = (reason: unknown): void => void rejections.push(reason);
  process.on("unhandledRejection", hear);
  const { loop } = quietLoop();
  const id = loop.server({}, (loop, stream) => {
    loop.remove(id);
    void stream.startTls(CERTIFICATE);
  });
  const far = peer({ port: portOf(loop, id) });
  far.socket.end("this is no TLS at all, and never will be");
  await loop.start();
  await turns(5);
  process.off("unhandledRejection", hear);
  assert.equal(rejections, []);
});

const CLOSES: readonly [string, (open: Started) => unknown, string, string | RegExp][] = [
  ["close", ({ stream }) => stream.close(), "local", "ERR_IOLOOP_STREAM_CLOSED"],
  ["a graceful stop", ({ loop }) => loop.stopGracefully({ timeout: 0.02 }), "stopping", "ERR_IOLOOP_STOPPING"],
  ["the peer's end", ({ far }) => far.socket.end(), "error", /^(?:ERR_IOLOOP_TLS|ECONNRESET)$/],
  ["the peer's reset", ({ far }) => far.socket.resetAndDestroy(), "error", /^(?:ERR_IOLOOP_TLS|ECONNRESET)$/],
  ["garbage", ({ far }) => far.socket.write("garbage that is long enough\r\n\r\n"), "error", /./],
];

for (const [what, close, reason, code] of CLOSES) {
  test(`closed by ${what} during the handshake`, async () => {
    const open = await started();
    open.stream.write("never sent in plain");
    close(open);
    await open.running;
    const found = await open.code;
    if (typeof code === "string") assert.is(found, code);
    else assert.match(found ?? "", code);
    assert.equal(open.log, [`close ${reason}`]);
    assert.is(open.stream.closeReason, reason);
    assert.not.match(open.far.text(), "never");
    open.far.socket.destroy();
    assert.equal(open.errors, []);
  });
}

test("reset of the loop", async () => {
  const open = await started();
  open.loop.reset();
  await open.running;
  assert.is(await open.code, "ERR_IOLOOP_STREAM_CLOSED");
  await open.far.closed;
});

test("`closeGracefully` waits for the handshake, and for written data", async () => {
  for (const written of ["Hello", ""]) {
    const open = await started();
    if (written) open.stream.write(written);
    open.stream.closeGracefully();
    const secure = answer(open);
    let text = "";
    secure.on("data", (chunk: Buffer) => void (text += String(chunk)));
    await new Promise((resolve) => void secure.once("end", resolve));
    assert.is(text, written);
    assert.is(await open.code, undefined);
    await open.running;
    assert.equal(open.log, ["close local"]);
  }
});

test("`end` waits, too, and the stream keeps reading", async () => {
  const open = await started();
  open.stream.end("Hello");
  const secure = answer(open);
  secure.allowHalfOpen = true;
  let text = "";
  secure.on("data", (chunk: Buffer) => void (text += String(chunk)));
  await new Promise((resolve) => void secure.once("end", resolve));
  secure.end("bye");
  await open.running;
  assert.is(text, "Hello");
  assert.equal(open.log.at(-1), "close local");
});

test("the loop is stopped and started again", async () => {
  const open = await started();
  open.loop.stop();
  await open.running;
  const secure = answer(open);
  secure.write("Hello");
  await turns(20);
  assert.equal(open.log, []);
  const again = open.loop.start();
  assert.is(await open.code, undefined);
  await until(() => open.log.length === 1);
  assert.equal(open.log, ["read Hello"]);
  secure.end();
  await again;
  assert.equal(open.errors, []);
});

test("`stop` and `start` of the stream, and new subscribers meanwhile", async () => {
  const open = await started();
  open.stream.stop();
  open.stream.on("read", () => void open.log.push("second"));
  const secure = answer(open);
  secure.write("Hello");
  assert.is(await open.code, undefined);
  await turns(20);
  assert.equal(open.log, []);
  open.stream.start();
  await until(() => open.log.length === 2);
  assert.equal(open.log, ["read Hello", "second"]);
  secure.end();
  await open.running;
});

test("one at a time, and not with a duplex or web streams, or anything else that takes the stream", async () => {
  const open = await started();
  const inUse = (error: { code: string }): boolean => error.code === "ERR_IOLOOP_STREAM_IN_USE";
  const calls = [
    () => open.stream.startTls(CERTIFICATE),
    () => open.stream.duplex(),
    () => open.stream.web(),
    () => open.stream.stealHandle(),
  ];
  for (const call of calls) assert.throws(call, inUse);
  open.stream.close();
  await open.running;
  assert.is(await codeOf(open.stream.startTls({ side: "server", ...CERTIFICATE })), "ERR_IOLOOP_STREAM_CLOSED");
  assert.is(await codeOf(open.stream.startTls(CERTIFICATE)), "ERR_IOLOOP_STREAM_CLOSED", "its side is not known");
  const { loop } = quietLoop();
  const duplex = new Stream(new PassThrough(), { reactor: loop.reactor });
  duplex.duplex();
  assert.throws(() => duplex.startTls({ side: "server", ...CERTIFICATE }), inUse);
});

test("a duplex of it afterwards, and its socket", async () => {
  for (const how of ["duplex", "web", "socket"] as const) {
    const open = await started();
    open.stream.unsubscribe("read");
    const secure = answer(open);
    secure.write("Hello");
    assert.is(await open.code, undefined);
    if (how === "web") {
      const { readable, writable } = open.stream.web();
      void readable.pipeTo(writable);
    } else {
      const duplex = how === "duplex" ? open.stream.duplex() : open.stream.stealHandle()!;
      assert.is(duplex.encrypted, true);
      duplex.pipe(duplex);
    }
    let text = "";
    secure.on("data", (chunk: Buffer) => void (text += String(chunk)));
    await until(() => text === "Hello");
    secure.end();
    await open.running;
    assert.equal(open.errors, []);
  }
});
