// What each worker does: loads the program, and puts what it exports behind the loop.

import { existsSync } from "node:fs";
import { type RequestListener, createServer } from "node:http";
import type { Id, IOLoop, ListenerOptions, ServedServer, Server } from "../index.ts";
import { admin } from "./admin.ts";
import type { Settings } from "./cli-options.ts";
import type { Place } from "./cli-values.ts";
import { type Program, ProgramError, type Served } from "./program.ts";
import { webListener } from "./program-fetch.ts";
import { guarded } from "./program-handler.ts";
import { load } from "./program-load.ts";

const PORT = 3000;
/** Files that Docker and Podman put into each container. */
const CONTAINER_FILES = ["/.dockerenv", "/run/.containerenv"];

/** Receives lines to print: where the program listens, and notes. */
export type Says = (line: string, isNote: boolean) => void;

/** Serves a program on a loop. `worker` is passed on to it. */
export async function serve(
  { file, listen, loop: limits, http, admin: { at } }: Settings,
  loop: IOLoop,
  worker: unknown,
  says: Says,
): Promise<void> {
  Object.assign(loop, limits); // before the program, which may set others
  const program = await load(file);
  const options = listenOptions(listen, program);
  if (at !== undefined) await startAdmin(loop, at, says);
  let id: unknown = await program.setUp?.(loop, worker as never, { ...options });
  let scheme = "";
  if (program.served) {
    const server = serverFor(program.served, loop);
    keepConnections(server, http["keepAliveTimeout"]);
    scheme = schemeOf(server, options);
    id = loop.serve(server, options);
  }
  // A program that returns the id of its server leaves it to us to say where it listens.
  const acceptor = typeof id === "number" ? loop.acceptor(id as Id) : undefined;
  if (!acceptor) return;
  acceptor.on("error", () => {}); // `ready` rejects with it
  try {
    await acceptor.ready;
  } catch (error) {
    throw cannotListen(error as NodeJS.ErrnoException, options, "--port");
  }
  says(`Listening on ${whereOf(acceptor, options, scheme)}`, false);
  const isLocal = ["address", "path", "activation"].every((name) => !(name in options));
  if (isLocal && isInContainer())
    says("127.0.0.1 can be reached from this container only; use --address 0.0.0.0 for others", true);
}

async function startAdmin(loop: IOLoop, at: Place, says: Says): Promise<void> {
  try {
    const server = admin(loop, at);
    server.on("error", () => {}); // `ready` rejects with it
    await server.ready;
    says(`health checks: /healthz and /readyz at ${whereOf(server, at, "http://")}`, true);
  } catch (error) {
    throw cannotListen(error as NodeJS.ErrnoException, { port: 0, ...at }, "--admin");
  }
}

function isInContainer(): boolean {
  return process.env["KUBERNETES_SERVICE_HOST"] !== undefined || CONTAINER_FILES.some((file) => existsSync(file));
}

function listenOptions(listen: Settings["listen"], { port = PORT }: Program): ListenerOptions {
  const hasPort = listen["path"] === undefined && listen["activation"] === undefined;
  return hasPort ? { port, ...listen } : listen;
}

function serverFor(served: Served, loop: IOLoop): ServedServer {
  const failed = (error: unknown): void => void loop.reactor.emit("error", error, "request");
  const create = (listener: RequestListener): ServedServer => createServer(listener);
  if (served.kind === "server") return served.server;
  return create(served.kind === "fetch" ? webListener(served.fetch, failed) : guarded(served.handler, failed));
}

// How many seconds a server waits for the next request of a client. Balancers want it longer than their own.
function keepConnections(server: ServedServer, seconds: unknown): void {
  if (typeof seconds === "number" && "keepAliveTimeout" in server) server.keepAliveTimeout = seconds * 1000;
}

// `http://`, or nothing for a server of another protocol.
function schemeOf(server: ServedServer, { path, tlsCert }: ListenerOptions): string {
  const { addContext, headersTimeout, updateSettings } = server as unknown as Record<string, unknown>;
  const isHttp = headersTimeout !== undefined || updateSettings !== undefined;
  if (!isHttp || path !== undefined) return "";
  return tlsCert === undefined && addContext === undefined ? "http://" : "https://";
}

// `scheme` is for an address with a port.
function whereOf({ handle }: Server, { path, activation }: ListenerOptions, scheme: string): string {
  if (path !== undefined) return path;
  const place = handle!.address(); // it listens
  if (place !== null && typeof place === "object") return scheme + inUrl(place.address, place.port);
  return place ?? `the socket ${activation === true ? "" : `${activation} `}of systemd`; // one of UNIX that was passed
}

function inUrl(address: string, port: number): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: "it is in use, by another program or by a listen() of this one; stop that, or choose another",
  EACCES: "not permitted; ports below 1024 need a privilege",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "no such name",
};

function cannotListen(
  error: NodeJS.ErrnoException,
  { path, activation, address = "127.0.0.1", port = PORT }: ListenerOptions,
  option: "--port" | "--admin",
): Error {
  const where = path ?? (activation === undefined ? inUrl(address, port) : "the socket of systemd");
  const { code = "" } = error;
  const why = path === undefined ? WHY[code] : undefined;
  const choose = code === "EADDRINUSE" ? ` ${option}` : "";
  return new ProgramError(`cannot listen on ${where}: ${why ? `${why}${choose} (${code})` : error.message}`);
}
