// class Client. Numbers name statements about the originals.

import { connect } from "node:net";
import * as assert from "uvu/assert";
import { Client, Reactor, type Stream } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { NOBODYS, harness, plainServer, portOf, quietLoop, turns, until, within } from "../support/harness.ts";

const test = harness("client");

interface Outcome {
  readonly error: (Error & { code?: string }) | undefined;
  readonly stream: Stream | undefined;
}

test("120, 122 refused: the callback runs later, with an error; the id is unknown by then, and the loop stops", async () => {
  const { loop } = quietLoop();
  const outcomes: Outcome[] = [];
  const id = loop.client({ port: NOBODYS }, (loop, error, stream) => {
    outcomes.push({ error, stream });
    assert.is(loop.remove(id), false);
  });
  assert.equal(outcomes, []);
  await loop.start();
  assert.is(outcomes.length, 1);
  assert.is(outcomes[0]!.error!.code, "ECONNREFUSED");
  assert.match(outcomes[0]!.error!.message, /ECONNREFUSED/);
  assert.is(outcomes[0]!.stream, undefined);
});

test("121, 130 success: the stream is registered under the id; data that the peer sends at once is read after the callback", async () => {
  const { port, close } = await plainServer((socket) => {
    socket.write("greeting");
    socket.on("data", (chunk) => socket.end(`got ${String(chunk)}`));
  });
  const { loop } = quietLoop();
  const log: string[] = [];
  const id = loop.client({ port }, (loop, error, stream) => {
    log.push(`${error} ${loop.stream(id) === stream}`);
    stream!.on("read", (_stream, chunk) => log.push(String(chunk)));
    stream!.on("write", (_stream, chunk) => log.push(`write ${String(chunk)}`));
    stream!.on("close", () => log.push("close"));
    stream!.write("a");
    stream!.write("b");
  });
  assert.is(loop.stream(id), undefined);
  await loop.start();
  const wrote = log.indexOf("write ab");
  assert.ok(wrote > 0);
  log.splice(wrote, 1);
  assert.is(log[0], "undefined true");
  assert.is(log.slice(1, -1).join(""), "greetinggot ab");
  assert.is(log.at(-1), "close");
  await close();
});

test("77 removed while connecting: no callback, no connection, no timeout", async () => {
  const { port, sockets, close } = await plainServer();
  const { loop } = quietLoop();
  const early = loop.client({ port }, () => assert.unreachable());
  assert.is(loop.remove(early), true);
  assert.is(loop.remove(early), false);
  await loop.start();
  assert.is(sockets.length, 0);

  const clock = new VirtualClock();
  const { loop: slow } = quietLoop({ clock });
  const late = slow.client({ address: "127.0.0.1", port, timeout: 1 }, () => assert.unreachable());
  slow.nextTick(() => slow.remove(late));
  await slow.start();
  await clock.advance(5);
  await close();
});

test("123 the whole attempt has a timeout, 10 s by default", async () => {
  // An attempt that hangs: a TLS handshake with a peer that sends nothing.
  const { port, close } = await plainServer();
  const clock = new VirtualClock();
  const { loop } = quietLoop({ clock });
  const outcomes: Outcome[] = [];
  const id = loop.client({ port, tls: true }, (_loop, error, stream) => void outcomes.push({ error, stream }));
  const running = loop.start();
  await turns(3);
  await clock.advance(9.9);
  assert.is(outcomes.length, 0);
  await clock.advance(0.1);
  assert.is(outcomes.length, 1);
  assert.is(outcomes[0]!.error!.code, "ERR_IOLOOP_CONNECT_TIMEOUT");
  assert.is(outcomes[0]!.error!.message, `Connect timeout: no connection to 127.0.0.1:${port} within 10 s`);
  assert.is(outcomes[0]!.stream, undefined);
  assert.is(loop.remove(id), false);
  await running;
  await close();
});

test("77 removed during an attempt that hangs: no callback, and no timeout", async () => {
  const { port, sockets, close } = await plainServer();
  const clock = new VirtualClock();
  const { loop } = quietLoop({ clock });
  const id = loop.client({ port, tls: true }, () => assert.unreachable());
  const running = loop.start();
  await until(() => sockets.length === 1);
  assert.is(loop.remove(id), true);
  await running;
  await clock.advance(20);
  await close();
});

test("a network that cannot be reached is an error", async () => {
  const { loop } = quietLoop();
  let error: Outcome["error"];
  loop.client({ address: "127.255.255.255", port: 9 }, (_loop, err) => (error = err)); // a broadcast address
  await loop.start();
  assert.match(String(error!.code), /ENETUNREACH|EACCES|ECONNREFUSED/);
});

test("124 a name that does not resolve is an error", async () => {
  const { loop } = quietLoop();
  let error: (Error & { code?: string }) | undefined;
  loop.client({ address: "no-such-host.invalid", port: 80 }, (_loop, err) => (error = err));
  await loop.start();
  assert.match(String(error!.code), /ENOTFOUND|EAI_AGAIN|DNS/);
});

test("125 a name with several addresses connects to the one that answers", async () => {
  const { port, close } = await plainServer((socket) => socket.end("by name"));
  const { loop } = quietLoop();
  let text = "";
  loop.client({ address: "localhost", port }, (_loop, error, stream) => {
    assert.is(error, undefined);
    stream!.on("read", (_stream, chunk) => (text += String(chunk)));
  });
  await loop.start();
  assert.is(text, "by name");
  await close();
});

