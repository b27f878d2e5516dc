// What a program file exports, and how it is served.
//
// - `default`: a function is a handler of node:http, `(request, response)`; so is an app of Express, Koa or Connect. An object with `fetch` is a
//   web handler: Hono, Elysia. A server, or an app that has one, is served as it is: node:http, https, http2, net, tls, Fastify.
// - Without a default, one of `fetch`, `handler`, `server`, `app`.
// - `setUp`: `(loop, worker, options)`. It runs first, and may be alone.
//
// The number of parameters tells nothing: it is two for a handler and for `setUp`. So the two have different names.

import type { IOLoop, ServedServer } from "../index.ts";
import { isThenable } from "../base/deferred.ts";
import { PORT } from "../base/checks.ts";
import { guess } from "../base/guess.ts";
import { show } from "../base/show.ts";
import type { FetchHandler } from "./program-fetch.ts";
import type { Handler } from "./program-handler.ts";
import { hasListened } from "./program-listen.ts";

/** What a program exports to be called in each worker. */
export type SetUp = (loop: IOLoop, worker: never, options: object) => unknown;

/** What is served. */
export type Served =
  | { readonly kind: "handler"; readonly handler: Handler }
  | { readonly kind: "fetch"; readonly fetch: FetchHandler }
  | { readonly kind: "server"; readonly server: ServedServer };

/** What was found in the exports of a program. */
export interface Program {
  readonly setUp: SetUp | undefined;
  readonly served: Served | undefined;
  /** The port that an object with `fetch` asks for, as Bun has it. */
  readonly port: number | undefined;
}

/** A program that cannot be served. The message is for its author, and needs no stack. */
export class ProgramError extends Error {}

type Exports = Readonly<Record<string, unknown>>;

const NAMES = ["fetch", "handler", "server", "app"] as const;
const WANTED =
  "It must export a handler (request, response), an object with `fetch`, or a server as default, or setUp(loop, worker) by that name";

/** Finds out what a program exports. `file` is its name, for messages. Throws ProgramError if it cannot be served. */
export async function recognize(namespace: Exports, file: string): Promise<Program> {
  const exports = unwrapped(namespace);
  const { setUp } = exports;
  if (setUp !== undefined && typeof setUp !== "function")
    throw new ProgramError(`${file}: setUp must be a function (loop, worker), not ${show(setUp)}`);
  const name = chosen(exports, file);
  if (name === undefined && setUp === undefined) throw new ProgramError(nothing(exports, file));
  const found = { setUp: setUp as SetUp | undefined, served: undefined, port: undefined };
  if (name === undefined) return found;
  let value = exports[name];
  // An app may be made by an async function. Apps of Fastify have a `then`, too, but are not promises.
  if (isThenable(value) && !isFunction((value as { ready?: unknown }).ready)) value = await value;
  const served = await servedBy(value, name, `${file}: ${nameOf(name)}`);
  return { ...found, served, port: served.kind === "fetch" ? portOf(value) : undefined };
}

function portOf(value: unknown): number | undefined {
  const port = isObject(value) && Object.hasOwn(value, "port") ? value["port"] : undefined;
  return typeof port === "number" && PORT.range!(port as never) ? port : undefined;
}

// The exports of a CommonJS module may all be in `default`, and those of a compiled ES module as well.
function unwrapped(namespace: Exports): Exports {
  const inner = namespace["default"];
  if (!isObject(inner) || Object.getPrototypeOf(inner) !== Object.prototype) return namespace;
  if (inner["__esModule"] === true) return inner;
  if (["listen", "close", "ready"].some((name) => isFunction(inner[name]))) return namespace; // an app, as one of Fastify
  if (isFunction(inner["fetch"])) return { setUp: inner["setUp"], ...namespace };
  return ["setUp", ...NAMES].some((name) => inner[name] !== undefined) ? inner : namespace;
}

