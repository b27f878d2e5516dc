// Servers of the runtime behind a loop.

import { EventEmitter } from "node:events";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import * as assert from "uvu/assert";
import type { IOLoop, Id, ServeOptions, Stream } from "wasm-ioloop";
import { deferred, harness, isBun, isDeno, peer, portOf, quietLoop, turns, until } from "../support/harness.ts";
import { get, handClient, serving } from "./serve-http.ts";

const test = harness("serve");

test("never more than maxConnections are admitted at once, and all are served", async () => {
  let [inside, most] = [0, 0];
  const server = http.createServer((request, response) => {
    setTimeout(() => response.end(`answer to ${request.url}`), 5);
  });
  const count = (_loop: IOLoop, stream: Stream): void => {
    most = Math.max(most, ++inside);
    stream.on("close", () => void inside--);
  };
  const many = async (_loop: IOLoop, _id: Id, port: number): Promise<void> => {
    const answers = await Promise.all(Array.from({ length: 40 }, (_none, i) => get(port, `/${i}`)));
    assert.equal(
      answers,
      Array.from({ length: 40 }, (_none, i) => `answer to /${i}`),
    );
  };
  assert.equal(await serving(server, many, { maxConnections: 5 }, count), []);
  assert.is(most, 5);
  assert.is(inside, 0);
});

test("the callback runs before the server gets the connection, with its id", async () => {
  const log: string[] = [];
  let named: Stream | undefined;
  const server = http.createServer((request, response) => {
    log.push(`request from ${(loop.stream(request.socket) as Stream<string>).data}`);
    response.end("ok");
  });
  server.on("connection", () => void log.push("connection"));
  const { loop } = quietLoop();
  const id = loop.serve<string>(server, {}, (loop, stream, streamId) => {
    log.push("accepted");
    named = loop.stream(streamId);
    assert.is(named, stream);
    assert.is(stream.timeout, 0);
    stream.data = "a friend";
  });
  const running = loop.start();
  assert.is(await get(portOf(loop, id)), "ok");
  await loop.stopGracefully({ timeout: 5 });
  await running;
  assert.equal(log, ["accepted", "connection", "request from a friend"]);
  assert.is(named!.isReadable, false);
  assert.ok(["local", "peer"].includes(named!.closeReason!));
});

test("the server does not listen", async () => {
  const server = http.createServer((_request, response) => response.end("ok"));
  const listened = (): void => assert.unreachable("a subscriber to `listening` was called");
  server.on("listening", listened);
  await serving(server, async (_loop, _id, port) => {
    assert.is(server.listening, false);
    assert.is(server.address(), null);
    assert.is(await get(port), "ok");
  });
});

test("the server's `close` closes the acceptor, and removing the acceptor does not close the server", async () => {
  if (isBun) return; // there a server that does not listen emits no `close`
  const server = http.createServer((_request, response) => response.end("ok"));
  let closed = 0;
  server.on("close", () => closed++);
  const { loop } = quietLoop();
  const running = loop.start({ forever: true });
  const id = loop.serve(server);
  assert.is(loop.remove(id), true);
  assert.is(loop.acceptor(id), undefined);
  await turns(5);
  assert.is(closed, 0);
  const again = loop.serve(server);
  assert.is(await get(portOf(loop, again)), "ok");
  server.close(() => {});
  await until(() => loop.acceptor(again) === undefined);
  assert.is(closed, 1);
  loop.stop();
  await running;
});

test("two acceptors for one server, which also listens itself", async () => {
  const server = http.createServer((request, response) => response.end(String(loopOf(request.socket))));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  let loopOf = (_socket: net.Socket): boolean => false;
  await serving(server, async (loop, _id, port) => {
    loopOf = (socket) => loop.stream(socket) !== undefined;
    const other = loop.serve(server, {});
    assert.is(await get(port), "true");
    assert.is(await get(portOf(loop, other)), "true");
    assert.is(await get((server.address() as AddressInfo).port), "false");
  });
  await new Promise((resolve) => server.close(resolve));
});

test("an exception closes only its connection", async () => {
  const server = new EventEmitter();
  server.on("connection", (socket: net.Socket) => {
    if (bad) throw new Error("connection listener");
    socket.end("served");
  });
  let bad = false;
  const errors = await serving(
    server,
    async (_loop, _id, port) => {
      const first = peer({ port });
      assert.is(await first.ended, "served"); // even though the callback has thrown
      bad = true;
      const second = peer({ port });
      assert.is(await second.ended, "");
      bad = false;
      const third = peer({ port });
      assert.is(await third.ended, "served");
    },
    {},
    () => {
      throw new Error("callback");
    },
  );
  assert.equal(
    errors.map(([error]) => (error as Error).message),
    ["callback", "callback", "connection listener", "callback"],
  );
});

test("if the callback closes the stream, or steals its handle, the server does not get it", async () => {
  const server = net.createServer(() => assert.unreachable());
  let stolen: net.Socket | undefined;
  let steals = false;
  await serving(
    server,
    async (_loop, _id, port) => {
      assert.is(await peer({ port }).ended, "");
      steals = true;
      const other = peer({ port });
      await until(() => stolen !== undefined);
      stolen!.resume().end("mine");
      assert.is(await other.ended, "mine");
    },
    {},
    (_loop, stream) => {
      if (steals) stolen = stream.stealHandle();
      else stream.close();
    },
  );
});

