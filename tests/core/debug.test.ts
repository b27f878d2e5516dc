// Diagnostics. Numbers name statements about the originals.

import { spawnSync } from "node:child_process";
import * as assert from "uvu/assert";
import { Authority } from "../support/certificates.ts";
import { evaluate, harness, isBun, isDeno } from "../support/harness.ts";
import { root } from "../support/paths.ts";

const test = harness("debug");

const SOURCE = `import { IOLoop } from "wasm-ioloop";
  const loop = new IOLoop({ maxConnections: 1 });
  const streams = [];
  let timeout = 0; // all three arrive before one is closed
  const id = loop.server({ backlog: 1 }, (loop, stream) => {
    streams.push(stream);
    stream.timeout = timeout;
  });
  const { port } = loop.acceptor(id);
  loop.on("drop", (loop) => {
    timeout = 0.05;
    for (const stream of streams) stream.timeout = timeout;
    loop.timer(0.2, (loop) => void loop.stopGracefully());
  });
  for (let i = 0; i < 3; i++) loop.client({ port }, () => {});
  const timer = loop.timer(60, () => {});
  loop.remove(timer);
  await loop.start();
  loop.reset();`;

function run(debug: string | undefined, source = SOURCE): string[] {
  const { IOLOOP_DEBUG: _unset, ...env } = process.env;
  const { stderr, status } = spawnSync(process.execPath, evaluate(source), {
    cwd: root,
    encoding: "utf8",
    timeout: 20_000,
    env: debug === undefined ? env : { ...env, IOLOOP_DEBUG: debug },
  });
  assert.is(status, 0, stderr);
  return stderr.split("\n").filter((line) => line !== "");
}

test("12 IOLOOP_DEBUG=1 prints every connection, acceptor, timer and decision, with counts", () => {
  const lines = run("1");
  for (const line of lines) {
    assert.match(
      line,
      /^IOLoop: .* \[timers \d+, acceptors \d+, waiting \d+, connecting \d+, incoming \d+, outgoing \d+, loose \d+, exempt \d+, lingering \d+\]$/,
    );
  }
  for (const what of [
    /acceptor 1\.0 opened/,
    /connection \d+\.0 connects/,
    /timer 0\.0 in 60 s/,
    /timer 0\.0 removed/,
    /connection \d+\.0 connected/,
    /connection \d+\.0 waits/,
    /connection \d+\.\d admitted/,
    /client 127\.0\.0\.1 \d+ dropped: backlog/,
    /connection \d+\.\d timed out/,
    /connection \d+\.\d closed/,
    /timer \d+\.\d fires/,
    /decision: finish/,
    /decision: stop/,
    /decision: closing/,
    /acceptor 1\.0 ended/,
  ]) {
    assert.ok(
      lines.some((line) => what.test(line)),
      `${what} in\n${lines.join("\n")}`,
    );
  }
});

test("the reason of a failed handshake is printed", () => {
  const { certPath, keyPath } = new Authority().sign("localhost");
  const lines = run(
    "1",
    `import { IOLoop } from "wasm-ioloop";
    const id = IOLoop.server({ tls: true, tlsCert: "${certPath}", tlsKey: "${keyPath}" }, () => {});
    IOLoop.client({ port: IOLoop.acceptor(id).port }, (loop, err, stream) => {
      stream.write("GET / HTTP/1.1\\r\\n\\r\\n");
      stream.on("close", () => loop.remove(id));
    });
    await IOLoop.start();`,
  );
  assert.ok(
    lines.some((line) => /^IOLoop: handshake failed: .*(http|HTTP|wrong version|protocol)/.test(line)),
    lines.join("\n"),
  );
});

test("without it, nothing is printed", () => {
  assert.equal(run(undefined), []);
  assert.equal(run(""), []);
});

test("text from a client is escaped, and cannot begin a line", () => {
  const { certPath, keyPath } = new Authority().sign("localhost");
  const lines = run(
    "1",
    `import { IOLoop } from "wasm-ioloop";
    const SNICallback = (name, done) => done(new Error("no such host: \\x1b[2J\\nIOLoop: forged\\r" + name));
    const options = { tlsCert: "${certPath}", tlsKey: "${keyPath}", tlsOptions: { SNICallback } };
    const id = IOLoop.server(options, () => {});
    const { port } = IOLoop.acceptor(id);
    IOLoop.client({ port, tlsOptions: { servername: "a.example", rejectUnauthorized: false } }, (loop) => loop.remove(id));
    await IOLoop.start();`,
  );
  // oxlint-disable-next-line no-control-regex -- that is what must not be there
  const raw = lines.filter((line) => /[\u0000-\u001f]|^IOLoop: forged/.test(line));
  assert.equal(raw, []);
  if (isBun || isDeno) return; // they do not report the callback's error message
  assert.ok(
    lines.some((line) => line.includes(String.raw`no such host: \x1b[2J\nIOLoop: forged\ra.example`)),
    lines.join("\n"),
  );
});

test("an error without subscribers is printed escaped, so that its lines cannot imitate ours, and shortened", () => {
  const lines = run(
    undefined,
    `import { IOLoop } from "wasm-ioloop";
    IOLoop.timer(0, () => {
      throw new Error("\\x1b[31mred\\x07\\u009b2J\\u202e\\rIOLoop: over it\\nIOLoop: forged");
    });
    IOLoop.timer(0, () => {
      throw Object.assign(new Error("long " + "x".repeat(100_000)), { cert: { subject: "\\x1b[2J" } });
    });
    IOLoop.timer(0, () => {
      throw { get stack() { throw 5; }, [Symbol.for("nodejs.util.inspect.custom")]() { throw 5; } };
    });
    await IOLoop.start();`,
  );
  const text = lines.join("\n");
  // oxlint-disable-next-line no-control-regex -- that is what must not be there
  assert.not.match(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  assert.equal(
    lines.filter((line) => line.startsWith("IOLoop")).map((line) => line.slice(0, 20)),
    ["IOLoop: timer: Error", "IOLoop: timer: Error", "IOLoop: timer: a val"],
  );
  assert.ok(text.includes(String.raw`\x1b[31mred\x07\x9b2J\u202e\rIOLoop: over it`), text);
  assert.match(text, /^ {2}IOLoop: forged$/m);
  assert.match(text, /^ {4,}at .*/m);
  assert.ok(text.length < 20_000, String(text.length));
  assert.match(text, /characters more\)/);
});
