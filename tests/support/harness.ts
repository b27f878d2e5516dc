// Used by every test file: suites that detect what was left open, deadlines, and peers made of plain sockets.

import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { type AddressInfo, type Server as NetServer, type Socket, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import { IOLoop } from "wasm-ioloop";
import { DIFFERS_ON_DENO } from "./deno.ts";

const TEST_SECONDS = 120; // on an idle machine few tests take more than one

/** Whether the tests run on Bun. */
export const isBun: boolean = process.versions["bun"] !== undefined;

/** Whether the tests run on Deno. */
export const isDeno: boolean = process.versions["deno"] !== undefined;

/** The arguments that make this runtime run a module given as text. */
export function evaluate(source: string): string[] {
  if (isDeno) return ["eval", "--quiet", source];
  return isBun ? ["--eval", source] : ["--input-type=module", "--eval", source];
}

/** The arguments that make this runtime run a file. */
export function script(file: string): string[] {
  return isDeno ? ["run", "--allow-all", "--quiet", file] : [file];
}

/** A test suite. Each of its tests has a deadline, and must leave nothing open. */
export function harness(name: string): (name: string, test: () => unknown, seconds?: number) => void {
  const tests = suite(name);
  // After the file has been loaded: `run` only runs the tests that have been added.
  setTimeout(() => tests.run(), 0);
  return (title, body, seconds = TEST_SECONDS) => {
    if (isDeno && DIFFERS_ON_DENO.has(title)) return;
    tests(title, async () => {
      const before = open();
      await within(seconds, body());
      await nothingMoreThan(before);
    });
  };
}

/** The result of a promise. Rejects if it takes longer than `seconds`. */
export async function within<T>(seconds: number, promise: T | Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves after `count` iterations of the runtime's event loop. */
export async function turns(count = 1): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Resolves after some seconds of real time. */
export function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

/** Resolves as soon as a condition holds. */
export async function until(condition: () => boolean, seconds = 10): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not true within ${seconds} s: ${condition.toString()}`);
    await sleep(0.002);
  }
}

/** A promise, and the functions that settle it. */
export function deferred<T = void>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
} {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((res, rej) => ([resolve, reject] = [res, rej]));
  return { promise, resolve, reject };
}

/** A plain socket as a peer: what it has received, and how it ended. */
export interface Peer {
  readonly socket: Socket;
  readonly connected: Promise<void>;
  /** Resolves with everything that was received, when the other side has ended or the socket has closed. */
  readonly ended: Promise<string>;
  /** Resolves when the socket has closed, with the code of its error if there was one. */
  readonly closed: Promise<string | undefined>;
  /** What has been received so far. */
  text(): string;
}

/** Connects a plain socket. */
export function peer(where: { port: number; host?: string } | { path: string }): Peer {
  const socket = connect({ host: "127.0.0.1", ...where });
  return watch(socket);
}

/** Watches a plain socket as a peer. */
export function watch(socket: Socket): Peer {
  const chunks: Buffer[] = [];
  const [connected, ended, closed] = [deferred(), deferred<string>(), deferred<string | undefined>()];
  const text = (): string => Buffer.concat(chunks).toString();
  let code: string | undefined;
  socket.on("connect", () => connected.resolve());
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("end", () => ended.resolve(text()));
  socket.on("error", (error: NodeJS.ErrnoException) => {
    code = error.code;
    connected.reject(error);
  });
  socket.on("close", () => {
    ended.resolve(text());
    closed.resolve(code);
  });
  connected.promise.catch(() => {});
  return { socket, connected: connected.promise, ended: ended.promise, closed: closed.promise, text };
}

/** A port at which no server listens. Just closing a server is not enough: another test's server may get its port. */
export const NOBODYS = 1;

/** A plain server on a free port, and the sockets it has accepted. */
export async function plainServer(
  handler: (socket: Socket) => void = () => {},
): Promise<{ port: number; server: NetServer; sockets: Socket[]; close(): Promise<void> }> {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    handler(socket);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    });
  return { port: (server.address() as AddressInfo).port, server, sockets, close };
}

/** A pair of connected sockets: one for a Stream, one for the test. */
export async function pair(): Promise<{ near: Socket; far: Peer }> {
  const accepted = deferred<Socket>();
  const { port, server } = await plainServer((socket) => accepted.resolve(socket));
  const far = peer({ port });
  const near = await accepted.promise;
  await far.connected;
  server.close();
  return { near, far };
}

/** A loop whose errors are collected for the test, instead of being printed. */
export function quietLoop(options: ConstructorParameters<typeof IOLoop>[0] = {}): {
  loop: IOLoop;
  errors: [unknown, string][];
} {
  const loop = new IOLoop(options);
  const errors: [unknown, string][] = [];
  loop.reactor.unsubscribe("error");
  loop.reactor.on("error", (_reactor, error, event) => void errors.push([error, event]));
  return { loop, errors };
}

/** Runs a task with a temporary folder, which is removed afterwards. */
export async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ioloop-"));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The port of an acceptor. */
export function portOf(loop: IOLoop, id: ReturnType<IOLoop["server"]>): number {
  const port = loop.acceptor(id)?.port;
  if (port === undefined) throw new Error("no port");
  return port;
}

// The sockets of this process, and the timers and handles that keep it alive.
function open(): Map<string, number> {
  const counts = new Map<string, number>();
  if (isDeno) return counts; // Deno may close a socket only when it is garbage-collected
  const add = (name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const fd of readdirSync("/proc/self/fd")) {
    let target = "";
    try {
      target = readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      continue; // the descriptor of the listing itself
    }
    if (target.startsWith("socket:")) add("socket");
  }
  if (!isBun) for (const name of process.getActiveResourcesInfo()) if (!/^(TTY|Pipe)Wrap$/.test(name)) add(name);
  return counts;
}

async function nothingMoreThan(before: Map<string, number>): Promise<void> {
  let left = "";
  const end = performance.now() + 5000;
  do {
    left = [...open()]
      .filter(([name, count]) => count > (before.get(name) ?? 0))
      .map(([name, count]) => `${count - (before.get(name) ?? 0)} ${name}`)
      .join(", ");
    if (left === "") return;
    await turns(2);
  } while (performance.now() < end);
  throw new Error(`left open: ${left}`);
}
