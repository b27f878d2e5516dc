// Everything that has ended is garbage-collected: a loop that runs for months does not keep it.

import * as assert from "uvu/assert";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type IOLoop, Stream } from "wasm-ioloop";
import { lines } from "wasm-ioloop/framing";
import { harness, isBun, pair, portOf, quietLoop, turns } from "../support/harness.ts";

const test = harness("garbage");

const MANY = 200;
const FEW = MANY / 10; // registers, and pools of the runtime, may still refer to some

type Make = (made: (thing: object) => void) => Promise<void>;

/** Creates many objects while a loop runs, and asserts that almost none of them survive after they have ended. */
function garbage(what: string, prepare: (loop: IOLoop) => Make): void {
  test(`${what} is garbage-collected while the loop runs`, async () => {
    const { loop } = quietLoop();
    loop.recurring(60, () => {});
    const running = loop.start();
    const make = prepare(loop);
    const things: WeakRef<object>[] = [];
    for (let i = 0; i < MANY; i++) await make((thing) => void things.push(new WeakRef(thing)));
    const alive = (): number => things.filter((thing) => thing.deref() !== undefined).length;
    assert.ok(things.length >= MANY);
    for (let tries = 0; alive() > FEW && tries < 20; tries++) {
      await turns(5);
      collect();
    }
    assert.ok(alive() <= FEW, `${alive()} of ${things.length}`);
    loop.reset();
    await running;
  });
}

const collect = collector();

function collector(): () => void {
  if (isBun) return () => (globalThis as unknown as { Bun: { gc(force: boolean): void } }).Bun.gc(true);
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

garbage("the promise of a delay that has finished", (loop) => (made) => {
  const waiting = loop.delay(() => {}).wait();
  made(waiting);
  return waiting;
});

garbage("the callback of a timer that has fired, or was removed", (loop) => (made) => {
  const removed = (): void => assert.unreachable();
  loop.remove(loop.timer(60, removed));
  made(removed);
  return new Promise((resolve) => {
    const fired = (): void => resolve();
    loop.timer(0, fired);
    made(fired);
  });
});

garbage("the callback of a next tick", (loop) => (made) => {
  return new Promise((resolve) => {
    const called = (): void => resolve();
    loop.nextTick(called);
    made(called);
  });
});

garbage("a stream that has closed, on both sides, and its handle", (loop) => {
  let made: (thing: object) => void;
  const over = (stream: Stream, closed: () => void): void => {
    made(stream);
    made(stream.handle!);
    stream.on("close", closed);
  };
  const id = loop.server({}, (_loop, stream) => {
    over(stream, () => {});
    stream.on("read", (stream, chunk) => stream.write(chunk).closeGracefully());
  });
  const port = portOf(loop, id);
  return (report) => {
    made = report;
    return new Promise((resolve, reject) => {
      loop.client({ port }, (_loop, error, stream) => {
        if (!stream) return reject(error);
        over(stream, resolve);
        stream.write("x");
      });
    });
  };
});

const never = new AbortController(); // a signal that outlives all streams

const USES: Readonly<Record<string, (stream: Stream) => unknown>> = {
  async iterated(stream) {
    for await (const chunk of stream) await stream.send(chunk, { signal: never.signal });
  },
  async read(stream) {
    const options = { signal: never.signal, timeout: 60 };
    const reader = stream.reader();
    for (let line = ""; line !== undefined; line = (await reader.readLine(options))!) stream.write(`${line}\n`);
  },
  framed: (stream) => stream.frames(lines, (stream, line) => stream.sendFrame(line)),
  piped: (stream) => stream.pipeTo(stream, { signal: never.signal }),
  duplex(stream) {
    const duplex = stream.duplex();
    duplex.on("data", (chunk: Buffer) => duplex.write(chunk)).on("end", () => duplex.end());
  },
  web(stream) {
    const { readable, writable } = stream.web();
    void readable.pipeTo(writable);
  },
};

for (const [how, use] of Object.entries(USES)) {
  garbage(`a stream that was used by promises or consumers (${how}), on both sides`, (loop) => {
    let made: (thing: object) => void;
    const id = loop.server({ halfOpen: how === "piped" }, (_loop, stream) => {
      made(stream);
      return use(stream);
    });
    const port = portOf(loop, id);
    return async (report) => {
      made = report;
      const client = await loop.connect({ port, signal: never.signal });
      report(client);
      await client.send("hello\n");
      await client.reader().readUntil("\n", { signal: never.signal, timeout: 60 });
      client.end();
      await client.closed();
    };
  });
}

garbage("a handle that was stolen, and one that was watched", (loop) => {
  const id = loop.server({}, (_loop, stream) => stream.write("x").closeGracefully());
  const port = portOf(loop, id);
  return (made) =>
    new Promise((resolve, reject) => {
      loop.client({ port }, (loop, error, stream) => {
        if (!stream) return reject(error);
        const handle = stream.stealHandle()!;
        made(stream);
        made(handle);
        loop.reactor.io(handle, (reactor) => {
          if (!handle.readableLength) return;
          reactor.remove(handle);
          handle.on("close", resolve).destroy();
        });
      });
    });
});

garbage("a server that was removed", (loop) => async (made) => {
  const id = loop.server({}, () => {});
  const server = loop.acceptor(id)!;
  await server.ready;
  made(server);
  const closed = new Promise<void>((resolve) => void server.handle!.on("close", resolve));
  loop.remove(id);
  await closed;
});

garbage("a client that was refused", (loop) => (made) => {
  return new Promise((resolve) => {
    const refused = (): void => resolve();
    loop.client({ port: 1 }, refused);
    made(refused);
  });
});

garbage("a stream of a user's handle", (loop) => async (made) => {
  const { near, far } = await pair();
  const stream = new Stream(near, { reactor: loop.reactor });
  loop.stream(stream);
  made(stream);
  const closed = new Promise<void>((resolve) => void stream.on("close", () => resolve()));
  far.socket.end();
  await closed;
});
