// TLS on both sides. Numbers name statements about the originals.

import type { TLSSocket } from "node:tls";
import * as assert from "uvu/assert";
import type { ClientOptions, IOLoop, ListenerOptions, Stream } from "wasm-ioloop";
import { Authority } from "../support/certificates.ts";
import { harness, inFolder, peer, portOf, quietLoop } from "../support/harness.ts";

const test = harness("tls");

const authority = new Authority();
const stranger = new Authority("Stranger");
const local = authority.sign("localhost", "IP:127.0.0.1");
const SERVER: ListenerOptions = { tls: true, tlsCert: local.certPath, tlsKey: local.keyPath };
const CLIENT: ClientOptions = { tls: true, tlsCa: authority.ca.certPath };

// One exchange: what the server and the client received, or the client's error.
async function exchange(
  server: ListenerOptions,
  client: ClientOptions,
): Promise<{ server: string; client: string; error: string }> {
  const { loop, errors } = quietLoop();
  const result = { server: "", client: "", error: "" };
  const id = loop.server(server, (_loop, stream) => {
    stream.on("read", (stream, chunk) => {
      result.server += String(chunk);
      stream.write(`echo ${String(chunk)}`).closeGracefully();
    });
  });
  await loop.acceptor(id)!.ready;
  const done = (loop: IOLoop): void => void loop.remove(id);
  loop.client({ port: portOf(loop, id), ...client }, (loop, error, stream) => {
    if (!stream) {
      result.error = error.code ?? error.message;
      return done(loop);
    }
    stream.on("read", (_stream, chunk) => (result.client += String(chunk)));
    // With TLS 1.3 a client learns only after its handshake that the server rejects it.
    stream.on("error", (_stream, error) => (result.error = error.code ?? error.message));
    stream.on("close", () => done(loop));
    stream.write("hello");
  });
  await loop.start();
  assert.equal(errors, []);
  return result;
}

const FINE = { server: "hello", client: "echo hello", error: "" };

test("205, 212 a round trip: certificate, key and CA by path", async () => {
  assert.equal(await exchange(SERVER, CLIENT), FINE);
});

test("certificate, key and CA by content, as string and as Buffer", async () => {
  const byText = { tls: true, tlsCert: local.cert, tlsKey: local.key };
  assert.equal(await exchange(byText, { tls: true, tlsCa: [authority.ca.cert] }), FINE);
  const byBuffer = { tls: true, tlsCert: Buffer.from(local.cert), tlsKey: Buffer.from(local.key) };
  assert.equal(await exchange(byBuffer, { tls: true, tlsCa: Buffer.from(authority.ca.cert) }), FINE);
});

test("205 no key is built in; missing files and invalid PEMs are errors at the call", () => {
  const { loop } = quietLoop();
  const wrong: [ListenerOptions, RegExp][] = [
    [{ tls: true }, /^server: option "tls" requires "tlsCert" and "tlsKey"$/],
    [{ tls: true, tlsCert: local.cert }, /"tlsCert" and "tlsKey"/],
    [{ tls: true, tlsCert: "/no/such.crt", tlsKey: local.key }, /"tlsCert": ENOENT/],
    [
      { tls: true, tlsCert: "-----BEGIN CERTIFICATE-----\nnonsense", tlsKey: local.key },
      /^server: invalid TLS options: /,
    ],
    [{ tls: true, tlsCert: { a: local.cert }, tlsKey: { b: local.key } }, /"tlsKey" has no entry for host "a"/],
  ];
  for (const [options, message] of wrong) {
    assert.throws(
      () => loop.server(options, () => {}),
      (error: Error & { code?: string }) => error.code === "ERR_IOLOOP_TLS" && message.test(error.message),
      String(message),
    );
  }
  assert.throws(() => loop.client({ tls: true, tlsCa: "/no/such.crt" }, () => {}), /"tlsCa": ENOENT/);
});

test("207 the server's certificate is verified by default, and so is its name", async () => {
  assert.match((await exchange(SERVER, { tls: true })).error, /UNABLE_TO|SELF_SIGNED/);
  const other = authority.sign("elsewhere.example");
  const named = { tls: true, tlsCert: other.cert, tlsKey: other.key };
  assert.match((await exchange(named, CLIENT)).error, /ALTNAME/);
  assert.equal(await exchange(named, { ...CLIENT, tlsOptions: { rejectUnauthorized: false } }), FINE);
});

test("211 the certificate must name the `address`, which is also the SNI", async () => {
  assert.equal(
    await exchange({ ...SERVER, address: "localhost" }, { ...CLIENT, address: "localhost" }).catch(String),
    FINE,
  );
});

