// The options of startTls, and the connections that it works on.

import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import * as assert from "uvu/assert";
import { type IOLoopError, type StartTlsOptions, Stream } from "wasm-ioloop";
import { harness, inFolder, isBun, isDeno, pair, peer, quietLoop, until } from "../support/harness.ts";
import { authority, lookup } from "./starting-tls.ts";

const test = harness("start-tls-options");

const { cert, key } = authority.sign("mail.example");
const CERTIFICATE = { tlsCert: cert, tlsKey: key };
const CLIENT = { servername: "mail.example", ca: authority.ca.cert };

test("over a UNIX domain socket; options are read again only if they have changed", async () => {
  await inFolder(async (folder) => {
    const tls: { tlsCert: string; tlsKey: string } = { ...CERTIFICATE };
    const { loop, errors } = quietLoop();
    const id = loop.server({ path: `${folder}/socket` }, (_loop, stream) => {
      void stream.startTls(tls);
      stream.on("read", (stream, chunk) => void stream.write(chunk));
    });
    const running = loop.start();
    for (let i = 0; i < 3; i++) {
      if (i === 2) Object.assign(tls, other());
      const { socket, connected } = peer({ path: `${folder}/socket` });
      await connected;
      socket.removeAllListeners("data").pause();
      const secure = connectTls({ socket, ...CLIENT, servername: i === 2 ? "other.example" : "mail.example" });
      secure.write("Hello");
      const echo = await new Promise((resolve) => void secure.once("data", (chunk: Buffer) => resolve(String(chunk))));
      assert.is(echo, "Hello");
      assert.is(secure.authorized, true);
      secure.end();
      await new Promise((resolve) => void secure.once("close", resolve));
    }
    loop.remove(id);
    await running;
    assert.equal(errors, []);
  });
});

function other(): { tlsCert: string; tlsKey: string } {
  const { cert, key } = authority.sign("other.example");
  return { tlsCert: cert, tlsKey: key };
}

test("wrong options are errors at the call, with the name startTls", async () => {
  const { near, far } = await pair();
  const { loop } = quietLoop();
  const stream = new Stream(near, { reactor: loop.reactor });
  const says = (options: unknown, message: RegExp): void =>
    assert.throws(
      () => stream.startTls(options as StartTlsOptions),
      (error: Error) => message.test(error.message),
    );
  says(
    undefined,
    /^startTls: option "side" is required for a stream that you have made yourself: "server" or "client"$/,
  );
  says(5, /^startTls: options must be an object, not 5$/);
  says({ side: "both" }, /^startTls: option "side" must be "server" or "client", not "both"$/);
  says({ side: "server" }, /^startTls: option "tls" requires "tlsCert" and "tlsKey"$/);
  says({ side: "server", tls: false }, /^startTls: option "tls" must be true or not given, not false$/);
  says({ side: "server", tlsCert: "nowhere", tlsKey: key }, /^startTls: option "tlsCert": ENOENT/);
  says({ side: "server", servername: "x" }, /^startTls: unknown option "servername"/);
  says({ side: "client" }, /^startTls: option "tlsOptions.servername" is required, as the stream was not connected/);
  says({ side: "client", tlsKey: key }, /^startTls: option "tlsKey" requires "tlsCert"$/);
  assert.is(stream.closeReason, undefined);
  stream.close();
  far.socket.destroy();
});

test("a peer that does not speak TLS: the error says so in one line, and has the original as its cause", async () => {
  for (const side of ["server", "client"] as const) {
    const { near, far } = await pair();
    const { loop } = quietLoop();
    const stream = new Stream(near, { reactor: loop.reactor });
    loop.stream(stream);
    const running = loop.start();
    const options = side === "server" ? CERTIFICATE : { tlsOptions: { servername: "mail.example" } };
    const outcome = stream.startTls({ side, ...options }).catch((error: unknown) => error);
    if (side === "client") await until(() => far.text().length > 0); // the beginning of its handshake
    far.socket.write("500 What is that?\r\n");
    const { code, message, cause } = (await outcome) as IOLoopError;
    assert.is(code, "ERR_IOLOOP_TLS");
    // Deno's server closes the connection without an error.
    if (isDeno && side === "server") assert.match(message, /^startTls: the connection ended/);
    else {
      assert.is(message, "startTls: the peer sent something that is not TLS (wrong version number)");
      assert.match((cause as Error).message, "SSL routines");
    }
    far.socket.destroy();
    await running;
  }
});

test("over TLS, if the runtime supports that", async () => {
  const { loop, errors } = quietLoop();
  const log: string[] = [];
  const id = loop.server(CERTIFICATE, (loop, stream) => {
    loop.remove(id);
    stream.on("read", (stream, chunk) => void stream.write(chunk));
    if (isBun || isDeno) assert.throws(() => stream.startTls(CERTIFICATE), /TLS over TLS is not supported/);
    else void stream.startTls(CERTIFICATE);
  });
  const tlsCa = authority.ca.cert;
  const where = { address: "mail.example", lookup, port: loop.acceptor(id)!.port };
  loop.client({ ...where, tlsCa }, (_loop, error, stream) => {
    if (error) throw error;
    if (isBun || isDeno) assert.throws(() => stream.startTls({ tlsCa }), /TLS over TLS is not supported/);
    else void stream.startTls({ tlsCa });
    stream.write("twice");
    stream.on("read", (stream, chunk) => {
      log.push(String(chunk));
      stream.close();
    });
  });
  await loop.start();
  assert.equal(log, ["twice"]);
  assert.equal(errors, []);
});

test("over a user's Duplex", async () => {
  const { loop, errors } = quietLoop();
  const log: string[] = [];
  const [left, right] = both();
  const server = new Stream(left, { reactor: loop.reactor });
  const client = new Stream(right, { reactor: loop.reactor });
  for (const stream of [server, client]) loop.stream(stream);
  server.on("read", (stream, chunk) => void stream.write(chunk));
  client.on("read", (_stream, chunk) => {
    log.push(String(chunk));
    for (const stream of [server, client]) stream.close();
  });
  void server.startTls({ side: "server", ...CERTIFICATE });
  void client.startTls({ side: "client", tlsCa: authority.ca.cert, tlsOptions: { servername: "mail.example" } });
  client.write("Hello");
  await loop.start();
  assert.equal(log, ["Hello"]);
  assert.equal(errors, []);
});

/** Two Duplexes, each of which reads what is written to the other. */
function both(): [Duplex, Duplex] {
  const make = (to: () => Duplex): Duplex =>
    new Duplex({
      read: () => {},
      write(chunk, _encoding, done) {
        to().push(chunk);
        done();
      },
      final(done) {
        to().push(null);
        done();
      },
    });
  const left: Duplex = make(() => right);
  const right: Duplex = make(() => left);
  return [left, right];
}
