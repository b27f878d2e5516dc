// What the exports of a program are taken for, and what is said if that cannot be told.

import { EventEmitter } from "node:events";
import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import * as assert from "uvu/assert";
import { ProgramError, recognize } from "../../host/service/program.ts";
import { harness } from "../support/harness.ts";

const test = harness("program");
const nop = (): void => {};

async function found(exports: Record<string, unknown>): Promise<string> {
  const { setUp, served, port } = await recognize(exports, "app.mjs");
  return [setUp && "setUp", served?.kind, port].filter((part) => part !== undefined).join(" ");
}

async function refusal(exports: Record<string, unknown>): Promise<string> {
  try {
    return `found ${await found(exports)}`;
  } catch (error) {
    assert.instance(error, ProgramError, String(error));
    return (error as Error).message;
  }
}

test("handlers of node:http, and apps that are functions", async () => {
  const handler = (request: unknown, response: unknown): unknown => [request, response];
  assert.is(await found({ default: handler }), "handler");
  assert.is(await found({ default: (...args: unknown[]) => args }), "handler");
  assert.is(await found({ handler }), "handler");
  assert.is(await found({ app: Object.assign(nop, { handle: nop, listen: nop }) }), "handler");
  assert.is(await found({ default: Promise.resolve(handler) }), "handler");
  class Koa extends EventEmitter {
    use(): void {}
    callback(): typeof handler {
      return handler;
    }
  }
  const { served } = await recognize({ default: new Koa() }, "app.mjs");
  assert.ok(served?.kind === "handler" && served.handler === handler);
  assert.is(await found({ default: { handler: nop, listen: nop } }), "handler");
});

test("objects with fetch", async () => {
  const fetch = (): void => {};
  assert.is(await found({ default: { fetch } }), "fetch");
  assert.is(await found({ default: { fetch, port: 8080 } }), "fetch 8080");
  assert.is(await found({ default: { fetch, port: "8080" } }), "fetch");
  assert.is(await found({ fetch }), "fetch");
  class Hono {
    name = "it";
    fetch(): string {
      return this.name;
    }
  }
  const { served } = await recognize({ default: new Hono() }, "app.mjs");
  assert.ok(served?.kind === "fetch");
  assert.is(served.fetch(undefined as never, undefined as never), "it");
});

test("servers, and apps that have one", async () => {
  const server = createServer();
  assert.is(await found({ default: server }), "server");
  assert.is(await found({ server: createTcpServer() }), "server");
  let isReady = false;
  const fastify = { server, ready: async () => void (isReady = true) };
  // oxlint-disable-next-line unicorn/no-thenable -- it has one
  Object.assign(fastify, { then: nop });
  const { served } = await recognize({ default: fastify }, "app.mjs");
  assert.ok(served?.kind === "server" && served.server === server && isReady);
  assert.is(await found({ default: { httpServer: server } }), "server");
});

test("setUp, alone and beside what is served, and modules of CommonJS", async () => {
  const handler = (): void => {};
  assert.is(await found({ setUp: nop }), "setUp");
  assert.is(await found({ setUp: nop, default: handler }), "setUp handler");
  assert.is(await found({ default: { setUp: nop }, "module.exports": {} }), "setUp");
  assert.is(await found({ default: { setUp: nop, fetch: nop } }), "setUp fetch");
  assert.is(await found({ default: { __esModule: true, default: handler } }), "handler");
  assert.is(await found({ default: { handler } }), "handler");
  assert.is(await found({ default: handler, server: createServer() }), "handler");
});

test("what cannot be told: the message says what to export", async () => {
  const wanted =
    "It must export a handler (request, response), an object with `fetch`, or a server as default, or setUp(loop, worker) by that name";
  const cases: [exports: Record<string, unknown>, message: string][] = [
    [{}, `app.mjs exports nothing. ${wanted}. A program that listens by itself needs no command: start it without`],
    [{ one: 1, two: 2 }, `app.mjs exports \`one\`, \`two\`. ${wanted}`],
    [{ setup: nop }, `app.mjs exports \`setup\`: did you mean \`setUp\`? ${wanted}`],
    [{ setUp: 1 }, "app.mjs: setUp must be a function (loop, worker), not 1"],
    [{ default: 1 }, `app.mjs: its default export is 1. ${wanted}`],
    [{ default: new Map() }, `app.mjs: its default export is an object of Map, which cannot be served. ${wanted}`],
    [{ default: class App extends EventEmitter {} }, `app.mjs: its default export is a class. ${wanted}`],
    [{ fetch: {} }, "app.mjs: `fetch` must be a function (request) => Response, not a plain object"],
    [
      { handler: nop, server: createServer() },
      "app.mjs exports `handler` and `server`: export the one to be served as default",
    ],
    [
      { default: Object.defineProperty(createServer(), "listening", { value: true }) },
      "app.mjs: its default export listens already: do not call listen, the command does",
    ],
    [
      { default: { fetch: nop, websocket: {} } },
      "app.mjs: its default export has `websocket`, which only Bun.serve knows; use `ws` with a server of node:http",
    ],
  ];
  for (const [exports, message] of cases) assert.is(await refusal(exports), message);
});

test("a default function of a loop is noticed, whatever its form", async () => {
  const message =
    "app.mjs: its default export is a function whose first parameter is a loop: " +
    "export it by name, export function setUp(loop, worker). A function that is the default gets (request, response)";
  const forms = [
    (loop: unknown): unknown => loop,
    async (_loop: unknown, worker: unknown): Promise<unknown> => worker,
    function start(loop: unknown): unknown {
      return loop;
    },
    async function (ioloop: unknown): Promise<unknown> {
      return ioloop;
    },
  ];
  for (const form of forms) assert.is(await refusal({ default: form }), message, String(form));
  assert.is(await found({ default: (loopback: unknown) => loopback }), "handler");
});
