// Servers with the PROXY protocol: what they take, and that the client's address is the one of the header.

import { connect, createServer } from "node:net";
import * as assert from "uvu/assert";
import { Server, Stream } from "wasm-ioloop";
import { harness, inFolder, portOf, quietLoop, until, watch } from "../support/harness.ts";
import { ADDRESSES, CLIENT, PORT, allRead, behind, binary, field, text } from "./proxied.ts";

const test = harness("proxy");

const IPV6 = Buffer.from(`20010db8${"00".repeat(11)}0720010db8${"00".repeat(11)}01dc0401bb`, "hex");

test("the client's address is that of the header, which may be split anywhere; what follows is the stream's", async () => {
  const server = behind();
  const headers: [Buffer, string][] = [
    [text(), CLIENT],
    [text("2001:DB8:0:0::7"), "2001:db8::7"],
    [binary(0x21, 0x11, ADDRESSES), CLIENT],
    [binary(0x21, 0x21, IPV6), "2001:db8::7"],
  ];
  const clients = headers.flatMap(([header, address]) => {
    const whole = Buffer.concat([header, Buffer.from("hello")]);
    const at = Array.from({ length: whole.length + 1 }, (_, i) => i);
    return at.map((i) => [server.come(whole.subarray(0, i), whole.subarray(i)), address] as const);
  });
  await allRead(server, clients.length);
  for (const [client, address] of clients) {
    await until(() => client.text() !== "");
    const wanted = `${address} ${PORT};`;
    assert.ok([wanted, wanted + wanted].includes(client.text()), client.text());
  }
  assert.equal(new Set(server.texts), new Set(["hello"]));
  assert.equal(new Set(server.streams.map(({ bytesRead }) => bytesRead)), new Set([5]));
  for (const { proxy } of server.streams) {
    assert.is(proxy?.command, "PROXY");
    assert.ok(
      ["198.51.100.1 443", "2001:db8::1 443"].includes(`${proxy?.destinationAddress} ${proxy?.destinationPort}`),
    );
    assert.is(proxy?.sourcePort, PORT);
  }
  assert.equal([server.drops, server.errors], [[], []]);
  await server.end();
});

test("one byte at a time, with an end right after it", async () => {
  const server = behind();
  const bytes = [...binary(0x21, 0x11, ADDRESSES), ...Buffer.from("hello")];
  const client = server.come(...bytes.map((byte) => Buffer.from([byte])));
  await allRead(server, 1);
  await until(() => server.texts[0] === "hello");
  const other = watch(connect({ host: "127.0.0.1", port: (server.where as { port: number }).port }));
  other.socket.end(Buffer.concat([text(), Buffer.from("bye")]));
  assert.is(await other.ended, `${CLIENT} ${PORT};`);
  assert.is(server.texts[1], "bye");
  client.socket.destroy();
  await server.end();
});

test("LOCAL and UNKNOWN keep the socket's own address", async () => {
  const server = behind();
  const headers = [
    Buffer.from("PROXY UNKNOWN\r\n"),
    Buffer.from("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"),
    binary(0x20, 0x00, Buffer.alloc(0)),
    binary(0x20, 0x11, Buffer.concat([ADDRESSES, Buffer.from([1])])), // whatever is in it is ignored
    binary(0x21, 0x00, field(0x02, "a.example")),
  ];
  const clients = headers.map((header) => server.come(Buffer.concat([header, Buffer.from("x")])));
  await allRead(server, headers.length);
  for (const { socket, text } of clients) {
    await until(() => text() !== "");
    assert.is(text(), `127.0.0.1 ${socket.localPort};`);
  }
  const commands = server.streams.map(({ proxy }) => `${proxy?.command} ${proxy?.transport} ${proxy?.authority}`);
  assert.equal(commands.toSorted(), [
    "LOCAL UNKNOWN undefined",
    "LOCAL UNKNOWN undefined",
    "PROXY UNKNOWN a.example",
    "PROXY UNKNOWN undefined",
    "PROXY UNKNOWN undefined",
  ]);
  await server.end();
});