test("210 client certificates: required, optional, rejected, not requested", async () => {
  const mine = authority.sign("client");
  const theirs = stranger.sign("client");
  const server = { ...SERVER, tlsCa: authority.ca.cert };
  const good = { ...CLIENT, tlsCert: mine.cert, tlsKey: mine.key };
  const bad = { ...CLIENT, tlsCert: theirs.cert, tlsKey: theirs.key };
  const served = async (options: ListenerOptions, client: ClientOptions): Promise<boolean> =>
    (await exchange(options, client)).server === "hello";
  assert.is(await served(server, good), true);
  assert.is(await served(server, CLIENT), false);
  assert.is(await served(server, bad), false);
  assert.is(await served({ ...server, tlsVerify: "optional" }, good), true);
  assert.is(await served({ ...server, tlsVerify: "optional" }, CLIENT), true);
  assert.is(await served({ ...server, tlsVerify: "optional" }, bad), false);
  assert.is(await served({ ...server, tlsVerify: false }, bad), true);
});

test("SNI: one certificate per host name, wildcards, and a default", async () => {
  const hosts = { "": local, "a.example": authority.sign("a.example"), "*.b.example": authority.sign("*.b.example") };
  const each = (part: "cert" | "key"): Record<string, string> =>
    Object.fromEntries(Object.entries(hosts).map(([host, certificate]) => [host, certificate[part]]));
  const server = { tls: true, tlsCert: each("cert"), tlsKey: each("key") };
  for (const servername of ["a.example", "www.b.example", "localhost"]) {
    assert.equal(await exchange(server, { ...CLIENT, tlsOptions: { servername } }), FINE, servername);
  }
});

test("tlsOptions: ALPN; tlsVersion and tlsCiphers", async () => {
  const { loop } = quietLoop();
  const seen: unknown[] = [];
  const id = loop.server(
    { ...SERVER, tlsVersion: "TLSv1.3", tlsOptions: { ALPNProtocols: ["echo"] } },
    (_loop, stream) => {
      const handle = stream.handle as TLSSocket;
      seen.push(handle.alpnProtocol, handle.getProtocol());
      stream.closeGracefully();
    },
  );
  const port = portOf(loop, id);
  loop.client({ ...CLIENT, port, tlsOptions: { ALPNProtocols: ["other", "echo"] } }, (loop, error, stream) => {
    seen.push(error, (stream!.handle as TLSSocket).alpnProtocol);
    stream!.on("close", () => loop.remove(id));
  });
  await loop.start();
  assert.equal(seen.map(String).sort(), ["TLSv1.3", "echo", "echo", "undefined"]);
  const old = await exchange(
    { ...SERVER, tlsVersion: "TLSv1.3" },
    { ...CLIENT, tlsOptions: { maxVersion: "TLSv1.2" } },
  );
  assert.ok(old.error !== "");
  const ciphers = {
    ...SERVER,
    tlsCiphers: "ECDHE-ECDSA-AES128-GCM-SHA256",
    tlsOptions: { maxVersion: "TLSv1.2" as const },
  };
  assert.equal(await exchange(ciphers, CLIENT), FINE);
});

test("TLS over a UNIX domain socket, and over a connected handle", () =>
  inFolder(async (folder) => {
    const { loop } = quietLoop();
    const heard: string[] = [];
    const echo = (_loop: IOLoop, stream: Stream): void => {
      stream.on("read", (stream, chunk) => stream.write(chunk).closeGracefully());
    };
    const path = `${folder}/tls`;
    const unix = loop.server({ ...SERVER, path }, echo);
    const tcp = loop.server(SERVER, echo);
    const client = (options: ClientOptions): void =>
      void loop.client({ ...CLIENT, ...options }, (loop, error, stream) => {
        if (error) heard.push(error.message);
        stream?.on("read", (_stream, chunk) => void heard.push(String(chunk)));
        stream?.on("close", () => {
          if (heard.length < 3) return;
          loop.remove(unix);
          loop.remove(tcp);
        });
        stream?.write("hello");
      });
    await loop.acceptor(unix)!.ready;
    client({ path });
    client({ path });
    client({ handle: peer({ port: portOf(loop, tcp) }).socket });
    await loop.start();
    assert.equal(heard, ["hello", "hello", "hello"]);
  }));

test("every byte of 5 MB over TLS, closed gracefully", async () => {
  const { loop } = quietLoop();
  const id = loop.server(SERVER, (_loop, stream) => stream.write(Buffer.alloc(5_000_000, "x")).closeGracefully());
  let bytes = 0;
  loop.client({ ...CLIENT, port: portOf(loop, id) }, (loop, _error, stream) => {
    stream!.on("read", (_stream, chunk) => (bytes += chunk.length));
    stream!.on("close", () => loop.remove(id));
  });
  await loop.start();
  assert.is(bytes, 5_000_000);
});
