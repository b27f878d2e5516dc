// What each worker does: loads the program, and puts what it exports behind the loop.

import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { type RequestListener, createServer } from "node:http";
import type { Id, IOLoop, ListenerOptions, ServedServer, Server } from "../index.ts";
import { admin } from "./admin.ts";
import type { Settings } from "./cli-options.ts";
import type { Place } from "./cli-values.ts";
import { type Program, ProgramError, type Served } from "./program.ts";
import { webListener } from "./program-fetch.ts";
import { guarded } from "./program-handler.ts";
import { load } from "./program-load.ts";
import type { PreforkWorker } from "./prefork.ts";

const PORT = 3000;
const SOON = 1; // second, in which a server of the program should listen
/** Files that Docker and Podman put into each container. */
const CONTAINER_FILES = ["/.dockerenv", "/run/.containerenv"];

/** Receives lines to print: where the program listens, and notes. */
export type Says = (line: string, isNote: boolean) => void;

/** An error of the start, with the reason if it says that a server of the program cannot listen. */
export function explained(error: unknown, { generation }: Pick<PreforkWorker, "generation">): unknown {
  const { address, port } = (error ?? {}) as { address?: unknown; port?: unknown };
  if (!isOfListen(error) || (address === undefined && port === undefined)) return error;
  return cannotListen(error as NodeJS.ErrnoException, placeOf(error as NodeJS.ErrnoException), "port", generation > 1);
}

/** Whether an error says that a server cannot listen. */
export function isOfListen(error: unknown): boolean {
  const { syscall } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  return syscall === "listen" || syscall === "bind"; // the latter in a worker
}

/** Serves a program on a loop. `worker` is passed on to it. */
export async function serve(
  { file, listen, loop: limits, http, admin: { at } }: Settings,
  loop: IOLoop,
  worker: PreforkWorker,
  says: Says,
): Promise<void> {
  const isUpdate = worker.generation > 1;
  let early: NodeJS.ErrnoException | undefined; // of a server of `setUp` that nobody waits for
  loop.reactor.on("error", (_reactor, error) => {
    if (isOfListen(error)) early ??= error as NodeJS.ErrnoException;
  });
  Object.assign(loop, limits); // before the program, which may set others
  const program = await load(file);
  const options = listenOptions(listen, program);
  if (at !== undefined) await startAdmin(loop, at, isUpdate, says);
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
  if (!acceptor) {
    loop.timer(SOON, () => {
      if (!loop.isAccepting && loop.maxConnections > 0) says(`no server listens: setUp of ${file} has made none`, true);
    });
    return;
  }
  acceptor.on("error", () => {}); // `ready` rejects with it
  try {
    await acceptor.ready;
  } catch (error) {
    if (!program.served) throw explained(error, worker); // it may listen elsewhere
    throw cannotListen(error as NodeJS.ErrnoException, options, "--port", isUpdate);
  }
  if (early) throw early;
  says(`Listening on ${whereOf(acceptor, options, scheme)}`, false);
  const isLocal = ["address", "path", "activation"].every((name) => !(name in options));
  if (isLocal && isInContainer())
    says("127.0.0.1 can be reached from this container only; use --address 0.0.0.0 for others", true);
  if (program.served && options.activation === undefined && hasPassedSockets())
    says("systemd has passed a socket (LISTEN_FDS), which is not used: --activation listens on it", true);
}

function hasPassedSockets(): boolean {
  const { LISTEN_FDS, LISTEN_PID } = process.env;
  return LISTEN_PID === String(process.pid) && Number(LISTEN_FDS) > 0;
}

async function startAdmin(loop: IOLoop, at: Place, isUpdate: boolean, says: Says): Promise<void> {
  try {
    const server = admin(loop, at);
    server.on("error", () => {}); // `ready` rejects with it
    await server.ready;
    says(`health checks: /healthz and /readyz at ${whereOf(server, at, "http://")}`, true);
  } catch (error) {
    throw cannotListen(error as NodeJS.ErrnoException, { port: 0, ...at }, "--admin", isUpdate);
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

const HELD =
  "an older generation of this service may hold it, as another address of the port: then restart the service; or another program does";

// Where a server of the program wanted to listen.
function placeOf(error: NodeJS.ErrnoException): ListenerOptions {
  const { address, port } = error as { address?: string; port?: number };
  return port !== undefined && port >= 0
    ? { ...(address !== undefined && { address }), port }
    : { path: address ?? "?" };
}

function cannotListen(
  error: NodeJS.ErrnoException,
  { path, activation, address = "127.0.0.1", port = PORT }: ListenerOptions,
  option: "--port" | "--admin" | "port",
  isUpdate: boolean,
): Error {
  const where = path ?? (activation === undefined ? inUrl(address, port) : "the socket of systemd");
  const { code = "" } = error;
  const folder = dirname(path ?? ".");
  if (!existsSync(folder)) return new ProgramError(`cannot listen on ${path}: there is no folder ${folder}`);
  if (code === "EADDRINUSE" && isUpdate && path === undefined)
    return new ProgramError(`cannot listen on ${where}: ${HELD} (EADDRINUSE)`);
  const why = path === undefined ? WHY[code] : undefined;
  const choose = code === "EADDRINUSE" ? ` ${option}` : "";
  return new ProgramError(`cannot listen on ${where}: ${why ? `${why}${choose} (${code})` : error.message}`);
}