test("a UNIX domain socket is trusted, and a client of one has no address", async () => {
  await inFolder(async (folder) => {
    const server = behind({ path: `${folder}/socket`, proxyTrust: [] });
    const paths = Buffer.alloc(216);
    paths.write("/run/client.sock");
    paths.write("/run/proxy.sock", 108);
    const [known, unix] = [server.come(text(), "x"), server.come(binary(0x21, 0x31, paths), "x")];
    await allRead(server, 2);
    await until(() => known.text() !== "" && unix.text() !== "");
    assert.equal([known.text(), unix.text()], [`${CLIENT} ${PORT};`, "undefined undefined;"]);
    const found = server.streams.find(({ proxy }) => proxy?.transport === "UNIX")!.proxy!;
    assert.equal([found.sourceAddress, found.destinationAddress], ["/run/client.sock", "/run/proxy.sock"]);
    await server.end();
  });
});

test("fields of version 2", async () => {
  const server = behind();
  const ssl = Buffer.concat([
    Buffer.from([7, 0, 0, 0, 0]),
    field(0x21, "TLSv1.3"),
    field(0x22, "client.example"),
    field(0x23, "TLS_AES_128_GCM_SHA256"),
    field(0x24, "SHA256"),
    field(0x25, "EC256"),
    field(0x28, "DER"),
  ]);
  const fields = [
    field(0x01, "h2"),
    field(0x02, "a.example"),
    field(0x05, "id-1"),
    field(0x20, ssl),
    field(0x30, "blue"),
    field(0xea, "\u0001vpce-08d2bf15fac5001c9"),
  ];
  // The sum of this header was computed by HAProxy's algorithm: reflected, polynomial 0x1edc6f41.
  const content = Buffer.concat([ADDRESSES, ...fields, field(0x04, "padding")]);
  server.come(binary(0x21, 0x11, content), "x");
  await allRead(server, 1);
  const { proxy } = server.streams[0]!;
  assert.equal(
    [proxy?.alpn, proxy?.authority, String(proxy?.uniqueId), proxy?.namespace],
    ["h2", "a.example", "id-1", "blue"],
  );
  assert.equal(
    { ...proxy?.ssl, certificate: String(proxy?.ssl?.certificate) },
    {
      isUsed: true,
      isVerified: true,
      protocol: "TLSv1.3",
      commonName: "client.example",
      cipher: "TLS_AES_128_GCM_SHA256",
      signatureAlgorithm: "SHA256",
      keyAlgorithm: "EC256",
      certificate: "DER",
    },
  );
  assert.equal(
    proxy?.tlvs.map(({ type }) => type),
    [1, 2, 5, 0x20, 0x30, 0xea],
  );
  assert.is(String(Buffer.from(proxy!.tlvs.at(-1)!.value).subarray(1)), "vpce-08d2bf15fac5001c9");
  server.streams[0]!.close();
  assert.is(server.streams[0]!.proxy, undefined);
  await server.end();
});

test("a malformed, missing or cut header: reset, and `drop` with the proxy's address", async () => {
  const server = behind();
  const wrong: (string | Buffer)[] = [
    "GET / HTTP/1.1\r\n\r\n",
    "PROXY TCP5 192.0.2.7 198.51.100.1 56324 443\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n",
    "PROXY TCP4  192.0.2.7 198.51.100.1 56324 443\r\n",
    "PROXY TCP4 192.0.2.07 198.51.100.1 56324 443\r\n",
    "PROXY TCP4 2001:db8::7 2001:db8::1 56324 443\r\n",
    "PROXY TCP6 fe80::1%lo fe80::2 56324 443\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 65536 443\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 056 443\r\n",
    `PROXY UNKNOWN ${"x".repeat(92)}\r\n`, // 108 bytes
    binary(0x11, 0x11, ADDRESSES),
    binary(0x22, 0x11, ADDRESSES),
    binary(0x21, 0x13, ADDRESSES),
    binary(0x21, 0x21, ADDRESSES),
    binary(0x21, 0x11, ADDRESSES, 16_369), // 16,385 bytes
    binary(0x21, 0x11, Buffer.concat([ADDRESSES, Buffer.from([1, 0, 9, 0])])),
    binary(0x21, 0x11, Buffer.concat([ADDRESSES, Buffer.from([1, 0])])),
    binary(0x21, 0x11, Buffer.concat([ADDRESSES, field(0x03, Buffer.alloc(4))])),
    binary(0x21, 0x11, Buffer.concat([ADDRESSES, field(0x05, Buffer.alloc(129))])),
    binary(0x21, 0x11, Buffer.concat([ADDRESSES, field(0x20, Buffer.alloc(4))])),
  ];
  const clients = wrong.map((header) => server.come(header));
  const cut = server.come(text().subarray(0, 20));
  await until(() => server.drops.length === wrong.length);
  cut.socket.end();
  const silent = server.come();
  await silent.connected;
  silent.socket.end();
  for (const client of [...clients, cut, silent]) await client.closed;
  await until(() => server.drops.length === wrong.length + 2);
  assert.equal(new Set(server.reasons()), new Set(["proxy"]));
  assert.equal(new Set(server.drops.map(({ remoteAddress }) => remoteAddress)), new Set(["127.0.0.1"]));
  assert.equal([server.streams, server.errors], [[], []]);
  // The longest ones that are allowed.
  server.come(`PROXY UNKNOWN ${"x".repeat(91)}\r\n`, "x");
  server.come(binary(0x21, 0x11, Buffer.concat([ADDRESSES, field(0x04, Buffer.alloc(16_384 - 16 - 12 - 3))])), "x");
  await allRead(server, 2);
  await server.end();
});

