// Limits under load: which clients are admitted, in which order, and that all of them are served.

import * as assert from "uvu/assert";
import { harness, peer, portOf, quietLoop, turns, until } from "../support/harness.ts";

const test = harness("limits");

test("97, 98 300 clients that connect and write at once against maxConnections 50 are all served", async () => {
  const { loop, errors } = quietLoop({ maxConnections: 50 });
  let open = 0;
  let most = 0;
  const order: number[] = [];
  const id = loop.server({ port: 0 }, (loop, stream) => {
    most = Math.max(most, ++open);
    order.push((stream.handle as unknown as { remotePort: number }).remotePort);
    stream.on("close", () => open--);
    stream.on("read", (stream, chunk) => {
      // Open long enough to make others wait.
      loop.timer(0.1, () => stream.write(`echo ${String(chunk)}`).closeGracefully());
    });
  });
  const port = portOf(loop, id);
  const running = loop.start();
  const clients = Array.from({ length: 300 }, (_, i) => {
    const client = peer({ port });
    client.socket.on("connect", () => {
      client.socket.write(`${i}`);
    });
    return client;
  });
  const answers = await Promise.all(clients.map((client) => client.ended));
  assert.equal(
    answers,
    Array.from({ length: 300 }, (_, i) => `echo ${i}`),
  );
  assert.is(most, 50);
  assert.is(new Set(order).size, 300);
  loop.remove(id);
  await running;
  assert.equal(errors, []);
});

test("98 waiting clients are admitted in the order in which they connected", async () => {
  const { loop } = quietLoop({ maxConnections: 1 });
  const order: number[] = [];
  const id = loop.server({}, (_loop, stream) => {
    order.push((stream.handle as unknown as { remotePort: number }).remotePort);
    stream.on("read", () => stream.closeGracefully());
  });
  const port = portOf(loop, id);
  const running = loop.start();
  const clients = [];
  for (let i = 0; i < 20; i++) {
    const client = peer({ port });
    await client.connected;
    clients.push(client);
  }
  const ports = clients.map((client) => client.socket.localPort!);
  for (const client of clients) {
    client.socket.write("go");
    await client.ended;
  }
  assert.equal(order, ports);
  loop.remove(id);
  await running;
});

const QUEUED = 600; // reset by the system when accepting ends

test("93, 95, 96 maxAccepts 1,000 under a flood stops by itself after 501 to 1,000 clients plus the queued ones, all of them served", async () => {
  const { loop, errors } = quietLoop({ maxAccepts: 1000 });
  let accepted = 0;
  let finished = 0;
  loop.on("finish", () => finished++);
  const id = loop.server({ backlog: QUEUED }, (_loop, stream) => {
    accepted++;
    stream.on("read", (stream, chunk) => stream.write(chunk).closeGracefully());
  });
  const port = portOf(loop, id);
  const running = loop.start();
  let served = 0;
  let stopped = false;
  const all: Promise<void>[] = [];
  const flood = async (): Promise<void> => {
    while (!stopped) {
      const client = peer({ port });
      client.socket.on("connect", () => client.socket.write("hello"));
      const done = client.ended.then((text) => {
        if (text === "hello") served++;
      });
      all.push(done);
      await Promise.race([done, running]);
    }
  };
  const floods = Array.from({ length: 40 }, flood);
  await running;
  stopped = true;
  loop.reset();
  await Promise.all([...floods, ...all]);
  assert.ok(accepted > 500 && accepted <= 1000 + QUEUED + 50, `${accepted} accepted`);
  assert.is(served, accepted);
  assert.is(finished, 1);
  assert.equal(errors, []);
});

test("85 stopGracefully while 100 clients receive 1 MB each: all get every byte, then the loop stops", async () => {
  const { loop, errors } = quietLoop();
  const part = Buffer.alloc(100_000, "x");
  let begun = 0;
  let closed = 0;
  let isStopping = false;
  const id = loop.server({}, (loop, stream) => {
    begun++;
    stream.on("close", () => closed++);
    let parts = 0;
    const next = (): void => {
      if (parts === 5 && !isStopping) return void loop.timer(0.02, next); // all transfers are under way
      stream.write(part, () => {
        if (++parts === 10) stream.closeGracefully();
        else loop.timer(0.02, next);
      });
    };
    next();
  });
  const port = portOf(loop, id);
  const running = loop.start();
  const clients = Array.from({ length: 100 }, () => peer({ port }));
  await until(() => begun === 100);
  assert.is(closed, 0);
  const gracefully = loop.stopGracefully();
  isStopping = true;
  assert.is(loop.isRunning, true);
  const bodies = await Promise.all(clients.map((client) => client.ended));
  assert.ok(bodies.every((text) => text.length === 1_000_000));
  await gracefully;
  await running;
  assert.is(closed, 100);
  assert.equal(errors, []);
  loop.reset();
});

