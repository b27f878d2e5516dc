// A server or a client uses TLS if any option asks for it, and never with half of what it needs.

import { connect as connectTls } from "node:tls";
import * as assert from "uvu/assert";
import type { ClientOptions, ListenerOptions } from "wasm-ioloop";
import { Authority } from "../support/certificates.ts";
import { deferred, harness, peer, plainServer, portOf, quietLoop, watch, within } from "../support/harness.ts";

const test = harness("tls-asked");

const SOON = 5; // seconds
const authority = new Authority();
const local = authority.sign("localhost", "IP:127.0.0.1");
const ca = authority.ca.cert;

type Coded = Error & { code?: string };

/** What a TLS client receives from a server that greets, or the code of its error. */
async function greeting(options: ListenerOptions, client: object = {}): Promise<string> {
  const { loop, errors } = quietLoop();
  const id = loop.server(options, (_loop, stream) => stream.write("Welcome").closeGracefully());
  const running = loop.start();
  const secure = connectTls({ port: portOf(loop, id), host: "127.0.0.1", ca, ...client });
  const watched = watch(secure);
  const text = await within(SOON, watched.ended);
  secure.destroy();
  loop.remove(id);
  await within(SOON, running);
  assert.equal(errors, []);
  return text;
}

test("a server with a certificate and a key uses TLS, with and without `tls`", async () => {
  const pair = { tlsCert: local.certPath, tlsKey: local.keyPath };
  assert.is(await greeting(pair), "Welcome");
  assert.is(await greeting({ ...pair, tls: undefined, tlsVersion: "TLSv1.3" }), "Welcome");
});

test("a server with a certificate and a key does not accept unencrypted data", async () => {
  const { loop } = quietLoop();
  const heard: string[] = [];
  const id = loop.server({ tlsCert: local.cert, tlsKey: local.key }, (_loop, stream) => {
    stream.on("read", (_stream, chunk) => void heard.push(String(chunk)));
  });
  const running = loop.start();
  const plain = peer({ port: portOf(loop, id) });
  plain.socket.write("secret\r\n\r\n");
  await within(SOON, plain.closed);
  assert.equal(heard, []);
  loop.remove(id);
  await running;
});

test("a certificate without a key, or a key without a certificate, is an error at the call, and nothing listens", async () => {
  const { loop } = quietLoop();
  const halves: ListenerOptions[] = [
    { tlsCert: local.cert },
    { tlsKey: local.key },
    { tlsVerify: true },
    { tlsVerify: false },
    { tlsCa: ca },
    { tlsCiphers: "ALL" },
    { tlsVersion: "TLSv1.3" },
    { tlsOptions: {} },
    { tlsOptions: { cert: local.cert } },
    { tlsCert: { "a.example": local.cert }, tlsOptions: { key: undefined } },
  ];
  for (const options of halves) {
    assert.throws(
      () => loop.server(options, () => {}),
      ({ code, message }: Coded) =>
        code === "ERR_IOLOOP_TLS" && message === 'server: option "tls" requires "tlsCert" and "tlsKey"',
      Object.keys(options).join(),
    );
  }
  await within(SOON, loop.start());
});

test("`tls: false` with another TLS option is an error that names both", () => {
  const { loop } = quietLoop();
  const refused = ({ code, message }: Coded): boolean =>
    code === "ERR_IOLOOP_INVALID_ARG_TYPE" && /option "tls" is false despite "tlsC[ae]/.test(message);
  assert.throws(() => loop.server({ tls: false, tlsCert: local.cert, tlsKey: local.key }, () => {}), refused);
  assert.throws(() => loop.client({ tls: false, tlsCa: ca }, () => {}), refused);
  // Undefined options count as not given.
  loop.remove(loop.server({ tls: false, tlsCert: undefined }, () => {}));
});

test("certificate and key, or one of them, may be in tlsOptions", async () => {
  const { cert, key } = local;
  assert.is(await greeting({ tlsOptions: { cert, key } }), "Welcome");
  assert.is(await greeting({ tls: true, tlsOptions: { cert, key } }), "Welcome");
  assert.is(await greeting({ tlsCert: cert, tlsOptions: { key } }), "Welcome");
  assert.is(await greeting({ tlsKey: key, tlsOptions: { cert } }), "Welcome");
});

test("an undefined entry of tlsOptions does not override other options", async () => {
  const pair = { tls: true, tlsCert: local.cert, tlsKey: local.key, tlsCa: ca };
  const tlsOptions = { cert: undefined, requestCert: undefined, ca: undefined } as unknown as { ca?: string };
  assert.is(await greeting({ ...pair, tlsOptions }), ""); // it has no certificate
  const mine = authority.sign("client");
  assert.is(await greeting({ ...pair, tlsOptions }, { cert: mine.cert, key: mine.key }), "Welcome");
});

test("a client with a TLS option sends nothing unencrypted", async () => {
  const mine = authority.sign("other-client");
  const asked: ClientOptions[] = [
    { tlsCa: ca },
    { tlsOptions: {} },
    { tlsCert: mine.cert, tlsKey: mine.key },
    { tls: undefined, tlsCa: ca },
  ];
  for (const options of asked) {
    const first = deferred<Buffer>();
    const { port, close } = await plainServer((socket) => {
      socket.on("data", (chunk: Buffer) => {
        first.resolve(chunk);
        socket.destroy();
      });
    });
    const { loop } = quietLoop();
    const outcome: unknown[] = [];
    loop.client({ port, ...options }, (_loop, error, stream) => {
      outcome.push(error instanceof Error);
      stream?.write("password");
    });
    await within(SOON, loop.start());
    assert.is((await within(SOON, first.promise))[0], 22, "the first byte of a handshake");
    assert.equal(outcome, [true]);
    await close();
  }
});

test("a client's certificate without its key, and a key without its certificate, are errors at the call", () => {
  const { loop } = quietLoop();
  const wrong: [ClientOptions, RegExp][] = [
    [{ tlsCert: local.cert }, /^client: option "tlsCert" requires "tlsKey"$/],
    [{ tls: true, tlsKey: local.key }, /^client: option "tlsKey" requires "tlsCert"$/],
  ];
  for (const [options, message] of wrong) {
    assert.throws(
      () => loop.client(options, () => {}),
      (error: Coded) => error.code === "ERR_IOLOOP_TLS" && message.test(error.message),
    );
  }
});
