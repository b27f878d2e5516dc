// Web handlers behind a loop: requests, responses, streams with back-pressure both ways, clients that leave, errors.

import { createServer } from "node:http";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as assert from "uvu/assert";
import { type FetchHandler, webListener } from "../../host/service/program-fetch.ts";
import {
  type Peer,
  deferred,
  harness,
  peer,
  isBun,
  portOf,
  quietLoop,
  sleep,
  turns,
  until,
} from "../support/harness.ts";

const test = harness("program-fetch");

const CHUNK = new Uint8Array(65536).fill(120);
const CHUNKS = 400; // 25 MB, more than sockets keep

interface Site {
  readonly port: number;
  readonly url: string;
  readonly failures: unknown[];
  /** Sends a request on a connection of its own. */
  ask(lines: string): Peer;
}

/** Serves a web handler while `use` runs. */
async function serving(fetch: FetchHandler, use: (site: Site) => Promise<void>): Promise<void> {
  const { loop, errors } = quietLoop();
  const failures: unknown[] = [];
  const server = createServer(webListener(fetch, (error) => void failures.push(error)));
  const port = portOf(loop, loop.serve(server, {}));
  const running = loop.start();
  const peers: Peer[] = [];
  try {
    await use({
      port,
      url: `http://127.0.0.1:${port}`,
      failures,
      ask(lines) {
        const one = peer({ port });
        peers.push(one);
        one.socket.write(`${lines.replaceAll("\n", "\r\n")}\r\n\r\n`);
        return one;
      },
    });
  } finally {
    for (const { socket } of peers) socket.destroy();
    loop.reset();
    await running;
  }
  assert.equal(errors, []);
}

/** What one request gets, which says that it is the last of its connection. */
async function answerTo(site: Site, lines: string): Promise<string> {
  return await site.ask(`${lines}\nConnection: close`).ended;
}

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

test("a request becomes a Request, and a Response becomes the answer", async () => {
  const fetch: FetchHandler = async (request, { incoming }) => {
    const { method, url, headers } = request;
    const body = JSON.stringify([method, url, headers.get("x-one"), await request.text(), incoming.url]);
    const response = new Response(body, { status: 201, statusText: "Made", headers: { "x-two": "2" } });
    response.headers.append("set-cookie", "a=1");
    response.headers.append("set-cookie", "b=2");
    return response;
  };
  await serving(fetch, async (site) => {
    const { port } = site;
    const got = await answerTo(site, `GET /a?b=c HTTP/1.1\nHost: example.org:8080\nX-One: 1`);
    const body = '["GET","http://example.org:8080/a?b=c","1","","/a?b=c"]';
    assert.match(got, /^HTTP\/1\.1 201 Made\r\n/);
    assert.match(got, /\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n/i);
    assert.match(got, /\r\nx-two: 2\r\n/i);
    assert.match(got, new RegExp(`\r\ncontent-length: ${body.length}\r\n`, "i"));
    assert.ok(got.endsWith(`\r\n\r\n${body}`), got);
    const paths = {
      "//evil.example/x": `http://h//evil.example/x`,
      "http://other.example/y": "http://other.example/y",
    };
    for (const [path, url] of Object.entries(paths)) {
      const text = await answerTo(site, `GET ${path} HTTP/1.1\nHost: h`);
      assert.is((JSON.parse(text.slice(text.indexOf("["))) as string[])[1], url);
    }
    const old = await site.ask("GET / HTTP/1.0").ended;
    assert.ok(old.includes(`"http://127.0.0.1:${port}/"`), old);
    const posted = await globalThis.fetch(site.url, { method: "POST", body: "text", headers: { connection: "close" } });
    assert.is((JSON.parse(await posted.text()) as string[])[3], "text");
    assert.equal(site.failures, []);
  });
});

test("what is no request of the web: an answer without the handler", async () => {
  let count = 0;
  const fetch: FetchHandler = () => new Response(String(count++));
  await serving(fetch, async (site) => {
    assert.match(await answerTo(site, "GET / HTTP/1.1\nHost: a@b"), /^HTTP\/1\.1 400 /);
    assert.match(await answerTo(site, "TRACE / HTTP/1.1\nHost: a"), /^HTTP\/1\.1 501 /);
    assert.equal([count, site.failures], [0, []]);
  });
});

test("HEAD gets the headers, and the body is cancelled", async () => {
  const cancelled = deferred();
  const fetch: FetchHandler = () =>
    new Response(new ReadableStream({ cancel: () => cancelled.resolve() }), { headers: { "content-length": "5" } });
  await serving(fetch, async (site) => {
    assert.match(
      await answerTo(site, "HEAD / HTTP/1.1\nHost: a"),
      /^HTTP\/1\.1 200 [^]*\r\ncontent-length: 5\r\n[^]*\r\n\r\n$/i,
    );
    await cancelled.promise;
  });
});

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

test("errors of the handler get status 500, and those in the middle of a body cut it off", async () => {
  const wrong = new Error("wrong");
  const cases: [FetchHandler, RegExp][] = [
    [() => Promise.reject(wrong), /^Error: wrong$/],
    [
      () => {
        throw wrong;
      },
      /^Error: wrong$/,
    ],
    [() => undefined, /^TypeError: fetch must return a Response, not undefined$/],
    [() => Response.error(), /^RangeError: fetch must return a Response with a status from 200, not 0$/],
    [
      async () => {
        const response = new Response("x");
        await response.text();
        return response;
      },
      /^TypeError: fetch has returned a Response whose body has been read$/,
    ],
  ];
  for (const [fetch, says] of cases) {
    await serving(fetch, async (site) => {
      const got = await answerTo(site, "GET / HTTP/1.1\nHost: a");
      assert.match(got, /^HTTP\/1\.1 500 Internal Server Error\r\n[^]*\r\n\r\nInternal Server Error\n$/);
      assert.is(site.failures.length, 1);
      assert.match(String(site.failures[0]), says);
    });
  }
  const failing: FetchHandler = () => {
    let isFirst = true;
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
      if (isFirst) controller.enqueue(CHUNK);
      else await sleep(0.01).then(() => controller.error(wrong));
      isFirst = false;
    };
    return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }));
  };
  await serving(failing, async (site) => {
    const got = await site.ask("GET / HTTP/1.1\nHost: a").ended;
    assert.match(got, /^HTTP\/1\.1 200 /);
    assert.not.ok(got.endsWith("0\r\n\r\n"));
    assert.equal(site.failures, [wrong]);
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
