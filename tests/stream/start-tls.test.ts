// Streams that begin TLS: STARTTLS, as in SMTP, on both sides.

import { type TLSSocket, connect as connectTls } from "node:tls";
import * as assert from "uvu/assert";
import { Stream } from "wasm-ioloop";
import { Authority } from "../support/certificates.ts";
import { harness, pair, peer, plainServer, portOf, quietLoop, turns, until } from "../support/harness.ts";
import { type Smtp, authority, codeOf, lookup, smtp, startTlsServer } from "./starting-tls.ts";

const test = harness("start-tls");

const { cert, key } = authority.sign("mail.example");
const CERTIFICATE = { tlsCert: cert, tlsKey: key };
const TRUST = { tlsCa: authority.ca.cert };

test("both sides, as in SMTP: first unencrypted, then the same connection encrypted", async () => {
  const { loop, errors } = quietLoop();
  const server = smtp(loop, CERTIFICATE);
  const log: string[] = [];
  loop.client({ address: "mail.example", lookup, port: server.port }, (_loop, error, stream) => {
    if (error) throw error;
    const { id } = stream;
    stream.data = "mine";
    stream.on("close", () => log.push(`close ${stream.closeReason}`));
    stream.on("read", (_stream, chunk) => {
      log.push(String(chunk).trim());
      if (String(chunk) === "220 ready\r\n") stream.write("STARTTLS\r\n");
      if (String(chunk) !== "220 go\r\n") return;
      const started = stream.startTls(TRUST);
      stream.write("EHLO\r\n");
      void started.then(() => {
        assert.is(stream.id, id);
        assert.is(stream.data, "mine");
        assert.is(stream.tls?.authorized, true);
        assert.is(stream.tls?.servername, "mail.example");
        assert.is((stream.handle as TLSSocket).encrypted, true);
        log.push("secure");
      });
    });
    stream.on("read", (_stream, chunk) => {
      if (String(chunk).startsWith("250")) stream.write("QUIT\r\n");
    });
  });
  await loop.start();
  assert.equal(log, ["220 ready", "220 go", "secure", "250 EHLO over TLSv1.3", "221 bye", "close peer"]);
  assert.equal(server.log, ["plain STARTTLS", "secure", "encrypted EHLO", "encrypted QUIT", "close local"]);
  assert.equal(errors, []);
});

test("byte counts are of unencrypted bytes before, and of decrypted ones after; write callbacks run in order", async () => {
  const { loop, errors } = quietLoop();
  const server = smtp(loop, CERTIFICATE);
  const log: string[] = [];
  loop.client({ address: "mail.example", lookup, port: server.port }, (_loop, error, stream) => {
    if (error) throw error;
    stream.on("read", (_stream, chunk) => {
      if (String(chunk) === "220 ready\r\n") stream.write("STARTTLS\r\n");
      if (String(chunk) === "221 bye\r\n") log.push(`read ${stream.bytesRead} written ${stream.bytesWritten}`);
      if (String(chunk) !== "220 go\r\n") return;
      stream.write("", () => log.push("plain"));
      const started = stream.startTls(TRUST);
      assert.is(stream.canWrite, true);
      stream.write("QUIT\r\n", () => log.push("encrypted"));
      assert.is(stream.bytesWaiting, 6);
      assert.is(stream.isWriting, true);
      void started.then(() => log.push("secure"));
    });
  });
  await loop.start();
  assert.equal(log.toSorted(), ["encrypted", "plain", "read 28 written 16", "secure"]);
  assert.equal([log[0], log.at(-1)], ["plain", "read 28 written 16"]);
  assert.equal(errors, []);
});

test("a client of the runtime", async () => {
  const { loop, errors } = quietLoop();
  const server = smtp(loop, CERTIFICATE);
  const running = loop.start();
  const { secure, text } = await plainClient(server);
  secure.write("EHLO\r\n");
  await until(() => text().includes("250 EHLO"));
  secure.end("QUIT\r\n");
  await running;
  assert.equal(server.log, ["plain STARTTLS", "secure", "encrypted EHLO", "encrypted QUIT", "close local"]);
  assert.equal(errors, []);
});

/** Connects a socket of the runtime, and begins TLS. */
async function plainClient(server: Smtp): Promise<{ secure: TLSSocket; text: () => string }> {
  const client = peer({ port: server.port });
  await until(() => client.text() === "220 ready\r\n");
  client.socket.write("STARTTLS\r\n");
  await until(() => client.text().endsWith("220 go\r\n"));
  client.socket.removeAllListeners("data").pause();
  const secure = connectTls({ socket: client.socket, servername: "mail.example", ca: authority.ca.cert });
  let text = "";
  secure.on("data", (chunk: Buffer) => void (text += String(chunk)));
  secure.on("error", () => {});
  await new Promise<void>((resolve, reject) => void secure.once("secureConnect", resolve).once("error", reject));
  return { secure, text: () => text };
}

test("a command injected after STARTTLS makes the handshake fail, and is never delivered", async () => {
  const { loop, errors } = quietLoop();
  const server = smtp(loop, CERTIFICATE, { waits: true });
  const running = loop.start();
  const client = peer({ port: server.port });
  await until(() => client.text() === "220 ready\r\n");
  client.socket.write("STARTTLS\r\n");
  await until(() => server.starts !== undefined);
  client.socket.write("EVIL\r\n");
  await turns(5);
  server.starts!();
  await client.closed;
  await running;
  await turns();
  const [first, closed, failed] = server.log;
  assert.equal([server.log.length, first, closed], [3, "plain STARTTLS", "close error"]);
  assert.match(failed!, /^failed /);
  assert.equal(errors, []);
});

