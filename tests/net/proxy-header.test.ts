// Clients that send a PROXY header first.

import * as assert from "uvu/assert";
import type { ClientOptions, IOLoop, ListenerOptions, ProxyInfo, Stream } from "wasm-ioloop";
import { Authority } from "../support/certificates.ts";
import { harness, inFolder, peer, plainServer, portOf, quietLoop, until } from "../support/harness.ts";
import { refusal } from "../base/refusal.ts";

const test = harness("proxy-header");

const authority = new Authority();
const local = authority.sign("localhost", "IP:127.0.0.1");

/** What a server behind the client sees. */
interface Seen {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly proxy: ProxyInfo | undefined;
  readonly text: string;
}

/** A server that notes what it sees, and ends. */
function backend(loop: IOLoop, options: ListenerOptions = {}): { readonly port: number; readonly seen: Seen[] } {
  const seen: Seen[] = [];
  const id = loop.server({ proxyProtocol: "required", ...options }, (_loop, stream) => {
    const { remoteAddress, remotePort, proxy } = stream;
    stream.on("read", (stream, chunk) => {
      seen.push({ remoteAddress, remotePort, proxy, text: String(chunk) });
      stream.closeGracefully();
    });
  });
  return { port: options.path === undefined ? portOf(loop, id) : 0, seen };
}

async function send(loop: IOLoop, options: ClientOptions): Promise<void> {
  const stream = await loop.connect(options);
  stream.write("hello");
  await stream.closed();
}

test("versions 1 and 2, in plain and before TLS, of explicit addresses", async () => {
  const { loop, errors } = quietLoop();
  const plain = backend(loop);
  const secure = backend(loop, { tlsCert: local.certPath, tlsKey: local.keyPath });
  const from = { remoteAddress: "192.0.2.7", remotePort: 7, localAddress: "198.51.100.1", localPort: 443 };
  const ipv6 = { ...from, remoteAddress: "2001:DB8::7" };
  for (const version of [1, 2] as const) {
    await send(loop, { port: plain.port, proxyHeader: { version, from } });
    await send(loop, { port: plain.port, proxyHeader: { version, from: ipv6 } });
    await send(loop, { port: secure.port, tlsCa: authority.ca.certPath, proxyHeader: { version, from } });
  }
  await send(loop, { port: plain.port, proxyHeader: {} });
  await send(loop, { port: plain.port, proxyHeader: { version: 1 } });
  await send(loop, { port: plain.port, proxyHeader: { from: {} } });
  const tlvs = [{ type: 0x02, value: "a.example" }];
  await send(loop, {
    port: plain.port,
    proxyHeader: { from: { remoteAddress: "::ffff:192.0.2.9" }, tlvs, checksum: true },
  });
  const told = [...plain.seen, ...secure.seen].map(({ proxy, text, remoteAddress, remotePort }) => {
    assert.is(text, "hello");
    const destination = `${proxy?.destinationAddress} ${proxy?.destinationPort}`;
    const source = `${remoteAddress} ${remoteAddress === "127.0.0.1" ? "its own" : remotePort}`;
    return `${proxy?.version} ${proxy?.command} ${proxy?.transport} ${source} ${destination} ${proxy?.authority}`;
  });
  assert.equal(told, [
    "1 PROXY TCP4 192.0.2.7 7 198.51.100.1 443 undefined",
    "1 PROXY TCP6 2001:db8::7 7 ::ffff:198.51.100.1 443 undefined",
    "2 PROXY TCP4 192.0.2.7 7 198.51.100.1 443 undefined",
    "2 PROXY TCP6 2001:db8::7 7 ::ffff:198.51.100.1 443 undefined",
    "2 LOCAL UNKNOWN 127.0.0.1 its own undefined undefined undefined",
    "1 PROXY UNKNOWN 127.0.0.1 its own undefined undefined undefined",
    "2 PROXY UNKNOWN 127.0.0.1 its own undefined undefined undefined",
    "2 PROXY TCP4 192.0.2.9 0 0.0.0.0 0 a.example",
    "1 PROXY TCP4 192.0.2.7 7 198.51.100.1 443 undefined",
    "2 PROXY TCP4 192.0.2.7 7 198.51.100.1 443 undefined",
  ]);
  loop.reset();
  assert.equal(errors, []);
});

