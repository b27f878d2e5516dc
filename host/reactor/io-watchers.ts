// Level-triggered watching of handles: the callback runs in every tick in which the handle is ready and watched for it.
//
// The runtime tells of changes only ("readable", "drain"), so a watcher that may be ready is put in the hot set, and every
// pass looks at its handle until that is not ready any more. A watcher outside the hot set costs nothing.

import { EventEmitter as NodeEmitter } from "node:events";
import { Server as NetServer } from "node:net";
import type { Readable, Writable } from "node:stream";
import { IOLoopError } from "../base/errors.ts";
import { BOOLEAN, type Rule, check } from "../base/checks.ts";
import { clearInterval, setInterval } from "../base/runtime.ts";
import type { Resource } from "../engine/resources.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import { isClosedServer } from "../socket/node-internals.ts";
import { ServerWatcher } from "./server-watcher.ts";
import { StreamWatcher } from "./stream-watcher.ts";
import type { Watcher } from "./watcher.ts";

/** What a reactor can watch: sockets, pipes, ttys, child-process stdio, any other stream of the runtime, and listening servers. */
export type Handle = Readable | Writable | NetServer;

type Callback = (reactor: never, writable: boolean) => unknown;

const HANDLE: Rule = {
  allowed: "a stream or a server of the runtime",
  type: (value) => value instanceof NetServer || (value instanceof NodeEmitter && canReadOrWrite(value as never)),
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

  /** `reactor` is what callbacks get. */
  constructor(engine: LoopEngine, reactor: unknown) {
    this.#engine = engine;
    this.#reactor = reactor;
  }

  /** How many handles are watched. */
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
    // Last, and guarded: connections that wait for the program may go to a listener of its own now.
    engine.guard.run("io", () => entry.watcher.detach());
    return true;
  }

  suspend(): void {
    this.#guarded(() => this.#release());
    for (const { watcher } of this.#entries.values()) this.#guarded(() => watcher.suspend());
  }

  // What became ready meanwhile is in the hot set already.
  resume(): void {
    // Not every handle keeps the process alive (a paused one does not), but a running loop that watches one does.
    this.#guarded(() => (this.#keeper ??= setInterval(() => {}, LONGEST)));
    for (const { watcher } of this.#entries.values()) this.#guarded(() => watcher.resume());
  }

  /** Forgets every handle, and closes none: they are the program's. */
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

  // What a handle throws is reported, and keeps nothing else from its turn.
  #guarded = (task: () => void): void => this.#engine.guard.run("io", task);

  #release(): void {
    const keeper = this.#keeper;
    this.#keeper = undefined;
    clearInterval(keeper);
  }

  #heat(entry: Entry): void {
    if (this.#entries.get(entry.handle) !== entry) return; // told of an event that was under way when it was removed
    this.#hot.add(entry);
    this.#engine.wake();
  }

  #look = (): boolean => {
    for (const entry of Array.from(this.#hot)) {
      // Each call may remove or change any watcher, so every question is asked anew.
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

  // Calls back when it is ready; whether it was.
  #call(entry: Entry, writable: boolean): boolean {
    const { watcher } = entry;
    if (!this.#hot.has(entry) || !(writable ? watcher.isWritable : watcher.isReadable)) return false;
    const engine = this.#engine;
    engine.dispatched();
    engine.guard.call(() => entry.callback(this.#reactor as never, writable), undefined, "io");
    return true;
  }
}

// With what is asked of one while it is watched.
function canReadOrWrite(stream: Partial<Readable & Writable>): boolean {
  if (typeof stream.read !== "function") return typeof stream.write === "function";
  const { pause, resume, readableLength } = stream;
  return typeof pause === "function" && typeof resume === "function" && typeof readableLength === "number";
}
