// A reactor alone, and a log of the calls of its watchers.

import type { Server } from "node:net";
import { type Handle, Reactor } from "wasm-ioloop";
import { turns } from "../support/harness.ts";

export interface Watching {
  readonly reactor: Reactor;
  /** `r` or `w` for each call. */
  readonly log: string[];
  /** Errors of the reactor. */
  readonly errors: unknown[];
  /** Watches a handle; each `r` or `w` is followed by `name`. */
  watch(handle: Handle, name?: string, then?: (writable: boolean) => void): void;
}

/** A reactor that logs calls and errors. */
export function watching(): Watching {
  const reactor = new Reactor();
  const log: string[] = [];
  const errors: unknown[] = [];
  reactor.on("error", (_reactor, error) => void errors.push(error));
  const watch: Watching["watch"] = (handle, name = "", then = () => {}) => {
    reactor.io(handle, (_reactor, writable) => {
      log.push((writable ? "w" : "r") + name);
      then(writable);
    });
  };
  return { reactor, log, errors, watch };
}

/** Counts the passes of a reactor, without causing any. */
export function countPasses(reactor: Reactor): () => number {
  let count = 0;
  // Internal, so the types for users do not have it.
  interface Resources {
    watch(resource: object, look: () => boolean): void;
    unwatch(resource: object, all: boolean): void;
  }
  const { resources } = (reactor as unknown as { engine: { resources: Resources } }).engine;
  const counter = { suspend(): void {}, resume(): void {}, close(): void {} };
  resources.watch(counter, () => {
    count++;
    return false;
  });
  resources.unwatch(counter, false); // still checked in every pass, but the reactor does not wait for it
  return () => count;
}

/** Runs a reactor for some iterations of the runtime's event loop, then stops it. */
export async function runFor(reactor: Reactor, count: number): Promise<void> {
  const running = reactor.start();
  await turns(count);
  reactor.stop();
  await running;
}

/** The number of listeners of a handle, by event. Events that are symbols belong to the runtime. */
export function listeners(handle: Handle): Record<string, number> {
  const names = handle.eventNames().filter((name) => typeof name === "string");
  const counts = names.map((name) => [name, handle.listenerCount(name)] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

/** Makes a server listen, and returns its address. */
export async function listening(
  server: Server,
  where: object = { port: 0, host: "127.0.0.1" },
): Promise<{ port: number }> {
  await new Promise<void>((resolve) => void server.listen(where, resolve));
  return server.address() as { port: number };
}
