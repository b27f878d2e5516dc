// Streams that stay open when their peer has ended its side, and streams that end their side and keep reading.

import { connect as connectTls } from "node:tls";
import * as assert from "uvu/assert";
import { type IOLoop, type ListenerOptions, Stream } from "wasm-ioloop";
import { Authority } from "../support/certificates.ts";
import { harness, inFolder, peer, portOf, quietLoop, until, watch } from "../support/harness.ts";
import { openStream } from "./open-stream.ts";

const test = harness("half-open");

/** A server that sends an answer to each client a moment after that has ended its side. */
function answering(loop: IOLoop, options: ListenerOptions, log: string[]): ReturnType<IOLoop["server"]> {
  const id = loop.server({ ...options, halfOpen: true }, (_loop, stream) => {
    assert.is(stream.halfOpen, true);
    let asked = "";
    stream.on("read", (_stream, chunk) => void (asked += String(chunk)));
    stream.on("end", (stream) => {
      log.push(`end ${asked}`);
      loop.timer(0.02, () => stream.end(`answer to ${asked}`));
    });
    stream.on("close", (stream) => {
      log.push(`close ${stream.closeReason}`);
      loop.remove(id);
    });
  });
  return id;
}

test("a client that sends a request and ends its side gets a late answer", async () => {
  const { loop, errors } = quietLoop();
  const log: string[] = [];
  const id = answering(loop, {}, log);
  const running = loop.start();
  const client = peer({ port: portOf(loop, id) });
  client.socket.end("question");
  assert.is(await client.ended, "answer to question");
  await running;
  assert.equal(log, ["end question", "close peer"]);
  assert.equal(errors, []);
});

test("over a UNIX domain socket, too", async () => {
  const { loop, errors } = quietLoop();
  const log: string[] = [];
  await inFolder(async (folder) => {
    const path = `${folder}/socket`;
    answering(loop, { path }, log);
    const running = loop.start();
    const client = peer({ path });
    client.socket.end("question");
    assert.is(await client.ended, "answer to question");
    await running;
  });
  assert.equal(log, ["end question", "close peer"]);
  assert.equal(errors, []);
});

test("over TLS, too", async () => {
  const { loop, errors } = quietLoop();
  const log: string[] = [];
  const authority = new Authority();
  const { certPath, keyPath } = authority.sign("localhost");
  const id = answering(loop, { tlsCert: certPath, tlsKey: keyPath }, log);
  const running = loop.start();
  const options = { port: portOf(loop, id), host: "127.0.0.1", servername: "localhost", ca: authority.ca.cert };
  const client = connectTls({ ...options, allowHalfOpen: true } as never);
  client.once("secureConnect", () => client.end("question"));
  assert.is(await watch(client).ended, "answer to question");
  await running;
  assert.equal(log, ["end question", "close peer"]);
  assert.equal(errors, []);
});

test("with the runtime's socket, too", async () => {
  const { loop, errors } = quietLoop();
  const log: string[] = [];
  const id = loop.server({ halfOpen: true }, (_loop, stream) => {
    assert.is(stream.handle?.destroyed, false);
    stream.on("read", (_stream, chunk) => void log.push(String(chunk)));
    stream.on("end", (stream) => loop.timer(0.01, () => stream.end("answer")));
    stream.on("close", () => loop.remove(id));
  });
  const running = loop.start();
  const client = peer({ port: portOf(loop, id) });
  client.socket.end("question");
  assert.is(await client.ended, "answer");
  await running;
  assert.equal(log, ["question"]);
  assert.equal(errors, []);
});

test("`end` sends queued data and its chunk, and the stream keeps reading", async () => {
  const { loop, errors } = quietLoop();
  let code: string | undefined;
  const log: string[] = [];
  const id = loop.server({}, (loop, stream) => {
    stream.on("read", (_stream, chunk) => void log.push(String(chunk)));
    stream.on("drain", () => void log.push("drain"));
    stream.on("close", (stream) => {
      log.push(`close ${stream.closeReason}`);
      loop.remove(id);
    });
    stream.write(Buffer.alloc(1_000_000, "x"));
    assert.is(stream.end("last"), stream);
    assert.is(stream.canWrite, false);
    stream.write("too late", (_stream, error) => void (code = error?.code));
    assert.is(stream.end(), stream);
  });
  const running = loop.start();
  const client = peer({ port: portOf(loop, id) });
  client.socket.on("end", () => client.socket.end("still there"));
  const all = await client.ended;
  assert.is(all.length, 1_000_004);
  assert.ok(all.endsWith("last"));
  assert.is(code, "ERR_IOLOOP_STREAM_CLOSED");
  await running;
  assert.equal(log, ["drain", "still there", "close local"]);
  assert.equal(errors, []);
});