test("sockets: of `accept`, of a stream, of a stolen handle; iterators and duplexes", async () => {
  const { loop, errors } = quietLoop();
  const server = new Server({ reactor: loop.reactor });
  const found: unknown[] = [];
  server.on("accept", (_server, handle) => {
    found.push([handle.remoteAddress, handle.remotePort, handle.remoteFamily]);
    const stream = new Stream(handle, { reactor: loop.reactor });
    stream.on("read", (stream, chunk) => {
      found.push(String(chunk), stream.remoteAddress, stream.proxy?.version);
      stream.close();
    });
    loop.stream(stream);
  });
  server.listen({ proxyProtocol: "optional" });
  const streams: Stream[] = [];
  const id = loop.server({ proxyProtocol: "required" }, (_loop, stream) => void streams.push(stream));
  const running = loop.start();
  const come = (port: number): ReturnType<typeof watch> => {
    const client = watch(connect({ port, host: "127.0.0.1" }));
    client.socket.write(Buffer.concat([text(), Buffer.from("hello")]));
    return client;
  };
  await come(server.port!).ended;
  assert.equal(found, [[CLIENT, PORT, "IPv4"], "hello", CLIENT, 1]);
  const { port } = loop.acceptor(id)!;
  const clients = [come(port!), come(port!), come(port!), come(port!)];
  await until(() => streams.length === 4);
  const [first, second, third, fourth] = streams as [Stream, Stream, Stream, Stream];
  assert.equal([first.handle?.remoteAddress, first.handle?.remoteFamily], [CLIENT, "IPv4"]);
  const stolen = second.stealHandle()!;
  assert.is(stolen.remoteAddress, CLIENT);
  const chunks: string[] = [];
  stolen.on("data", (chunk: Buffer) => chunks.push(String(chunk))).resume();
  await until(() => chunks.join("") === "hello");
  stolen.destroy();
  for await (const chunk of third) {
    assert.is(String(chunk), "hello");
    break;
  }
  const duplex = fourth.duplex();
  assert.equal([duplex.remoteAddress, duplex.remotePort, duplex.remoteFamily], [CLIENT, PORT, "IPv4"]);
  for await (const chunk of duplex) {
    assert.is(String(chunk), "hello");
    break;
  }
  for (const { socket } of clients) socket.destroy();
  loop.reset();
  await running;
  assert.equal(errors, []);
});

test("a served net server reads what follows the header by a listener of its own", async () => {
  const { loop, errors } = quietLoop();
  const server = createServer((socket) => socket.on("data", (chunk: Buffer) => socket.write(`(${String(chunk)})`)));
  const id = loop.serve(server, { proxyProtocol: "required" });
  const running = loop.start();
  const client = watch(connect({ host: "127.0.0.1", port: portOf(loop, id) }));
  client.socket.write(Buffer.concat([text(), Buffer.from("one")]));
  await until(() => client.text() === "(one)");
  client.socket.write("two");
  await until(() => client.text() === "(one)(two)");
  client.socket.destroy();
  loop.reset();
  await running;
  assert.equal(errors, []);
});
