// Connections whose peer disconnected before they began. Numbers name statements about the originals.

import * as assert from "uvu/assert";
import { Stream } from "wasm-ioloop";
import { Authority } from "../support/certificates.ts";
import { harness, pair, peer, plainServer, portOf, quietLoop, turns, until, within } from "../support/harness.ts";

const test = harness("stream-gone");

const MANY = "x".repeat(300_000); // more than the system takes at once
const SOON = 10; // seconds; a stream is idle after 15

function logged(stream: Stream): string[] {
  const log: string[] = [];
  stream.on("error", (_stream, error) => void log.push(`error ${error.message}`));
  stream.on("close", () => void log.push("close"));
  return log;
}

test("154 a stream of a closed handle closes, whatever is written to it", async () => {
  for (const text of ["", "a few words", MANY]) {
    const { near } = await pair();
    near.destroy();
    await turns(2);
    const { loop, errors } = quietLoop();
    const stream = new Stream(near, { reactor: loop.reactor });
    const log = logged(stream);
    stream.write(text, (_stream, error) => assert.is(error?.code, "ERR_IOLOOP_STREAM_CLOSED"));
    loop.stream(stream);
    await within(SOON, loop.start());
    assert.equal(log, ["close"]);
    assert.equal(errors, []);
  }
});

test("154, 121 a connection that was reset before its callback ran is closed, whatever the callback writes", async () => {
  for (const text of ["a few words", MANY]) {
    const { port, sockets, close } = await plainServer((socket) => socket.resetAndDestroy());
    const { loop, errors } = quietLoop();
    const logs: string[][] = [];
    loop.client({ port }, (_loop, error, stream) => {
      if (!stream) return logs.push([error.message, "close"]);
      logs.push(logged(stream));
      return stream.write(text);
    });
    loop.nextTick((loop) => loop.stop()); // it connects, and emits nothing
    await loop.start();
    await until(() => sockets.length > 0);
    await turns(20);
    await within(SOON, loop.start());
    assert.equal(
      logs.map((log) => log.at(-1)),
      ["close"],
    );
    assert.equal(errors, []);
    await close();
  }
});

test("99, 154 a waiting client that resets makes room for the next one as soon as it is greeted", async () => {
  for (const text of ["a few words", MANY]) {
    const { loop, errors } = quietLoop({ maxConnections: 1 });
    const logs: string[][] = [];
    const id = loop.server({}, (_loop, stream) => {
      logs.push(logged(stream));
      stream.write(text);
    });
    const running = loop.start();
    const first = peer({ port: portOf(loop, id) });
    await until(() => first.text() === text);
    const waiting = peer({ port: portOf(loop, id) });
    await waiting.connected;
    await turns(5);
    waiting.socket.resetAndDestroy();
    const last = peer({ port: portOf(loop, id) });
    await last.connected;
    await turns(5);
    first.socket.destroy();
    await until(() => last.text() === text, SOON);
    last.socket.destroy();
    loop.remove(id);
    await within(SOON, running);
    assert.equal(logs, [["close"], ["close"], ["close"]]);
    assert.equal(errors, []);
  }
});

test("99 with TLS, a waiting client that resets makes room for the next one when it is admitted", async () => {
  const { certPath, keyPath } = new Authority().sign("localhost");
  const { loop, errors } = quietLoop({ maxConnections: 1 });
  const id = loop.server({ tls: true, tlsCert: certPath, tlsKey: keyPath }, () => {});
  const running = loop.start();
  const clients = [];
  for (let i = 0; i < 3; i++) {
    const client = peer({ port: portOf(loop, id) });
    await client.connected;
    await turns(5);
    clients.push(client);
  }
  const [first, waiting, last] = clients;
  waiting!.socket.resetAndDestroy();
  await turns(5);
  first!.socket.destroy();
  last!.socket.write("no handshake\r\n\r\n");
  await within(SOON / 2, last!.closed); // a handshake may take 10 s
  loop.remove(id);
  await within(SOON / 2, running);
  assert.equal(errors, []);
});

test("99 listeners do not accumulate on the socket of a disconnected waiting client, however often the loop stops and starts", async () => {
  const warnings: string[] = [];
  const warned = (warning: Error): void => void warnings.push(warning.message);
  process.on("warning", warned);
  const { loop } = quietLoop({ maxConnections: 0 });
  const id = loop.server({}, () => {});
  const waiting = peer({ port: portOf(loop, id) });
  await waiting.connected;
  loop.timer(60, () => {});
  for (let i = 0; i < 20; i++) {
    const running = loop.start();
    await turns(2);
    if (i === 5) waiting.socket.resetAndDestroy();
    loop.stop();
    await running;
  }
  await turns(2);
  loop.reset();
  process.off("warning", warned);
  assert.equal(warnings, []);
});