test("`end` before anything was written, and before the stream has started", async () => {
  const { stream, far, log, running } = await openStream();
  far.socket.on("end", () => far.socket.end("bye"));
  stream.end();
  await running;
  assert.is(await far.ended, "");
  assert.equal(log, ["read bye", "close"]);
  assert.is(stream.closeReason, "local");
});

test("without `halfOpen`, the peer's end does not emit `end`", async () => {
  const { loop } = quietLoop();
  const log: string[] = [];
  const id = loop.server({}, (loop, stream) => {
    assert.is(stream.halfOpen, false);
    stream.on("end", () => void log.push("end"));
    stream.on("close", (stream) => {
      log.push(`close ${stream.closeReason}`);
      loop.remove(id);
    });
  });
  const running = loop.start();
  const client = peer({ port: portOf(loop, id) });
  client.socket.end();
  await client.ended;
  await running;
  assert.equal(log, ["close peer"]);
});

test("a half-open stream is closed by its timeout, whichever side has ended", async () => {
  const { loop } = quietLoop();
  const log: string[] = [];
  const id = loop.server({ halfOpen: true, idleTimeout: 0.05 }, (loop, stream) => {
    stream.on("end", () => void log.push("end"));
    stream.on("close", (stream) => {
      log.push(`close ${stream.closeReason}`);
      loop.remove(id);
    });
  });
  const running = loop.start();
  const client = peer({ port: portOf(loop, id) });
  client.socket.end();
  await client.ended;
  await running;
  assert.equal(log, ["end", "close timeout"]);
});

test("a stream that is stopped gets the peer's end when it starts again", async () => {
  const { loop } = quietLoop();
  const log: string[] = [];
  const id = loop.server({ halfOpen: true }, (loop, stream) => {
    stream.on("read", (_stream, chunk) => void log.push(String(chunk)));
    stream.on("end", (stream) => {
      log.push("end");
      stream.end();
    });
    stream.on("close", () => loop.remove(id));
    stream.stop();
    loop.timer(0.05, () => {
      log.push("start");
      stream.start();
    });
  });
  const running = loop.start();
  const client = peer({ port: portOf(loop, id) });
  client.socket.end("question");
  await client.ended;
  await running;
  assert.equal(log, ["start", "question", "end"]);
});

test("a half-open stream whose side has ended lingers no longer than others when it is closed gracefully", async () => {
  const { loop } = quietLoop();
  let ended = false;
  const id = loop.server({}, (loop, stream) => {
    stream.end("all");
    stream.on("drain", (stream) => {
      stream.closeGracefully();
      ended = true;
      assert.is(stream.closeReason, "local");
      loop.remove(id);
    });
  });
  const running = loop.start();
  const client = peer({ port: portOf(loop, id) });
  assert.is(await client.ended, "all");
  await until(() => ended);
  await running;
});

test("a client of ours ends its side and reads the answer", async () => {
  const { loop, errors } = quietLoop();
  const log: string[] = [];
  const id = answering(loop, {}, log);
  let answer = "";
  loop.client({ port: portOf(loop, id), halfOpen: true }, (_loop, error, stream) => {
    assert.is(error, undefined);
    stream!.on("read", (_stream, chunk) => void (answer += String(chunk)));
    stream!.on("close", (stream) => void log.push(`client ${stream.closeReason}`));
    stream!.end("question");
  });
  await loop.start();
  assert.is(answer, "answer to question");
  assert.equal(log.toSorted(), ["client local", "close peer", "end question"]);
  assert.equal(errors, []);
});

test("invalid values of `halfOpen` are errors", async () => {
  const { loop } = quietLoop();
  assert.throws(
    () => loop.server({ halfOpen: 1 as never }, () => {}),
    /server: option "halfOpen" must be true or false, not 1/,
  );
  assert.throws(
    () => loop.client({ halfOpen: "no" as never }, () => {}),
    /client: option "halfOpen" must be true or false, not "no"/,
  );
  const { stream, far, running } = await openStream();
  assert.throws(() => (stream.halfOpen = 0 as never), /halfOpen must be true or false, not 0/);
  assert.throws(() => new Stream(stream.handle!, { halfOpen: 0 as never }), /new Stream: option "halfOpen"/);
  stream.close();
  await far.ended;
  await running;
});