test("127 handle: a socket that is already connected", async () => {
  const { port, close } = await plainServer((socket) => socket.end("by handle"));
  const handle = connect({ port, host: "127.0.0.1" });
  const { loop } = quietLoop();
  let text = "";
  loop.client({ handle }, (_loop, error, stream) => {
    assert.is(error, undefined);
    assert.is(stream!.handle, handle);
    stream!.on("read", (_stream, chunk) => (text += String(chunk)));
  });
  await loop.start();
  assert.is(text, "by handle");
  await close();
});

test("127 a handle that belongs to another stream is an error in the callback", async () => {
  const { port, close } = await plainServer();
  const { loop } = quietLoop();
  const codes: (string | undefined)[] = [];
  loop.client({ port }, (loop, _error, stream) => {
    loop.client({ handle: stream!.handle! }, (_loop, error) => {
      codes.push((error as { code?: string } | undefined)?.code);
      stream!.close();
    });
  });
  await loop.start();
  assert.equal(codes, ["ERR_IOLOOP_HANDLE_IN_USE"]);
  await close();
});

test("128 the error of a directly created client without subscribers is reported once", async () => {
  const { loop, errors } = quietLoop();
  new Client({ reactor: loop.reactor }).connect({ port: NOBODYS });
  await loop.start();
  assert.is(errors.length, 1);
  assert.is(errors[0]![1], "error");
});

test("129 localAddress: the address to connect from", async () => {
  let from: string | undefined;
  const { port, close } = await plainServer((socket) => {
    from = socket.remoteAddress;
    socket.end();
  });
  const { loop } = quietLoop();
  loop.client({ port, localAddress: "127.0.0.2" }, (_loop, error) => assert.is(error, undefined));
  await loop.start();
  assert.is(from, "127.0.0.2");
  await close();
});

test("67 an exception in the client callback: the stream stays registered", async () => {
  const { port, close } = await plainServer();
  const { loop, errors } = quietLoop();
  const id = loop.client({ port }, () => {
    throw new Error("Bye!");
  });
  const running = loop.start();
  await until(() => errors.length === 1);
  assert.is(errors[0]![1], "connect");
  assert.ok(loop.stream(id)!.handle);
  loop.remove(id);
  await running;
  await close();
});

test("a directly created client emits either connect or error, once; close abandons the attempt silently", async () => {
  const { port, close } = await plainServer((socket) => socket.end("plain"));
  const reactor = new Reactor();
  const log: string[] = [];
  const client = new Client({ reactor });
  client.on("error", (_client, error) => log.push(`error ${error.message}`));
  client.on("connect", (_client, handle) => {
    log.push("connect");
    handle.on("data", (chunk: Buffer) => log.push(String(chunk)));
    handle.on("end", () => handle.end());
  });
  client.connect({ port });
  await reactor.start();
  await until(() => log.length === 2);
  assert.equal(log, ["connect", "plain"]);

  client.connect({ port });
  client.close();
  client.close();
  await reactor.start();
  assert.equal(log, ["connect", "plain"]);
  await close();
});

test("a handle that its owner destroys while connecting is an error, at once", async () => {
  const { port, close } = await plainServer();
  for (const options of [{ port }, { port, tls: true }]) {
    const reactor = new Reactor();
    const log: string[] = [];
    const client = new Client({ reactor });
    client.on("error", (_client, error) => log.push(error.code!));
    client.on("connect", () => log.push("connect"));
    client.connect(options);
    reactor.nextTick(() => client.handle!.destroy());
    await within(5, reactor.start());
    assert.is(log.length, 1);
    assert.ok(["ERR_IOLOOP_HANDLE_CLOSED", "ECONNRESET"].includes(log[0]!), log[0]);
  }
  await close();
});

test("many attempts at once, to open and closed ports: each callback runs once", async () => {
  const { loop } = quietLoop();
  const server = loop.server({}, (_loop, stream) => stream.close());
  const open = portOf(loop, server);
  const counts = { ok: 0, refused: 0 };
  for (let i = 0; i < 500; i++) {
    loop.client({ port: i % 2 ? open : NOBODYS }, (loop, error, stream) => {
      if (error) counts.refused++;
      else counts.ok++;
      stream?.close();
      if (counts.ok + counts.refused === 500) loop.remove(server);
    });
  }
  await loop.start();
  assert.equal(counts, { ok: 250, refused: 250 });
});

test("126 the port is 80 unless given, with TLS 443", async () => {
  const { loop } = quietLoop();
  const said: string[] = [];
  // A loopback address on which probably no server listens; the error message names the port.
  const address = "127.83.62.41";
  const note = (error: Error | undefined, stream: Stream | undefined): void => {
    const { message, port } = (error ?? {}) as { message?: string; port?: number };
    said.push(`${port ?? /:(\d+)/.exec(message ?? "")?.[1] ?? stream?.handle?.remotePort}`);
    stream?.close();
  };
  loop.client({ address }, (_loop, error, stream) => note(error, stream));
  loop.client({ address, tls: true }, (_loop, error, stream) => note(error, stream));
  await loop.start();
  assert.equal(said.sort(), ["443", "80"]);
});