test("100, 104 maxConnections 0 admits no client; raising it admits waiting clients", async () => {
  const { loop } = quietLoop({ maxConnections: 0 });
  let accepted = 0;
  const id = loop.server({}, (_loop, stream) => {
    accepted++;
    stream.on("read", (stream, chunk) => stream.write(chunk).closeGracefully());
  });
  const running = loop.start();
  const client = peer({ port: portOf(loop, id) });
  await client.connected;
  client.socket.write("early");
  await turns(5);
  assert.is(accepted, 0);
  loop.maxConnections = 1;
  assert.is(await client.ended, "early");
  assert.is(accepted, 1);
  loop.remove(id);
  await running;
});

test("99 a waiting client that has disconnected is admitted in its turn: its data is read, then it closes", async () => {
  const { loop } = quietLoop({ maxConnections: 1 });
  const events: string[] = [];
  let count = 0;
  const id = loop.server({}, (_loop, stream) => {
    const name = ++count;
    events.push(`accept ${name}`);
    stream.on("read", (stream, chunk) => {
      events.push(`read ${name} ${String(chunk)}`);
      if (String(chunk) === "bye") stream.close();
    });
    stream.on("close", () => events.push(`close ${name}`));
  });
  const port = portOf(loop, id);
  const running = loop.start();
  const first = peer({ port });
  await first.connected;
  await until(() => count === 1);
  const second = peer({ port });
  await second.connected;
  second.socket.end("left");
  await turns(5);
  first.socket.write("bye");
  await second.closed;
  await until(() => events.length === 6);
  assert.equal(events, ["accept 1", "read 1 bye", "close 1", "accept 2", "read 2 left", "close 2"]);
  loop.remove(id);
  await running;
});

test("the backlog limits waiting clients: further ones are reset, with a `drop`", async () => {
  const { loop } = quietLoop({ maxConnections: 1 });
  const drops: { reason: string; remotePort: number | undefined }[] = [];
  loop.on("drop", (_loop, info) => void drops.push(info));
  const id = loop.server({ backlog: 2 }, () => {});
  const port = portOf(loop, id);
  const running = loop.start();
  const clients = [];
  for (let i = 0; i < 4; i++) {
    const client = peer({ port });
    await client.connected.catch(() => {});
    await turns(3);
    clients.push(client);
  }
  const last = clients.pop()!;
  assert.is(await last.closed, "ECONNRESET");
  assert.is(drops.length, 1);
  assert.is(drops[0]!.reason, "backlog");
  assert.is(typeof drops[0]!.remotePort, "number");
  loop.reset();
  await running;
  await Promise.all(clients.map((client) => client.closed));
});

test('overflow "drop" resets exactly the clients that maxConnections has no room for', async () => {
  const { loop } = quietLoop({ maxConnections: 60, multiAccept: 1 });
  let drops = 0;
  loop.on("drop", () => drops++);
  let accepted = 0;
  const id = loop.server({ overflow: "drop" }, () => accepted++);
  const port = portOf(loop, id);
  const running = loop.start();
  const clients = Array.from({ length: 100 }, () => peer({ port }));
  await until(() => accepted + drops === 100);
  assert.is(accepted, 60);
  assert.is(drops, 40);
  loop.reset();
  await running;
  await Promise.all(clients.map((client) => client.closed));
});

test("105 multiAccept 1 admits one client per tick, and all are served", async () => {
  const { loop } = quietLoop({ multiAccept: 1 });
  let accepted = 0;
  let passes = 0;
  const id = loop.server({}, (loop, stream) => {
    accepted++;
    const at = passes;
    loop.nextTick(() => assert.ok(passes > at));
    stream.on("read", (stream, chunk) => stream.write(chunk).closeGracefully());
  });
  const counter = loop.recurring(0, () => passes++);
  const port = portOf(loop, id);
  const running = loop.start();
  const clients = Array.from({ length: 20 }, () => {
    const client = peer({ port });
    client.socket.on("connect", () => client.socket.write("x"));
    return client;
  });
  await Promise.all(clients.map((client) => client.ended));
  assert.is(accepted, 20);
  loop.remove(counter);
  loop.remove(id);
  await running;
});

test("103 a stream closed inside the server callback does not count", async () => {
  const { loop } = quietLoop({ maxConnections: 1 });
  let accepted = 0;
  const id = loop.server({}, (_loop, stream) => {
    accepted++;
    stream.close();
  });
  const port = portOf(loop, id);
  const running = loop.start();
  const clients = Array.from({ length: 5 }, () => peer({ port }));
  await Promise.all(clients.map((client) => client.closed));
  assert.is(accepted, 5);
  loop.remove(id);
  await running;
});

test("101 outgoing connections do not count against maxConnections", async () => {
  const { loop } = quietLoop({ maxConnections: 1 });
  let accepted = 0;
  let connected = 0;
  const id = loop.server({}, (_loop, stream) => {
    accepted++;
    stream.on("read", () => stream.closeGracefully());
  });
  for (let i = 0; i < 3; i++) {
    loop.client({ port: portOf(loop, id) }, (_loop, error, stream) => {
      assert.is(error, undefined);
      connected++;
      stream!.write("x");
    });
  }
  loop.timer(20, () => assert.unreachable("not done in time"));
  const running = loop.start();
  await until(() => accepted === 3 && connected === 3);
  loop.reset();
  await running;
});
