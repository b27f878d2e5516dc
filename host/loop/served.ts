// Checks a server that is given to `serve`, and finds the stream of a socket that its handlers receive.

import type { EventEmitter as NodeEmitter } from "node:events";
import { IOLoopError, withCode } from "../base/errors.ts";
import { nextTickOfRuntime } from "../base/runtime.ts";
import { type Rule, check } from "../base/checks.ts";
import { https } from "../socket/builtin.ts";
import { type SocketHandle, addressOf, beneath, listenerOf } from "../socket/handle.ts";
import { passOrigin } from "../socket/proxy-info.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import { Stream } from "../stream/stream.ts";

/** A server that can be given sockets: one of `node:http`, `https`, `http2`, `tls` or `net`, or any emitter with a `connection` event. */
export type ServedServer = Pick<NodeEmitter, "on" | "off" | "emit" | "listeners" | "listenerCount">;

/** Members that some servers have besides those of an emitter. */
export interface AnyServer extends NodeEmitter {
  readonly allowHalfOpen?: boolean;
  readonly pauseOnConnect?: boolean;
  readonly listening?: boolean;
  close?(...args: unknown[]): unknown;
  /** Milliseconds; of HTTP servers. */
  readonly headersTimeout?: number;
  readonly requestTimeout?: number;
  /** Of HTTP/2 servers. */
  readonly updateSettings?: unknown;
  /** Of servers that speak TLS. */
  readonly addContext?: unknown;
}

const METHODS = ["on", "off", "emit", "listeners", "listenerCount", "prependListener"] as const;

const SERVER: Rule = {
  allowed: "a server of node:http, https, http2, tls or net, or an emitter with a `connection` event",
  type: (value) =>
    typeof value === "object" &&
    value !== null &&
    METHODS.every((name) => typeof (value as never)[name] === "function"),
};

/** Throws unless a value is a server that this runtime can serve. `tls`: whether the options ask for TLS. */
export function checkServer(value: unknown, tls: boolean): AnyServer {
  if (typeof value === "function")
    throw wrap("serve: server must be a server, not a function; pass http.createServer(app)");
  const { server: inner, httpServer, handleUpgrade } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (!SERVER.type(value) && SERVER.type(inner))
    throw wrap("serve: server must be a server; pass its property `server`");
  // These emit `connection` too, for connections of their own. If they got a socket by it, they would fail late.
  if (SERVER.type(httpServer)) throw wrap("serve: server must be an HTTP server; pass its property `httpServer`");
  if (typeof handleUpgrade === "function") {
    const message =
      "serve: server must be an HTTP server, not one that takes upgraded connections; pass the HTTP server that it was made with";
    throw wrap(message);
  }
  check("serve: server", value, SERVER);
  const server = value as AnyServer;
  if (tls && speaksTls(server)) {
    const message = "serve: the server speaks TLS itself: leave out the options that begin with `tls`";
    throw withCode(new TypeError(message), "ERR_IOLOOP_TLS");
  }
  // There the server would read TLS as plain HTTP.
  if (isHttpsOnBun(server)) {
    const message =
      "serve: on Bun a server of node:https cannot be given sockets; pass http.createServer(app), and tlsCert and tlsKey as options";
    throw new IOLoopError("ERR_IOLOOP_UNSUPPORTED", message);
  }
  return server;
}

// Servers that emit "close" already, or have been made to.
const emitters = new WeakSet<AnyServer>();

/** Makes an HTTP server of Bun emit `close` also when it is closed without ever having listened, as servers of the other runtimes do. */
export function emitClose(server: AnyServer): void {
  const { close } = server; // oxlint-disable-line typescript/unbound-method -- called on the server below
  if (process.versions["bun"] === undefined || !speaksHttp1(server) || !close || emitters.has(server)) return;
  emitters.add(server);
  server.close = function (...args) {
    let hasEmitted = this.listening === true; // then the runtime does so later
    const emitted = (): void => void (hasEmitted = true);
    this.once("close", emitted);
    const result = close.apply(this, args);
    nextTickOfRuntime(() => {
      this.off("close", emitted);
      if (!hasEmitted) this.emit("close");
    });
    return result;
  };
}

// The loops that give connections with PROXY headers to a server that speaks TLS.
const givers = new WeakMap<AnyServer, Set<LoopEngine>>();

/** Makes the encrypted sockets of a server show the client's address, if the loop has it from a proxy. */
export function passClients(engine: LoopEngine, server: AnyServer): void {
  const before = givers.get(server);
  if (before) return void before.add(engine);
  const engines = new Set([engine]);
  givers.set(server, engines);
  server.prependListener("secureConnection", (secure: SocketHandle) => {
    for (const one of engines) {
      const { raw } = streamOf(one, secure) ?? {};
      if (raw) return passOrigin(raw, secure);
    }
  });
}

/** Whether a server speaks TLS on the sockets that it is given. */
export function speaksTls(server: AnyServer): boolean {
  return typeof server.addContext === "function";
}

/** Whether a server speaks HTTP/1. An HTTP/2 server does, too, with `allowHTTP1`. */
export function speaksHttp1(server: AnyServer): boolean {
  return typeof server.headersTimeout === "number";
}

/** Whether a server speaks HTTP/2. */
export function speaksHttp2(server: AnyServer): boolean {
  return typeof server.updateSettings === "function";
}

/** Returns the stream of the loop that a socket belongs to, or that the socket beneath TLS belongs to. Undefined if there is none. */
export function streamOf(engine: LoopEngine, socket: object): Stream | undefined {
  const found = listenerOf(socket) ?? listenerOf(beneath(socket) ?? {});
  if (found) return found instanceof Stream && found.engine === engine ? found : undefined;
  if (!(socket as { encrypted?: boolean }).encrypted) return undefined;
  // The runtime does not show the socket beneath. It has the same addresses on both sides.
  const address = addressOf(socket);
  for (const one of engine.connections.connections)
    if (address !== undefined && one instanceof Stream && one.lent && addressOf(one.lent) === address) return one;
  return undefined;
}

// On Bun such a server differs from one of node:http in its class alone.
function isHttpsOnBun(server: AnyServer): boolean {
  if (process.versions["bun"] === undefined || !speaksHttp1(server)) return false;
  const { Server } = https();
  return server instanceof Server;
}

function wrap(message: string): Error {
  return withCode(new TypeError(message), "ERR_IOLOOP_INVALID_ARG_TYPE");
}