test("a served stream cannot be read or written otherwise, but it can be closed", async () => {
  const accepted = deferred<Stream>();
  const server = net.createServer((socket) => socket.on("error", () => {}).write("hello"));
  await serving(
    server,
    async (loop, _id, port) => {
      const client = peer({ port });
      const stream = await accepted.promise;
      assert.throws(() => stream.write("x"), /write: the stream is used by the server/);
      assert.throws(() => stream.end(), /end: the stream is used by the server/);
      assert.throws(() => stream.on("read", () => {}), /on: event "read": the stream is used by the server/);
      await until(() => client.text() === "hello");
      assert.is(loop.remove(stream.id), true);
      assert.is(await client.ended, "hello");
      assert.is(stream.closeReason, "local");
    },
    {},
    (_loop, stream) => accepted.resolve(stream),
  );
});

test("idleTimeout and lifetime apply if they are given; bytes of the server are activity", async () => {
  const reasons: (string | undefined)[] = [];
  const server = net.createServer((socket) => void socket.on("error", () => {}).on("data", () => {}));
  const note = (_loop: IOLoop, stream: Stream): void => {
    stream.on("timeout", () => void reasons.push("event"));
    stream.on("close", (stream) => void reasons.push(stream.closeReason));
  };
  await serving(
    server,
    async (_loop, _id, port) => {
      const busy = peer({ port });
      const writing = setInterval(() => busy.socket.write("x"), 20);
      const silent = peer({ port });
      await silent.closed;
      assert.equal(reasons, ["event", "timeout"]);
      assert.is(busy.socket.destroyed, false);
      clearInterval(writing);
      await busy.closed;
    },
    { idleTimeout: 0.3 },
    note,
  );
  assert.equal(reasons, ["event", "timeout", "event", "timeout"]);
  reasons.length = 0;
  await serving(server, async (_loop, _id, port) => void (await peer({ port }).closed), { lifetime: 0.05 }, note);
  assert.equal(reasons, ["lifetime"]);
});

test("a net server's half-close works as without the loop", async () => {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    let asked = "";
    socket.on("data", (chunk) => void (asked += String(chunk)));
    socket.on("end", () => setTimeout(() => socket.end(`answer to ${asked}`), 10));
  });
  await serving(server, async (_loop, _id, port) => {
    const client = peer({ port });
    client.socket.end("question");
    assert.is(await client.ended, "answer to question");
  });
});

test("an http server's half-close: httpAllowHalfOpen", async () => {
  if (isBun || isDeno) return; // they do not have this option
  const server = http.createServer((_request, response) => setTimeout(() => response.end("late"), 20));
  (server as unknown as { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
  await serving(server, async (_loop, _id, port) => {
    const client = peer({ port });
    client.socket.end("GET / HTTP/1.0\r\n\r\n");
    assert.ok((await client.ended).endsWith("late"));
  });
});

test("values that are not a server, and options that do not apply, are errors", async () => {
  const { loop } = quietLoop();
  const message = (server: unknown, options?: ServeOptions): string => {
    try {
      loop.serve(server as never, options);
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };
  assert.match(
    message(() => {}),
    /not a function; pass http.createServer\(app\)/,
  );
  assert.match(message({ server: http.createServer() }), /pass its property `server`/);
  const upgrades = Object.assign(new EventEmitter(), { handleUpgrade: () => {} }); // like one of ws
  assert.match(message(upgrades), /takes upgraded connections; pass the HTTP server that it was made with/);
  const rooms = Object.assign(new EventEmitter(), { httpServer: http.createServer() }); // like one of Socket.IO
  assert.match(message(rooms), /pass its property `httpServer`/);
  assert.match(message(undefined), /serve: server must be a server of node:http, https, http2, tls or net/);
  assert.match(message(8080), /serve: server must be a server of/);
  assert.match(
    message(http.createServer(), { prot: 1 } as never),
    /serve: unknown option "prot"; did you mean "port"\?/,
  );
  assert.match(message(http.createServer(), { halfOpen: true } as never), /httpAllowHalfOpen/);
  assert.throws(() => loop.serve(http.createServer(), {}, 1 as never), /serve: callback must be a function, not 1/);
  assert.throws(() => loop.stream({} as never), /stream must be an id or a Stream/);
  const socket = new net.Socket();
  assert.is(loop.stream(socket), undefined);
});

test("a reset closes served connections, and the server can be served again", async () => {
  const server = http.createServer((_request, response) => setTimeout(() => response.end("ok"), 50));
  const { loop } = quietLoop();
  const id = loop.serve(server);
  const running = loop.start();
  const client = handClient({ port: portOf(loop, id) });
  client.get("/");
  await until(() => loop.acceptor(id) !== undefined && client.socket.readyState === "open");
  await turns(5);
  loop.reset();
  await running;
  await client.closed;
  assert.equal(client.answers(), []);
  const again = loop.serve(server);
  const runs = loop.start();
  assert.is(await get(portOf(loop, again)), "ok");
  await loop.stopGracefully();
  await runs;
});
