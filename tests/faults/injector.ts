// Makes foreign calls of the package throw: one at a time, at a chosen call. It must be imported before the package, which saves
// some functions of the runtime when it is loaded.

import { EventEmitter } from "node:events";
import channels from "node:diagnostics_channel";
import fs from "node:fs";
import module from "node:module";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex, Readable, Writable } from "node:stream";
import tls from "node:tls";
import { CALLS } from "./foreign-calls.ts";

/** The error that a call throws. */
export class Injected extends Error {
  readonly site: string;
  /** Makes the call that has thrown. */
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

/** Counts the calls of each place in the package, until `disarm`. Call number `nth` of the place `site` throws. */
export function arm(site?: string, nth = 1): void {
  counts.clear();
  thrown = undefined;
  armed = site === undefined ? undefined : { site, left: nth };
  isCounting = true;
}

/** Ends that. Returns the error that was thrown, if any. */
export function disarm(): Injected | undefined {
  armed = undefined;
  isCounting = false;
  return thrown;
}

/** The number of calls of each place since `arm`. A place is the name of the function and the position in dist/. */
export function counted(): ReadonlyMap<string, number> {
  return new Map(counts);
}

/** Every replacement of a foreign function calls this first, with itself. */
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

// The place in the package that has called a function, if it was the package.
function callerOf(callee: Callable): string | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 1;
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, callee);
  const { stack } = holder; // on some runtimes the stack is created now
  Error.stackTraceLimit = limit;
  return /\/(?:dist|host)\/([\w/-]+\.[jt]s:\d+:\d+)/.exec(stack ?? "")?.[1]; // Deno resolves source maps
}

/** Replaces a method with one that may throw before it calls the original. */
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
    // Not writable on this runtime.
  }
}

const patched = new Set<object>();

/** Replaces all listed methods of an object and its prototypes. */
export function patchAll(object: object | null | undefined): void {
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

// The runtime's handles of listening sockets and of connections have the same class.
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
for (const name of ["subscribe", "unsubscribe"]) patch(channels, name);
module.syncBuiltinESMExports?.();
await patchHandles({ port: 0, host: "127.0.0.1" });
await patchHandles({ path: join(tmpdir(), `ioloop-injector-${process.pid}`) });
const { Bun: bun } = globalThis as { Bun?: BunRuntime };
if (bun) await patchRaw(bun);
