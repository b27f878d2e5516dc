// TLS options that the runtime checks, some of them only when a client connects.

import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import * as assert from "uvu/assert";
import type { ClientOptions, IOLoop, ListenerOptions } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { Authority } from "../support/certificates.ts";
import {
  harness,
  isBun,
  isDeno,
  peer,
  plainServer,
  portOf,
  quietLoop,
  turns,
  watch,
  within,
} from "../support/harness.ts";

const test = harness("tls-options");

const authority = new Authority();
const local = authority.sign("localhost", "IP:127.0.0.1", "IP:127.0.0.2");
const SERVER: ListenerOptions = { tls: true, tlsCert: local.certPath, tlsKey: local.keyPath };
const SOON = 5; // seconds; an attempt and a handshake may take 10 each

function greeting(loop: IOLoop, options: ListenerOptions): { id: ReturnType<IOLoop["server"]>; port: number } {
  const id = loop.server({ ...SERVER, ...options }, (_loop, stream) => stream.write("Welcome").closeGracefully());
  return { id, port: portOf(loop, id) };
}

test("an invalid handshakeTimeout is an error at the call, and nothing listens", async () => {
  const { loop } = quietLoop();
  for (const [value, code] of [
    [-1, "ERR_IOLOOP_OUT_OF_RANGE"],
    [NaN, "ERR_IOLOOP_OUT_OF_RANGE"],
    [Infinity, "ERR_IOLOOP_OUT_OF_RANGE"],
    ["5", "ERR_IOLOOP_INVALID_ARG_TYPE"],
  ] as const) {
    assert.throws(
      () => loop.server({ ...SERVER, tlsOptions: { handshakeTimeout: value as number } }, () => {}),
      (error: Error & { code?: string }) =>
        error.code === code && error.message.includes('"tlsOptions.handshakeTimeout" must be a whole number'),
      String(value),
    );
  }
  await within(SOON, loop.start());
});

test("an invalid servername is an error at the call", () => {
  const { loop } = quietLoop();
  for (const value of [5, null, {}]) {
    assert.throws(
      () => loop.client({ tls: true, tlsOptions: { servername: value as string } }, () => {}),
      (error: Error & { code?: string }) =>
        error.code === "ERR_IOLOOP_INVALID_ARG_TYPE" &&
        error.message.includes('"tlsOptions.servername" must be a string'),
    );
  }
});

test("handshakeTimeout is 10 s by default, and with 0", async () => {
  for (const [options, seconds] of [
    [{}, 10],
    [{ handshakeTimeout: 0 }, 10],
    [{ handshakeTimeout: 2500 }, 2.5],
  ] as const) {
    const clock = new VirtualClock();
    const { loop, errors } = quietLoop({ clock });
    const { id, port } = greeting(loop, { tlsOptions: options });
    const running = loop.start();
    const mute = peer({ port });
    await mute.connected;
    await turns(20);
    await clock.advance(seconds - 0.1);
    assert.is(mute.socket.destroyed, false);
    await clock.advance(0.1);
    await within(SOON, mute.closed);
    loop.remove(id);
    await within(SOON, running);
    assert.equal(errors, []);
  }
});

test("an option that the runtime rejects when a client arrives is an error; that client is closed, and the loop continues", async () => {
  if (isBun || isDeno) return; // they do not have this option
  const { loop, errors } = quietLoop({ maxConnections: 1 });
  const wrong = greeting(loop, { tlsOptions: { ALPNCallback: "nonsense" } as object });
  const right = greeting(loop, {});
  const running = loop.start();
  for (let i = 0; i < 3; i++) await within(SOON, peer({ port: wrong.port }).closed);
  assert.equal(
    errors.map(([error, event]) => `${event} ${(error as NodeJS.ErrnoException).code}`),
    Array.from({ length: 3 }, () => "accept ERR_INVALID_ARG_TYPE"),
  );
  const secure = connectTls({ port: right.port, host: "127.0.0.1", ca: authority.ca.cert });
  assert.is(await within(SOON, watch(secure).ended), "Welcome");
  secure.destroy();
  loop.remove(wrong.id);
  loop.remove(right.id);
  await within(SOON, running);
});

test("an option that the runtime rejects when a client connects is an error in the callback, at once", async () => {
  const { port, close } = await plainServer();
  const { loop, errors } = quietLoop();
  const wrong: ClientOptions["tlsOptions"][] = [{ minVersion: "nonsense" as "TLSv1.2" }, { ca: 5 as never }];
  const outcomes: boolean[] = [];
  for (const tlsOptions of wrong) {
    loop.client({ port, tls: true, tlsOptions }, (_loop, error, stream) => {
      outcomes.push(error instanceof Error);
      stream?.close();
    });
  }
  await within(SOON, loop.start());
  assert.equal(outcomes, [true, true]);
  assert.equal(errors, []);
  await close();
});

test("clients that connect from the same port to two addresses are not mistaken for each other", async () => {
  const { loop, errors } = quietLoop();
  const heard: string[] = [];
  const id = loop.server({ ...SERVER, address: "0.0.0.0" }, (_loop, stream) => {
    stream.on("read", (stream, chunk) => stream.write(`Welcome ${String(chunk)}`).closeGracefully());
  });
  const port = portOf(loop, id);
  const running = loop.start();
  const localAddress = "127.0.0.1";
  const first = watch(connect({ port, host: "127.0.0.1", localAddress }));
  await first.connected;
  await turns(20); // its handshake has begun
  const { localPort } = first.socket;
  const second = watch(connect({ port, host: "127.0.0.2", localAddress, localPort }));
  await second.connected;
  await turns(20);
  for (const { socket } of [second, first]) {
    const secure = connectTls({ socket, host: socket.remoteAddress!, ca: authority.ca.cert });
    secure.write(socket.remoteAddress!);
    heard.push(await within(SOON, watch(secure).ended));
    secure.destroy();
  }
  assert.equal(heard, ["Welcome 127.0.0.2", "Welcome 127.0.0.1"]);
  loop.remove(id);
  await within(SOON, running);
  assert.equal(errors, []);
});
