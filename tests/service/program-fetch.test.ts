// Web handlers behind a loop: requests, responses and errors.

import * as assert from "uvu/assert";
import type { FetchHandler } from "../../host/service/program-fetch.ts";
import { deferred, harness, isBun, sleep } from "../support/harness.ts";
import { answerTo, serving } from "./web-site.ts";

const test = harness("program-fetch");

const CHUNK = new Uint8Array(65536).fill(120);

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
      "https://other.example/y?z": "http://other.example/y?z", // it was not encrypted
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
    assert.match(await answerTo(site, "GET / HTTP/1.1\nHost: a\nhost: b"), /^HTTP\/1\.1 400 /);
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
    const got = await answerTo(site, "GET / HTTP/1.1\nHost: a");
    assert.match(got, /^HTTP\/1\.1 200 /);
    assert.not.ok(got.endsWith("0\r\n\r\n"));
    assert.equal(site.failures, [wrong]);
  });
});

// Bun does not compare them.
if (!isBun)
  test("a Content-Length that is not that of the body does not run into the next answer", async () => {
    for (const [length, body] of [
      ["2", "too long"],
      ["9", "short"],
    ] as const) {
      const fetch: FetchHandler = () => new Response(body, { headers: { "content-length": length } });
      await serving(fetch, async (site) => {
        const got = await answerTo(site, "GET / HTTP/1.1\nHost: a");
        assert.not.ok(got.includes(body), got);
        assert.match(String(site.failures[0]), "content-length");
      });
    }
  });

test("a client that breaks its upload off is no failure of the handler", async () => {
  const begun = deferred();
  const ended = deferred<unknown>();
  const fetch: FetchHandler = async (request) => {
    begun.resolve();
    try {
      return new Response(await request.text());
    } catch (error) {
      ended.resolve(error);
      throw error;
    }
  };
  await serving(fetch, async (site) => {
    const client = site.ask("POST / HTTP/1.1\nHost: a\nContent-Length: 10");
    await begun.promise;
    client.socket.destroy();
    assert.is(((await ended.promise) as Error).name, "AbortError");
    await sleep(20);
    assert.equal(site.failures, []);
  });
});
