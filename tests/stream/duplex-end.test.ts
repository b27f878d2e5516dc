// How the Duplex of a stream ends, and the stream with it.

import { Duplex } from "node:stream";
import * as assert from "uvu/assert";
import { Stream } from "wasm-ioloop";
import { Authority } from "../support/certificates.ts";
import { harness, quietLoop, turns, until } from "../support/harness.ts";
import { type Consumed, openConsumed, openDuplex } from "./open-consumed.ts";

const test = harness("duplex-end");

assert.ok(process.stdout && process.stderr); // `pipe` accesses them, and Bun opens them only then

test("half-close: an answer to a peer that has ended, and the reverse", async () => {
  for (const first of ["peer", "local"] as const) {
    const log: string[] = [];
    const { stream, far, running, errors } = await openConsumed((stream) => {
      stream.halfOpen = true;
      const duplex = stream.duplex();
      assert.is(duplex.allowHalfOpen, true);
      let text = "";
      duplex.on("data", (chunk: Buffer) => void (text += String(chunk)));
      duplex.on("end", () => {
        log.push(`end ${text}`);
        if (first === "peer") setTimeout(() => duplex.end(`answer to ${text}`), 10);
      });
      duplex.on("finish", () => log.push("finish"));
      duplex.on("close", () => log.push("close"));
    });
    if (first === "peer") far.socket.end("question");
    else {
      far.socket.once("end", () => far.socket.end("answer to question"));
      stream.duplex().end("question");
    }
    assert.is(await far.ended, first === "peer" ? "answer to question" : "question");
    await running;
    const ended = first === "peer" ? ["end question", "finish"] : ["finish", "end answer to question"];
    assert.equal(log, [...ended, "close"]);
    assert.is(stream.closeReason, first);
    assert.equal(errors, []);
  }
});

test("unread data can be read after the connection has closed", async () => {
  const { stream, duplex, far, running, log } = await openDuplex();
  far.socket.end(Buffer.alloc(40_000, "x"));
  duplex.end("bye");
  assert.is(await far.ended, "bye");
  await running;
  assert.is(stream.handle, undefined);
  let length = 0;
  for await (const chunk of duplex) length += (chunk as Buffer).length;
  assert.is(length, 40_000);
  await until(() => log.length === 4);
  assert.is(log.at(-1), `stream close ${stream.closeReason}`);
});

test("`destroy` closes, and with an error resets; the duplex emits the error, the stream does not", async () => {
  for (const error of [undefined, new Error("no more")]) {
    const told: unknown[] = [];
    const { stream, duplex, far, running, log, errors } = await openDuplex({}, (stream) => {
      stream.on("error", (_stream, error) => void told.push(error));
    });
    duplex.destroy(error);
    assert.is(await far.closed, error ? "ECONNRESET" : undefined);
    await running;
    assert.equal(log, [...(error ? ["error no more"] : []), "close", "stream close local"]);
    assert.is(stream.closeReason, "local");
    assert.equal([told, errors], [[], []]);
  }
});

test("`resetAndDestroy`, and `destroySoon`", async () => {
  const hard = await openDuplex();
  hard.duplex.resetAndDestroy();
  assert.is(await hard.far.closed, "ECONNRESET");
  await hard.running;
  assert.equal(hard.log, ["close", "stream close local"]);
  const soft = await openDuplex();
  soft.duplex.write(Buffer.alloc(3_000_000, "x"));
  soft.duplex.destroySoon();
  assert.is((await soft.far.ended).length, 3_000_000);
  await soft.running;
  assert.equal(soft.log, ["finish", "close", "stream close local"]);
});

test("`destroy` with an error resets a connection with TLS, too: one that was accepted, and an outgoing one", async () => {
  const authority = new Authority();
  const { certPath, keyPath } = authority.sign("localhost");
  for (const near of ["server", "client"]) {
    const { loop, errors } = quietLoop();
    const codes: (string | undefined)[] = [];
    const use = (side: string, stream: Stream): void => {
      const duplex = stream.duplex();
      assert.is(duplex.encrypted, true);
      assert.is(duplex.authorized, side === "client");
      duplex.on("error", (error: NodeJS.ErrnoException) => void codes.push(error.code));
      duplex.resume();
      if (side === near) duplex.once("data", () => duplex.destroy(new Error("no more")));
      duplex.write("Hello");
    };
    const id = loop.server({ tlsCert: certPath, tlsKey: keyPath }, (loop, stream) => {
      loop.remove(id);
      use("server", stream);
    });
    const tls = { tlsCa: authority.ca.cert, tlsOptions: { servername: "localhost" } };
    loop.client({ port: loop.acceptor(id)!.port, ...tls }, (_loop, error, stream) => {
      if (error) throw error;
      use("client", stream);
    });
    await loop.start();
    await turns(2);
    const isReset = process.env["IOLOOP_FAST"] !== "0";
    // Where the runtime cannot reset it, the system may, for what nobody has read.
    if (isReset) assert.equal(codes, [undefined, "ECONNRESET"]);
    else assert.is(codes[0], undefined);
    assert.equal(errors, []);
  }
});

