// Bodies of web handlers as streams, with back-pressure both ways, and clients that leave.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as assert from "uvu/assert";
import type { FetchHandler } from "../../host/service/program-fetch.ts";
import { deferred, harness, isBun, sleep, turns, until } from "../support/harness.ts";
import { serving } from "./web-site.ts";

const test = harness("program-fetch-streams");

const CHUNK = new Uint8Array(65536).fill(120);
const CHUNKS = 400; // 25 MB, more than sockets keep

function chunks(pulled: () => void): ReadableStream<Uint8Array> {
  let count = 0;
  return new ReadableStream(
    {
      pull(controller) {
        pulled();
        controller.enqueue(CHUNK);
        if (++count === CHUNKS) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Collects garbage, where the runtime can be asked to. */
function collectGarbage(): void {
  if (isBun) return (globalThis as unknown as { Bun: { gc(force: boolean): void } }).Bun.gc(true);
  setFlagsFromString("--expose-gc");
  (runInNewContext("globalThis.gc") as (() => void) | undefined)?.();
}

/** Resolves when a number has not grown for a while. */
async function settles(number: () => number): Promise<void> {
  for (let before = -1; number() !== before || before < 1;) {
    before = number();
    await sleep(0.1);
  }
}

test("a body is sent as it comes, its headers first", async () => {
  const parts = deferred<ReadableStreamDefaultController<Uint8Array>>();
  const fetch: FetchHandler = () => new Response(new ReadableStream({ start: (it) => parts.resolve(it) }));
  await serving(fetch, async (site) => {
    const client = site.ask("GET / HTTP/1.1\nHost: a\nConnection: close");
    const controller = await parts.promise;
    await until(() => client.text().includes("\r\n\r\n"));
    for (const part of ["one", "two"]) {
      controller.enqueue(new TextEncoder().encode(part));
      await until(() => client.text().includes(part));
    }
    controller.close();
    assert.match(await client.ended, /\r\ntransfer-encoding: chunked\r\n/i);
  });
});

test("a client that does not read: no more of the body is made", async () => {
  let pulled = 0;
  const fetch: FetchHandler = () => new Response(chunks(() => pulled++));
  await serving(fetch, async (site) => {
    const client = site.ask("GET / HTTP/1.1\nHost: a\nConnection: close");
    client.socket.pause();
    await settles(() => pulled);
    assert.ok(pulled < CHUNKS, `${pulled} chunks`);
    client.socket.resume();
    assert.ok((await client.ended).length > CHUNKS * CHUNK.length);
    assert.is(pulled, CHUNKS);
  });
});

test("a handler that does not read: no more of the body is received", async () => {
  const [go, seen] = [deferred(), deferred<() => number>()];
  const fetch: FetchHandler = async (request, { incoming }) => {
    seen.resolve(() => incoming.socket.bytesRead);
    await go.promise;
    let bytes = 0;
    for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
      assert.is(Object.getPrototypeOf(chunk), Uint8Array.prototype);
      bytes += chunk.length;
    }
    return new Response(String(bytes));
  };
  await serving(fetch, async (site) => {
    const all = CHUNKS * CHUNK.length;
    const client = site.ask(`POST / HTTP/1.1\nHost: a\nConnection: close\nContent-Length: ${all}`);
    for (let i = 0; i < CHUNKS; i++) client.socket.write(CHUNK);
    const received = await seen.promise;
    await settles(() => received() + 1);
    assert.ok(received() < all, `${received()} bytes`);
    go.resolve();
    assert.ok((await client.ended).endsWith(`\r\n\r\n${all}`));
  });
});

test("a client that leaves: the signal is aborted, and the body is cancelled", async () => {
  const [begun, aborted, cancelled] = [deferred(), deferred(), deferred()];
  const fetch: FetchHandler = (request) => {
    request.signal.addEventListener("abort", () => aborted.resolve());
    const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => controller.enqueue(CHUNK);
    return new Response(new ReadableStream({ start, cancel: () => cancelled.resolve() }));
  };
  await serving(fetch, async (site) => {
    const client = site.ask("GET / HTTP/1.1\nHost: a");
    client.socket.on("data", () => begun.resolve());
    await begun.promise;
    client.socket.destroy();
    await Promise.all([aborted.promise, cancelled.promise]);
    assert.equal(site.failures, []);
  });
});

test("the signal works also if the handler keeps nothing else, and garbage is collected", async () => {
  const [begun, aborted] = [deferred(), deferred()];
  const fetch: FetchHandler = async ({ signal }) => {
    begun.resolve();
    await new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        reject(signal.reason as Error);
        aborted.resolve();
      });
    });
  };
  await serving(fetch, async (site) => {
    const client = site.ask("POST / HTTP/1.1\nHost: a\nContent-Length: 6\n\nab");
    await begun.promise;
    for (let i = 0; i < 5; i++) {
      collectGarbage();
      await turns();
    }
    client.socket.destroy();
    await aborted.promise;
  });
});

test("a handler that waits for something with the signal: its rejection is no error", async () => {
  const [begun, ended] = [deferred(), deferred()];
  const fetch: FetchHandler = async ({ signal }) => {
    begun.resolve();
    await new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        reject(signal.reason as Error);
        setImmediate(ended.resolve);
      });
    });
  };
  await serving(fetch, async (site) => {
    const client = site.ask("GET / HTTP/1.1\nHost: a");
    await begun.promise;
    client.socket.destroy();
    await ended.promise;
    assert.equal(site.failures, []);
  });
});

test("a body that is not read, or in part, does not hold up the next request of the connection", async () => {
  const fetch: FetchHandler = async (request) => {
    if (request.url.endsWith("/part")) {
      const reader = request.body!.getReader();
      await reader.read();
    }
    return new Response("ok");
  };
  await serving(fetch, async (site) => {
    for (const path of ["/none", "/part"]) {
      const client = site.ask(`POST ${path} HTTP/1.1\nHost: a\nContent-Length: 500000`);
      client.socket.write("x".repeat(500_000));
      await until(() => client.text().endsWith("ok"));
      if (/^connection: close\r$/im.test(client.text())) continue; // a runtime that answers once
      client.socket.write("GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      assert.is((await client.ended).split("HTTP/1.1 200 ").length, 3);
    }
  });
});
