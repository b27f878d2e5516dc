// Has calls of the package into what is not its own throw: one at a time, at a chosen call. To be imported before the package, which takes
// some functions of the runtime when it is loaded.

import { EventEmitter } from "node:events";
import fs from "node:fs";
import module from "node:module";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex, Readable, Writable } from "node:stream";
import tls from "node:tls";
import { CALLS } from "./foreign-calls.ts";

/** What a call throws. */
export class Injected extends Error {
  readonly site: string;
  /** Calls what has thrown after all. */
  again: () => unknown = () => {};

  constructor(site: string) {
    super(`injected: ${site}`);
    this.name = "Injected";
    this.site = site;
  }
}

type Callable = (...args: never[]) => unknown;

let isCounting = false;
const counts = new Map<string, number>();
let armed: { readonly site: string; left: number } | undefined;
let thrown: Injected | undefined;

/** Counts the calls of each place in the package, until `disarm`; the call number `nth` of a place throws. */
export function arm(site?: string, nth = 1): void {
  counts.clear();
  thrown = undefined;
  armed = site === undefined ? undefined : { site, left: nth };
  isCounting = true;
}

/** Nothing throws any more. Gives what has been thrown, if anything has. */
export function disarm(): Injected | undefined {
  armed = undefined;
  isCounting = false;
  return thrown;
}

/** How often each place has called since `arm`: the name of what it calls, and where in dist/. */
export function counted(): ReadonlyMap<string, number> {
  return new Map(counts);
}

/** To be called first in whatever stands for something foreign, with itself. */
export function called(name: string, by: Callable): void {
  if (!isCounting || (armed && !armed.site.startsWith(`${name} `))) return;
  const place = callerOf(by);
  if (place === undefined) return;
  const site = `${name} ${place}`;
  counts.set(site, (counts.get(site) ?? 0) + 1);
  if (armed?.site !== site || --armed.left > 0) return;
  armed = undefined;
  thrown = new Injected(site);
  throw thrown;
}

// Where the package has called a function, if it was the package.
function callerOf(callee: Callable): string | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 1;
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, callee);
  const { stack } = holder; // made now, on some runtimes
  Error.stackTraceLimit = limit;
  return /\/(?:dist|host)\/([\w/-]+\.[jt]s:\d+:\d+)/.exec(stack ?? "")?.[1]; // Deno follows the maps to the sources
}

/** Puts a function in the place of another that calls it, and may throw before. */
function patch(object: object, name: string): void {
  const descriptor = Object.getOwnPropertyDescriptor(object, name);
  if (typeof descriptor?.value !== "function" || !(descriptor.writable || descriptor.configurable)) return;
  const original = descriptor.value as (...args: unknown[]) => unknown;
  const wrapper = function (this: unknown, ...args: unknown[]): unknown {
    const call = (): unknown => Reflect.apply(original, this, args);
    try {
      called(name, wrapper);
    } catch (error) {
      (error as Injected).again = call;
      throw error;
    }
    return Reflect.apply(original, this, args);
  };
  for (const [key, own] of Object.entries(Object.getOwnPropertyDescriptors(original)))
    if (key !== "prototype") Object.defineProperty(wrapper, key, own);
  try {
    if (descriptor.configurable) Object.defineProperty(object, name, { ...descriptor, value: wrapper });
    else (object as Record<string, unknown>)[name] = wrapper;
  } catch {
    // Not on this runtime.
  }
}

const patched = new Set<object>();

/** The same for all calls that are listed, in an object and what it inherits from. */
function patchAll(object: object | null | undefined): void {
  for (
    let one = object;
    one && one !== Object.prototype && one !== Function.prototype;
    one = Object.getPrototypeOf(one)
  ) {
    if (patched.has(one)) continue;
    patched.add(one);
    for (const { name, of } of CALLS) if (of !== "other") patch(one, name);
  }
}

type WithHandle = net.Server & { _handle?: object };

// The runtime's handles of listening sockets and of connections are of one class.
async function patchHandles(where: net.ListenOptions): Promise<void> {
  const server = net.createServer() as WithHandle;
  await new Promise<void>((resolve) => void server.listen(where, resolve));
  // oxlint-disable-next-line no-underscore-dangle -- that is its name
  const handle = server._handle;
  if (handle && process.versions["bun"] === undefined) patchAll(Object.getPrototypeOf(handle));
  await new Promise((resolve) => server.close(resolve));
}

interface BunRuntime {
  listen(options: object): { readonly port: number; stop(force: boolean): void };
}

async function patchRaw(bun: BunRuntime): Promise<void> {
  let listener: ReturnType<BunRuntime["listen"]>;
  const raw = await new Promise<object>((resolve) => {
    listener = bun.listen({ hostname: "127.0.0.1", port: 0, socket: { open: resolve, data() {} } });
    net
      .connect(listener.port, "127.0.0.1")
      .on("error", () => {})
      .unref();
  });
  patchAll(Object.getPrototypeOf(raw));
  listener!.stop(true);
  patch(bun, "listen");
}

for (const type of [
  Duplex,
  Readable,
  Writable,
  EventEmitter,
  net.Socket,
  net.Server,
  tls.Server,
  tls.TLSSocket,
  EventTarget,
])
  patchAll(type.prototype as object);
for (const name of ["createServer", "connect", "createSecureContext"]) patch(tls, name);
for (const name of ["createServer", "connect"]) patch(net, name);
for (const { name, of } of CALLS) if (of === "files") patch(fs, name);
for (const name of ["from", "alloc", "allocUnsafe", "allocUnsafeSlow", "concat", "byteLength"]) patch(Buffer, name);
for (const { name, of } of CALLS) if (of === "runtime") patch(globalThis, name);
patch(process, "nextTick");
module.syncBuiltinESMExports?.();
await patchHandles({ port: 0, host: "127.0.0.1" });
await patchHandles({ path: join(tmpdir(), `ioloop-injector-${process.pid}`) });
const { Bun: bun } = globalThis as { Bun?: BunRuntime };
if (bun) await patchRaw(bun);