test("an error without listeners does not end the process", async () => {
  const { stream, far, running, errors } = await openConsumed((stream) => void stream.duplex());
  await turns(2);
  far.socket.resetAndDestroy();
  await running;
  assert.is(stream.closeReason, "reset");
  assert.equal(errors, []);
});

const CLOSES: readonly [string, (open: Consumed) => void, string][] = [
  ["reset", ({ far }) => void far.socket.resetAndDestroy(), "ECONNRESET"],
  ["timeout", ({ stream }) => void (stream.timeout = 0.02), "ERR_IOLOOP_IDLE_TIMEOUT"],
  ["lifetime", ({ stream }) => void (stream.lifetime = 0.02), "ERR_IOLOOP_LIFETIME"],
  ["stopping", ({ loop, stream }) => stopIn(loop, stream), "ERR_IOLOOP_STOPPING"],
];

function stopIn(loop: Consumed["loop"], stream: Stream): void {
  stream.duplex().write(Buffer.alloc(20_000_000)); // the peer does not read
  void loop.stopGracefully({ timeout: 0.05 });
}

for (const [reason, close, code] of CLOSES) {
  test(`the error of a stream that closes by ${reason}`, async () => {
    const open = await openDuplex();
    if (reason === "stopping") open.far.socket.pause();
    close(open);
    await open.running;
    assert.is(open.stream.closeReason, reason);
    assert.equal(open.log, [`error ${code}`, "close", `stream close ${reason}`]);
    const late = await new Promise<NodeJS.ErrnoException | null | undefined>((resolve) => {
      open.duplex.write("late", (error) => resolve(error));
    });
    assert.is(late?.code, "ERR_STREAM_DESTROYED");
    open.far.socket.destroy();
    assert.equal(open.errors, []);
  });
}

test("`for await` throws the error that closes the stream", async () => {
  const { duplex, far, running } = await openDuplex();
  far.socket.write("Hello");
  let text = "";
  let code: string | undefined;
  try {
    for await (const chunk of duplex) {
      text += String(chunk);
      far.socket.resetAndDestroy();
    }
  } catch (error) {
    code = (error as NodeJS.ErrnoException).code;
  }
  assert.is(text, "Hello");
  assert.is(code, "ECONNRESET");
  await running;
});

test("a graceful stop sends pending data, then closes", async () => {
  const { loop, stream, duplex, far, running, log } = await openDuplex();
  duplex.write(Buffer.alloc(5_000_000, "x"));
  duplex.write("last");
  const stopped = loop.stopGracefully({ timeout: 30 });
  loop.remove(stream.id);
  const all = await far.ended;
  assert.is(all.length, 5_000_004);
  await Promise.all([running, stopped]);
  assert.equal(log, ["finish", "close", "stream close local"]);
});

test("a corked duplex whose stream closes gracefully sends what was written", async () => {
  const { stream, duplex, far, running } = await openDuplex();
  duplex.cork();
  duplex.write("corked");
  await turns(3);
  stream.closeGracefully();
  assert.is(await far.ended, "corked");
  far.socket.end();
  assert.is(await stream.closed(), "local");
  await running;
});

test("a reset that a write has met is ECONNRESET, as for everything else that uses the stream", async () => {
  const { loop } = quietLoop();
  const broken = Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
  const handle = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done(broken) });
  const stream = new Stream(handle, { reactor: loop.reactor });
  const duplex = stream.duplex();
  let code: string | undefined;
  duplex.on("error", (error: NodeJS.ErrnoException) => (code = error.code));
  loop.stream(stream);
  duplex.write("x");
  await loop.start();
  assert.equal([code, stream.closeReason], ["ECONNRESET", "reset"]);
});