function chosen(exports: Exports, file: string): string | undefined {
  if (exports["default"] !== undefined) return "default";
  const [first, second] = NAMES.filter((name) => exports[name] !== undefined);
  if (second === undefined) return first;
  throw new ProgramError(`${file} exports \`${first}\` and \`${second}\`: export the one to be served as default`);
}

function nothing(exports: Exports, file: string): string {
  const names = Object.keys(exports).filter((name) => name !== "default" && name !== "module.exports");
  const known = ["default", "setUp", ...NAMES];
  for (const name of names) {
    const meant = guess(name, known);
    if (meant !== undefined) return `${file} exports \`${name}\`: did you mean \`${meant}\`? ${WANTED}`;
  }
  const what = names.length === 0 ? "nothing" : names.map((name) => `\`${name}\``).join(", ");
  const hint = names.length === 0 ? ". A program that listens by itself needs no command: start it without" : "";
  return `${file} exports ${what}. ${WANTED}${hint}`;
}

async function servedBy(value: unknown, name: string, what: string): Promise<Served> {
  if (name === "fetch") {
    if (!isFunction(value))
      throw new ProgramError(`${what} must be a function (request) => Response, not ${show(value)}`);
    return { kind: "fetch", fetch: value as FetchHandler };
  }
  if (!isObject(value) && !isFunction(value)) throw new ProgramError(`${what} is ${show(value)}. ${WANTED}`);
  const it = value as Exports & object;
  const { fetch, callback, handler } = it;
  if (isFunction(fetch)) {
    if (Object.hasOwn(it, "websocket"))
      throw new ProgramError(
        `${what} has \`websocket\`, which only Bun.serve knows; use \`ws\` with a server of node:http`,
      );
    return { kind: "fetch", fetch: fetch.bind(it) as FetchHandler };
  }
  if (isFunction(it)) return { kind: "handler", handler: checkFunction(it, what) };
  if (isFunction(callback) && isFunction(it["use"])) return { kind: "handler", handler: callback.call(it) as Handler }; // Koa
  const server = (await serverOf(it)) ?? (isServer(it) ? it : undefined);
  if (server) return { kind: "server", server: checkServer(server, what) };
  if (isFunction(handler)) return { kind: "handler", handler: handler.bind(it) as Handler }; // polka
  throw new ProgramError(`${what} is ${show(value)}, which cannot be served. ${WANTED}`);
}

function checkFunction(value: (...args: never[]) => unknown, what: string): Handler {
  const text = Function.prototype.toString.call(value);
  if (/^class\b/.test(text)) throw new ProgramError(`${what} is a class. ${WANTED}`);
  // Names of parameters decide nothing, as a minifier changes them. They only show a mistake early.
  if (/^(?:async\s*)?(?:function\b[^(]*)?\(?\s*_?(?:io)?loop\b/i.test(text)) {
    const message = `${what} is a function whose first parameter is a loop: export it by name, export function setUp(loop, worker)`;
    throw new ProgramError(`${message}. A function that is the default gets (request, response)`);
  }
  return value as Handler;
}

function checkServer(server: ServedServer, what: string): ServedServer {
  if ((server as { listening?: boolean }).listening !== true && !hasListened(server)) return server;
  throw new ProgramError(`${what} listens already: do not call listen, the command does`);
}

// The server of an app: Fastify, restify, Socket.IO, hapi.
async function serverOf(app: Exports): Promise<ServedServer | undefined> {
  const found = ["server", "httpServer", "listener"].map((name) => app[name]).find((it) => isServer(it));
  if (found && isFunction(app["ready"])) await (app as { ready(): unknown }).ready();
  return found;
}

function isServer(value: unknown): value is ServedServer & Exports {
  return (
    isObject(value) && ["on", "off", "emit", "listen", "close", "address"].every((name) => isFunction(value[name]))
  );
}

function isObject(value: unknown): value is Exports {
  return typeof value === "object" && value !== null;
}

function isFunction(value: unknown): value is (...args: never[]) => unknown {
  return typeof value === "function";
}

function nameOf(name: string): string {
  return name === "default" ? "its default export" : `\`${name}\``;
}