test("of a stream: two proxies in a row pass the first client on; over a UNIX domain socket, too", async () => {
  await inFolder(async (folder) => {
    const { loop, errors } = quietLoop();
    const path = `${folder}/socket`;
    const last = backend(loop, { path });
    const forward = (options: ListenerOptions, to: (stream: Stream) => ClientOptions): number => {
      const id = loop.server(options, async (_loop, near) => {
        near.splice(await loop.connect(to(near))).catch(() => {});
      });
      return portOf(loop, id);
    };
    const second = forward({ proxyProtocol: "required" }, (from) => ({
      path,
      proxyHeader: { from, tlvs: from.proxy?.tlvs },
    }));
    const first = forward({}, (from) => ({
      port: second,
      proxyHeader: { version: 2, from, tlvs: [{ type: 5, value: "id" }] },
    }));
    const running = loop.start();
    const client = peer({ port: first });
    await client.connected;
    const { localPort } = client.socket;
    client.socket.write("hello");
    await client.ended;
    const [seen] = last.seen;
    assert.equal([seen?.remoteAddress, seen?.remotePort], ["127.0.0.1", localPort]);
    assert.equal([seen?.proxy?.destinationAddress, seen?.proxy?.destinationPort], ["127.0.0.1", first]);
    assert.is(String(seen?.proxy?.uniqueId), "id");
    loop.reset();
    await running;
    assert.equal(errors, []);
  });
});

test("a handle; a peer that leaves, or does not answer", async () => {
  const { loop, errors } = quietLoop();
  const seen: string[] = [];
  const target = await plainServer((socket) => socket.on("data", (chunk: Buffer) => seen.push(String(chunk))));
  const handle = peer({ port: target.port });
  await handle.connected;
  const stream = await loop.connect({ handle: handle.socket, proxyHeader: { version: 1 } });
  stream.write("hello");
  await until(() => seen.join("") === "PROXY UNKNOWN\r\nhello");
  stream.close();
  const silent = {
    port: target.port,
    tlsCa: authority.ca.certPath,
    timeout: 0.2,
    proxyHeader: { version: 1 as const },
  };
  const code = async (options: ClientOptions): Promise<unknown> =>
    loop.connect(options).catch((error: NodeJS.ErrnoException) => error.code);
  assert.is(await code(silent), "ERR_IOLOOP_CONNECT_TIMEOUT");
  const leaving = await plainServer((socket) => socket.on("data", () => socket.destroy()));
  assert.type(await code({ ...silent, port: leaving.port, timeout: 10 }), "string");
  loop.reset();
  await target.close();
  await leaving.close();
  assert.equal(errors, []);
});

test("wrong options", () => {
  const { loop } = quietLoop();
  const says = (proxyHeader: unknown): string =>
    refusal(() => loop.client({ port: 1, proxyHeader: proxyHeader as object }, () => {}));
  const begin = 'client: option "proxyHeader';
  assert.match(says(1), `TypeError ERR_IOLOOP_INVALID_ARG_TYPE: ${begin}" must be an object, not 1`);
  assert.match(says({ version: 3 }), 'option "version" must be 1 or 2, not 3');
  assert.match(says({ form: {} }), 'unknown option "form"; did you mean "from"?');
  assert.match(says({ from: 1 }), "must be a stream, or an object with addresses, not 1");
  assert.match(
    says({ from: { remoteAddress: "here" } }),
    `${begin}.from.remoteAddress" must be an IP address, not "here"`,
  );
  assert.match(says({ from: { remotePort: -1 } }), `${begin}.from.remotePort" must be a whole number from 0 to 65535`);
  assert.match(says({ version: 1, checksum: true }), '"tlvs" and "checksum" need version 2');
  assert.match(
    says({ tlvs: [{ type: 256, value: "" }] }),
    `${begin}.tlvs[0].type" must be a whole number from 0 to 255`,
  );
  assert.match(says({ tlvs: [{ type: 2, value: 5 }] }), `${begin}.tlvs[0].value" must be a string`);
  assert.match(says({ tlvs: [{ type: 2, value: "x".repeat(20_000) }] }), "must have at most 16384 bytes, not 20019");
});
