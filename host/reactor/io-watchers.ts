// Level-triggered watching of handles: the callback runs in every tick in which the handle is ready for what it is watched for.
//
// The runtime only reports changes ("readable", "drain"), so a watcher that may be ready is put into the hot set, and every
// pass checks its handle until it is not ready any more. A watcher outside the hot set costs nothing.

import { Server as NetServer } from "node:net";
import type { Readable, Writable } from "node:stream";
import { IOLoopError } from "../base/errors.ts";
import { BOOLEAN, type Rule, check } from "../base/checks.ts";
import { clearInterval, setInterval } from "../base/runtime.ts";
import type { Resource } from "../engine/resources.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import { events } from "../socket/builtin.ts";
import { isClosedServer } from "../socket/node-internals.ts";
import { ServerWatcher } from "./server-watcher.ts";
import { StreamWatcher } from "./stream-watcher.ts";
import type { Watcher } from "./watcher.ts";

/** A handle that a reactor can watch: a socket, pipe, tty, the stdio of a child process, any other stream of the runtime, or a listening server. */
export type Handle = Readable | Writable | NetServer;

type Callback = (reactor: never, writable: boolean) => unknown;

const HANDLE: Rule = {
  allowed: "a stream or a server of the runtime",
  type: (value) =>
    value instanceof NetServer || (value instanceof events().EventEmitter && canReadOrWrite(value as never)),
};

const NOT_WATCHED = "I/O watcher not active: this handle is not watched; call io(handle, cb) first";

const LONGEST = 2 ** 31 - 1;

interface Entry {
  readonly handle: Handle;
  readonly watcher: Watcher;
  callback: Callback;
}

/** The watched handles of a reactor. */
export class IOWatchers implements Resource {
  readonly #engine: LoopEngine;
  readonly #reactor: unknown;
  readonly #entries = new Map<object, Entry>();
  readonly #hot = new Set<Entry>();
  #keeper: ReturnType<typeof setInterval> | undefined;

  /** `reactor` is the argument of callbacks. */
  constructor(engine: LoopEngine, reactor: unknown) {
    this.#engine = engine;
    this.#reactor = reactor;
  }

  /** The number of watched handles. */
  get length(): number {
    return this.#entries.size;
  }

  io(handle: Handle, callback: Callback): void {
    check("io: handle", handle, HANDLE);
    if (handle instanceof NetServer ? isClosedServer(handle) : handle.destroyed) {
      throw new IOLoopError("ERR_IOLOOP_HANDLE_CLOSED", "io: handle is closed");
    }
    const entry = this.#entries.get(handle);
    if (entry) {
      entry.callback = callback;
      return this.watch(handle, true, true);
    }
    try {
      this.#add(handle, callback);
      this.watch(handle, true, true);
    } catch (error) {
      this.remove(handle);
      throw error;
    }
  }

  watch(handle: Handle, read: boolean, write: boolean): void {
    const entry = this.#entries.get(handle);
    if (!entry) throw new IOLoopError("ERR_IOLOOP_WATCHER_INACTIVE", NOT_WATCHED);
    check("watch: read", read, BOOLEAN);
    check("watch: write", write, BOOLEAN);
    entry.watcher.watch(read, write);
    this.#heat(entry);
  }

  remove(handle: Handle): boolean {
    const entry = this.#entries.get(handle);
    if (!entry) return false;
    this.#entries.delete(handle);
    this.#hot.delete(entry);
    const engine = this.#engine;
    const isLast = this.#entries.size === 0;
    engine.resources.unwatch(this, isLast);
    if (isLast) engine.guard.run("io", () => this.#release());
    engine.ask();
    // Last, and guarded: this may pass waiting connections to a listener of the program.
    engine.guard.run("io", () => entry.watcher.detach());
    return true;
  }

  suspend(): void {
    this.#guarded(() => this.#release());
    for (const { watcher } of this.#entries.values()) this.#guarded(() => watcher.suspend());
  }

  // Handles that have become ready meanwhile are already in the hot set.
  resume(): void {
    // A running loop that watches a handle keeps the process alive, even if the handle does not: a paused one, for example.
    this.#guarded(() => (this.#keeper ??= setInterval(() => {}, LONGEST)));
    for (const { watcher } of this.#entries.values()) this.#guarded(() => watcher.resume());
  }

  /** Removes every handle. Closes none, as they belong to the program. */
  close(): void {
    for (const { handle } of Array.from(this.#entries.values())) this.remove(handle);
  }

  #add(handle: Handle, callback: Callback): void {
    const heat = (): void => this.#heat(entry);
    const Type = handle instanceof NetServer ? ServerWatcher : StreamWatcher;
    const watcher = new Type(handle as never, heat, this.#guarded);
    const entry: Entry = { handle, watcher, callback };
    this.#entries.set(handle, entry);
    const engine = this.#engine;
    engine.resources.watch(this, this.#look);
    watcher.attach();
    if (engine.active) this.resume();
    else watcher.suspend();
  }

  // An exception of one handle is reported, and does not keep the others from running.
  #guarded = (task: () => void): void => this.#engine.guard.run("io", task);

  #release(): void {
    const keeper = this.#keeper;
    this.#keeper = undefined;
    clearInterval(keeper);
  }

  #heat(entry: Entry): void {
    if (this.#entries.get(entry.handle) !== entry) return; // it was removed while the event was under way
    this.#hot.add(entry);
    this.#engine.wake();
  }

  #look = (): boolean => {
    for (const entry of Array.from(this.#hot)) {
      // Each call may remove or change any watcher, so check again before the next one.
      let read = false;
      let write = false;
      this.#guarded(() => {
        read = this.#call(entry, false);
        write = this.#call(entry, true);
      });
      if (!read && !write) this.#hot.delete(entry);
      entry.watcher.looked();
    }
    return this.#hot.size > 0;
  };

  // Calls back if the handle is ready. Returns whether it was.
  #call(entry: Entry, writable: boolean): boolean {
    const { watcher } = entry;
    if (!this.#hot.has(entry) || !(writable ? watcher.isWritable : watcher.isReadable)) return false;
    const engine = this.#engine;
    engine.dispatched();
    engine.guard.call(() => entry.callback(this.#reactor as never, writable), undefined, "io");
    return true;
  }
}

// Whether a stream has the methods that a watcher uses.
function canReadOrWrite(stream: Partial<Readable & Writable>): boolean {
  if (typeof stream.read !== "function") return typeof stream.write === "function";
  const { pause, resume, readableLength } = stream;
  return typeof pause === "function" && typeof resume === "function" && typeof readableLength === "number";
}
