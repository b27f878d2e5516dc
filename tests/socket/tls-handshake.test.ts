// TLS handshakes that fail, or barely succeed. Numbers name statements about the originals.

import { createRequire } from "node:module";
import { connect as connectTls } from "node:tls";
import * as assert from "uvu/assert";
import type { ClientOptions, IOLoop, ListenerOptions } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { Authority } from "../support/certificates.ts";
import {
  harness,
  inFolder,
  isBun,
  isDeno,
  peer,
  plainServer,
  portOf,
  quietLoop,
  sleep,
  turns,
  until,
  watch,
  within,
} from "../support/harness.ts";

const test = harness("tls-handshake");

const authority = new Authority();
const local = authority.sign("localhost", "IP:127.0.0.1");
const SERVER: ListenerOptions = { tls: true, tlsCert: local.certPath, tlsKey: local.keyPath };
const CLIENT: ClientOptions = { tls: true, tlsCa: authority.ca.certPath };

test("208 a plain client on a TLS port never reaches the callback; the server continues", async () => {
  const { loop, errors } = quietLoop();
  let accepted = 0;
  const id = loop.server(SERVER, (_loop, stream) => {
    accepted++;
    stream.closeGracefully();
  });
  const running = loop.start();
  const plain = peer({ port: portOf(loop, id) });
  plain.socket.write("GET / HTTP/1.1\r\n\r\n");
  await plain.closed;
  const gone = peer({ port: portOf(loop, id) });
  await gone.connected;
  gone.socket.resetAndDestroy();
  assert.is(accepted, 0);
  const secure = connectTls({ port: portOf(loop, id), host: "127.0.0.1", ca: authority.ca.cert });
  await watch(secure).ended;
  secure.destroy();
  assert.is(accepted, 1);
  loop.remove(id);
  await running;
  assert.equal(errors, []);
});

test("208 a client that sends nothing is closed when the handshake times out; it counts meanwhile", async () => {
  const clock = new VirtualClock();
  const { loop } = quietLoop({ clock, maxConnections: 1 });
  let accepted = 0;
  const id = loop.server({ ...SERVER, waitTimeout: 0 }, (_loop, stream) => {
    accepted++;
    stream.closeGracefully();
  });
  const running = loop.start();
  const mute = peer({ port: portOf(loop, id) });
  await mute.connected;
  await turns(10);
  const secure = connectTls({ port: portOf(loop, id), host: "127.0.0.1", ca: authority.ca.cert });
  const next = watch(secure);
  await turns(20);
  await clock.advance(9.9);
  assert.is(mute.socket.destroyed, false);
  assert.is(accepted, 0);
  await clock.advance(0.1);
  await mute.closed;
  await next.ended;
  secure.destroy();
  assert.is(accepted, 1);
  loop.remove(id);
  await running;
});

test("208 a client that gives up during the handshake is closed at once, and no longer counts", async () => {
  const { loop, errors } = quietLoop({ clock: new VirtualClock(), maxConnections: 1 }); // no deadline ever expires
  let accepted = 0;
  const id = loop.server(SERVER, (_loop, stream) => {
    accepted++;
    stream.closeGracefully();
  });
  const running = loop.start();
  const mute = peer({ port: portOf(loop, id) });
  await mute.connected;
  mute.socket.end();
  await within(10, mute.closed);
  const distrustful = connectTls({ port: portOf(loop, id), host: "127.0.0.1" });
  await within(10, watch(distrustful).closed);
  assert.is(accepted, 0);
  const secure = connectTls({ port: portOf(loop, id), host: "127.0.0.1", ca: authority.ca.cert });
  await within(10, watch(secure).ended);
  secure.destroy();
  assert.is(accepted, 1);
  loop.remove(id);
  await within(10, running);
  assert.equal(errors, []);
});

test("152 a client that ends its side right after its question gets the whole answer", async () => {
  const { loop, errors } = quietLoop();
  const answer = "0123456789abcdef!".repeat(100_000);
  const id = loop.server(SERVER, (loop, stream) => {
    stream.on("read", (stream) => stream.write(answer));
    stream.on("close", () => loop.remove(id));
  });
  const running = loop.start();
  const secure = connectTls({
    port: portOf(loop, id),
    host: "127.0.0.1",
    ca: authority.ca.cert,
    allowHalfOpen: true,
  } as object);
  const client = watch(secure);
  secure.end("question");
  assert.is(await client.ended, answer);
  secure.destroy();
  await running;
  assert.equal(errors, []);
});

test("152 a client that ends its side after its handshake, while the loop is stopped, is closed", async () => {
  for (const question of ["question", ""]) {
    const { loop, errors } = quietLoop();
    const id = loop.server(SERVER, (_loop, stream) => {
      stream.timeout = 0; // it closes because its peer has ended, or never
      stream.on("read", (stream) => stream.write("answer"));
      stream.write("Welcome ");
    });
    const running = loop.start();
    const plain = peer({ port: portOf(loop, id) });
    await plain.connected;
    await turns(20);
    loop.stop();
    await running;
    const client = watch(connectTls({ socket: plain.socket, host: "localhost", ca: authority.ca.cert }));
    client.socket.once("secureConnect", () => client.socket.end(question));
    await sleep(0.1);
    const again = loop.start();
    await within(10, client.closed);
    loop.remove(id);
    await within(10, again);
    assert.equal(errors, []);
  }
});