test("neither is data that a server has sent before the client began", async () => {
  const { loop, errors } = quietLoop();
  const { port, close } = await plainServer((socket) => socket.write("220 go\r\n"));
  const log: string[] = [];
  loop.client({ address: "mail.example", lookup, port }, (loop, error, stream) => {
    if (error) throw error;
    stream.on("read", (stream, chunk) => {
      log.push(String(chunk));
      stream.stop();
      stream.handle!.unshift("EVIL");
      stream.startTls(TRUST).catch((error: Error) => void log.push(error.message));
      loop.nextTick(() => stream.start());
    });
    stream.on("error", () => log.push("error"));
    stream.on("close", (stream) => void log.push(`close ${stream.closeReason}`));
  });
  await loop.start();
  await close();
  assert.equal(log, ["220 go\r\n", "close error", "startTls: 4 bytes have arrived before the handshake"]);
  assert.equal(errors, []);
});

test("a certificate for another name, and one of an unknown authority", async () => {
  const other = authority.sign("other.example");
  const unknown = new Authority("Unknown authority").sign("mail.example");
  for (const { cert, key } of [other, unknown]) {
    const { loop, errors } = quietLoop();
    const server = smtp(loop, { tlsCert: cert, tlsKey: key });
    let code: string | undefined;
    let reason: string | undefined;
    loop.client({ address: "mail.example", lookup, port: server.port }, (_loop, error, stream) => {
      if (error) throw error;
      stream.on("close", () => void (reason = stream.closeReason));
      startOnGo(stream, () => codeOf(stream.startTls(TRUST)).then((found) => void (code = found)));
    });
    await loop.start();
    await until(() => code !== undefined);
    assert.is(code, cert === other.cert ? "ERR_TLS_CERT_ALTNAME_INVALID" : "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    assert.is(reason, "error");
    assert.equal(errors, []);
  }
});

/** Sends STARTTLS, and calls back when the server is ready. */
function startOnGo(stream: Stream, go: () => unknown): void {
  stream.on("read", (_stream, chunk) => {
    if (String(chunk) === "220 ready\r\n") stream.write("STARTTLS\r\n");
    if (String(chunk) === "220 go\r\n") go();
  });
}

test("a server that requires client certificates", async () => {
  const own = authority.sign("client.example");
  for (const tls of [TRUST, { ...TRUST, tlsCert: own.certPath, tlsKey: own.keyPath }]) {
    const { loop } = quietLoop();
    const server = smtp(loop, { ...CERTIFICATE, tlsCa: authority.ca.certPath });
    loop.client({ address: "mail.example", lookup, port: server.port }, (_loop, error, stream) => {
      if (error) throw error;
      startOnGo(stream, () => {
        stream.startTls(tls).catch(() => {});
        stream.write("QUIT\r\n");
      });
    });
    await loop.start();
    await turns();
    if (tls === TRUST) assert.match(server.log.join(), /^plain STARTTLS,close error,failed /);
    else assert.equal(server.log.slice(1), ["secure", "encrypted QUIT", "close local"]);
  }
});

test("directly created streams, with `side`; also over a pair of Duplexes", async () => {
  const { loop, errors } = quietLoop();
  const { near, far } = await pair();
  far.socket.removeAllListeners("data").pause();
  const streams = [near, far.socket].map((handle) => new Stream(handle, { reactor: loop.reactor }));
  const [server, client] = streams as [Stream, Stream];
  const log: string[] = [];
  server.on("read", (stream, chunk) => void stream.write(`echo ${String(chunk)}`));
  client.on("read", (stream, chunk) => {
    log.push(String(chunk));
    stream.close();
  });
  assert.throws(
    () => server.startTls(CERTIFICATE),
    /^(?:Error: |TypeError: )?startTls: option "side" is required|option "side" is required/,
  );
  const both = [
    server.startTls({ side: "server", ...CERTIFICATE }),
    client.startTls({ side: "client", ...TRUST, tlsOptions: { servername: "mail.example" } }),
  ];
  for (const stream of streams) loop.stream(stream);
  client.write("Hello");
  await loop.start();
  await Promise.all(both);
  assert.equal(log, ["echo Hello"]);
  assert.equal(errors, []);
});

test("two hundred at once", async () => {
  const { loop, errors } = quietLoop({ maxConnections: 500 });
  const options = { ...CERTIFICATE };
  let done = 0;
  const acceptor = startTlsServer(loop, options);
  for (let i = 0; i < 200; i++) {
    loop.client(
      { address: "mail.example", lookup, port: portOf(loop, acceptor), idleTimeout: 60, timeout: 60 },
      (loop, error, stream) => {
        if (error) throw error;
        startOnGo(stream, () => {
          void stream.startTls(TRUST);
          stream.write(`number ${i}`);
          stream.on("read", (stream, chunk) => {
            if (String(chunk) !== `echo number ${i}`) return;
            stream.close();
            if (++done === 200) loop.remove(acceptor);
          });
        });
      },
    );
  }
  await loop.start();
  assert.is(done, 200);
  assert.equal(errors, []);
});
