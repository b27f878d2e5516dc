// Handlers of node:http behind the command: what they throw ends their request, and not the process.

import { createServer } from "node:http";
import * as assert from "uvu/assert";
import { type Handler, guarded } from "../../host/service/program-handler.ts";
import { harness, portOf, quietLoop } from "../support/harness.ts";

const test = harness("program-handler");

async function answerOf(handler: Handler): Promise<{ status: number; text: string; failures: string[] }> {
  const { loop } = quietLoop();
  const failures: string[] = [];
  const server = createServer(guarded(handler, (error) => void failures.push(String(error))));
  const port = portOf(loop, loop.serve(server, {}));
  const running = loop.start();
  try {
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
    return { status: response.status, text: await response.text(), failures };
  } finally {
    loop.reset();
    await running;
  }
}

test("a handler that answers", async () => {
  const { status, text, failures } = await answerOf(async (_request, response) => response.end("ok"));
  assert.equal([status, text, failures], [200, "ok", []]);
});

test("a handler that throws or rejects: status 500, without the headers that it has set", async () => {
  const fail = new Error("wrong");
  const handlers: Handler[] = [
    (_request, response) => {
      response.setHeader("content-length", 1000);
      throw fail;
    },
    () => Promise.reject(fail),
  ];
  for (const handler of handlers) {
    const { status, text, failures } = await answerOf(handler);
    assert.equal([status, text, failures], [500, "Internal Server Error\n", ["Error: wrong"]]);
  }
});

test("a handler that returns a Response: status 500, and a message that says how to export it", async () => {
  const { status, failures } = await answerOf(() => new Response("x"));
  assert.is(status, 500);
  assert.match(failures[0]!, /^TypeError: the handler has returned a Response, .* export it as `fetch`/);
});
