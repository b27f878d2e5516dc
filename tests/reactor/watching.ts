// A reactor alone, and a log of what its watchers are told.

import type { Server } from "node:net";
import { type Handle, Reactor } from "wasm-ioloop";
import { turns } from "../support/harness.ts";

export interface Watching {
  readonly reactor: Reactor;
  /** `r` and `w`, one a call. */
  readonly log: string[];
  /** Errors of the reactor. */
  readonly errors: unknown[];
  /** Watches a handle; `name` comes after each `r` and `w`. */
  watch(handle: Handle, name?: string, then?: (writable: boolean) => void): void;
}

/** A reactor that logs. */
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
  // Hidden from users, so that their types do not have it.
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
  resources.unwatch(counter, false); // looked at still, but nothing that the reactor waits for
  return () => count;
}

/** Runs a reactor for so many turns of the runtime, then stops it. */
export async function runFor(reactor: Reactor, count: number): Promise<void> {
  const running = reactor.start();
  await turns(count);
  reactor.stop();
  await running;
}

/** How many listeners a handle has, by event. Those by symbol are the runtime's own. */
export function listeners(handle: Handle): Record<string, number> {
  const names = handle.eventNames().filter((name) => typeof name === "string");
  const counts = names.map((name) => [name, handle.listenerCount(name)] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

/** Has a server listen, and gives its address. */
export async function listening(
  server: Server,
  where: object = { port: 0, host: "127.0.0.1" },
): Promise<{ port: number }> {
  await new Promise<void>((resolve) => void server.listen(where, resolve));
  return server.address() as { port: number };
}