test("154 a client that resets after its handshake, while the loop is stopped, is closed when the loop runs", async () => {
  const { loop, errors } = quietLoop();
  const log: string[] = [];
  const id = loop.server(SERVER, (_loop, stream) => {
    log.push("accept");
    stream.on("error", () => log.push("error"));
    stream.on("close", () => log.push("close"));
  });
  const port = portOf(loop, id);
  for (const question of ["", "question"]) {
    const running = loop.start();
    const plain = peer({ port });
    await plain.connected;
    await turns(20);
    loop.stop();
    await running;
    const { socket } = watch(connectTls({ socket: plain.socket, host: "localhost", ca: authority.ca.cert }));
    await new Promise((resolve) => socket.once("secureConnect", resolve));
    socket.write(question);
    await turns(20);
    plain.socket.resetAndDestroy();
    await sleep(0.1);
  }
  const again = loop.start();
  await turns(20);
  loop.remove(id);
  await within(10, loop.stopGracefully());
  await again;
  assert.is(log.includes("error"), false);
  assert.equal(errors, []);
});

test("209 a TLS client gets an error if the peer sends garbage, and the connect timeout if it sends nothing", async () => {
  const garbage = await plainServer((socket) => socket.end("this is no TLS, whatever it is"));
  const mute = await plainServer();
  const clock = new VirtualClock();
  const { loop } = quietLoop({ clock });
  const errors: string[] = [];
  const failed = (_loop: IOLoop, error: Error | undefined): void =>
    void errors.push((error as NodeJS.ErrnoException).code ?? error!.message);
  loop.client({ ...CLIENT, port: garbage.port }, failed);
  const keep = loop.timer(100, () => {});
  const running = loop.start();
  await until(() => errors.length === 1);
  loop.client({ ...CLIENT, port: mute.port, timeout: 3 }, failed);
  await until(() => mute.sockets.length === 1);
  await clock.advance(3);
  loop.remove(keep);
  await running;
  assert.is(errors.length, 2);
  assert.is(errors[1], "ERR_IOLOOP_CONNECT_TIMEOUT");
  await garbage.close();
  await mute.close();
});

/** Counts the TLS servers that the runtime creates during a task. */
async function counted(body: () => Promise<void>): Promise<number> {
  const tls = createRequire(import.meta.url)("node:tls") as { createServer: (...args: unknown[]) => unknown };
  const { createServer } = tls;
  let count = 0;
  tls.createServer = (...args) => {
    count++;
    return createServer(...args);
  };
  try {
    await body();
  } finally {
    tls.createServer = createServer;
  }
  return count;
}

test("clients that are reset before they are admitted do not need a server each", async () => {
  const { loop, errors } = quietLoop({ maxConnections: 0 });
  const made = await counted(async () => {
    const id = loop.server(SERVER, (_loop, stream) => stream.write("Welcome").closeGracefully());
    const running = loop.start();
    for (let i = 0; i < 10; i++) {
      const gone = peer({ port: portOf(loop, id) });
      await gone.connected;
      gone.socket.resetAndDestroy();
      await gone.closed;
    }
    await turns(20);
    loop.maxConnections = 100;
    const secure = connectTls({ port: portOf(loop, id), host: "127.0.0.1", ca: authority.ca.cert });
    assert.is(await within(10, watch(secure).ended), "Welcome");
    secure.destroy();
    loop.remove(id);
    await within(10, loop.stopGracefully());
    await running;
  });
  assert.is(made, isBun || isDeno ? Math.min(made, 1) : 1); // these may create servers in a way that we cannot count
  assert.equal(errors, []);
});

test("over UNIX domain sockets, consecutive handshakes share a server, and simultaneous ones are not mixed up", () =>
  inFolder(async (folder) => {
    const { loop, errors } = quietLoop();
    const path = `${folder}/tls`;
    const ask = async (question: string): Promise<string> => {
      const secure = connectTls({ path, host: "localhost", ca: authority.ca.cert } as object);
      secure.write(question);
      const answer = await within(10, watch(secure).ended);
      secure.destroy();
      return answer;
    };
    const made = await counted(async () => {
      const id = loop.server({ ...SERVER, path }, (_loop, stream) => {
        stream.on("read", (stream, chunk) => {
          stream.write(`echo ${String(chunk)}`);
          stream.timeout = 0.2; // it stays open for a while, so that the answer arrives
        });
      });
      await loop.acceptor(id)!.ready;
      const running = loop.start();
      for (let i = 0; i < 5; i++) assert.is(await ask(`${i}`), `echo ${i}`);
      const names = ["a", "b", "c"];
      assert.equal(
        await Promise.all(names.map(ask)),
        names.map((name) => `echo ${name}`),
      );
      loop.remove(id);
      await within(10, running);
    });
    assert.ok(made <= 1 + 3, String(made));
    assert.equal(errors, []);
  }));

test("the lifetime of a server's connections includes the handshake", async () => {
  const clock = new VirtualClock();
  const { loop } = quietLoop({ clock });
  const id = loop.server({ ...SERVER, lifetime: 3 }, () => assert.unreachable());
  const running = loop.start();
  const mute = peer({ port: portOf(loop, id) });
  await mute.connected;
  await turns(10);
  await clock.advance(2.9);
  assert.is(mute.socket.destroyed, false);
  await clock.advance(0.1);
  await mute.closed;
  loop.remove(id);
  await running;
});
