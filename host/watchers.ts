// Level-triggered watching of handles: the callback runs every tick while the handle is ready and watched for it.
//
// The runtime tells only of changes ("readable", "drain"), so a watcher that may be ready stays in the hot set, and the
// reactor looks at it again in every pass until it is not ready any more.

import { EventEmitter as NodeEmitter } from "node:events";
import { Server as NetServer } from "node:net";
import type { Readable, Writable } from "node:stream";
import { IOLoopError } from "./errors.ts";
import { type Rule, check } from "./options.ts";
import type { Resource } from "./parts.ts";
import type { Reactor } from "./reactor.ts";

/** What a reactor can watch: sockets, pipes, ttys, child-process stdio, and listening sockets. */
export type Handle = Readable | Writable | NetServer;

type Callback = (reactor: Reactor, writable: boolean) => unknown;

const HANDLE: Rule = {
  allowed: "a stream or a server of the runtime",
  type: (value) => value instanceof NodeEmitter && (value instanceof NetServer || "read" in value || "write" in value),
};

const EVENTS = ["readable", "end", "close", "error", "connect", "drain", "connection"] as const;

/** The watched handles of a reactor. */
export class Watchers {
  readonly #reactor: Reactor;
  readonly #watchers = new Map<object, Watcher>();
  readonly #hot = new Set<Watcher>();

  constructor(reactor: Reactor) {
    this.#reactor = reactor;
  }

  io(handle: Handle, callback: Callback): void {
    check("io: handle", handle, HANDLE);
    if ((handle as Readable).destroyed) throw new IOLoopError("ERR_IOLOOP_HANDLE_CLOSED", "Handle is closed");
    let watcher = this.#watchers.get(handle);
    if (!watcher) {
      watcher = new Watcher(handle, (hot) => this.#heat(hot));
      this.#watchers.set(handle, watcher);
      const { engine } = this.#reactor;
      engine.watched++;
      engine.resources.add(watcher);
      engine.everyPass.add(this.#look);
      if (!engine.active) watcher.suspend();
    }
    watcher.callback = callback;
    watcher.watch(true, true);
  }

  watch(handle: Handle, read: boolean, write: boolean): void {
    const watcher = this.#watchers.get(handle);
    if (!watcher) throw new IOLoopError("ERR_IOLOOP_WATCHER_INACTIVE", "I/O watcher not active");
    watcher.watch(read, write);
  }

  remove(handle: Handle): boolean {
    const watcher = this.#watchers.get(handle);
    if (!watcher) return false;
    watcher.detach();
    this.#watchers.delete(handle);
    this.#hot.delete(watcher);
    const { engine } = this.#reactor;
    engine.watched--;
    engine.resources.delete(watcher);
    engine.ask();
    return true;
  }

  clear(): void {
    for (const watcher of this.#watchers.values()) watcher.detach();
    this.#watchers.clear();
    this.#hot.clear();
  }

  #heat(watcher: Watcher): void {
    this.#hot.add(watcher);
    this.#reactor.engine.wake();
  }

  #look = (): boolean => {
    for (const watcher of Array.from(this.#hot)) {
      if (!this.#hot.has(watcher)) continue; // removed by another's callback
      const ready = this.#run(watcher, false);
      const writable = this.#hot.has(watcher) && this.#run(watcher, true);
      if (!ready && !writable) this.#hot.delete(watcher);
    }
    return this.#hot.size > 0;
  };

  // Calls back when ready; whether it was.
  #run(watcher: Watcher, writable: boolean): boolean {
    if (!(writable ? watcher.isWritable : watcher.isReadable)) return false;
    const { engine } = this.#reactor;
    engine.dispatched();
    engine.guard.call(() => watcher.callback(this.#reactor, writable), undefined, "io");
    watcher.tookConnection();
    return true;
  }
}

class Watcher implements Resource {
  callback!: Callback;
  readonly #handle: Handle;
  readonly #heat: (watcher: Watcher) => void;
  readonly #listener: (socket?: unknown) => void;
  #read = true;
  #write = true;
  #connections = 0;

  constructor(handle: Handle, heat: (watcher: Watcher) => void) {
    this.#handle = handle;
    this.#heat = heat;
    this.#listener = () => heat(this);
    for (const event of EVENTS) handle.on(event, event === "connection" ? this.#connected : this.#listener);
    if (handle instanceof NetServer) return;
    // A first look makes the runtime read ahead, as far as its high-water mark.
    if ("read" in handle) handle.read(0);
  }

  get isReadable(): boolean {
    if (!this.#read) return false;
    if (this.#handle instanceof NetServer) return this.#connections > 0;
    const { readableLength, readableEnded, destroyed } = this.#handle as Readable;
    return readableLength > 0 || readableEnded || destroyed;
  }

  get isWritable(): boolean {
    if (!this.#write || this.#handle instanceof NetServer) return false;
    const { writable, writableNeedDrain, connecting } = this.#handle as Writable & { connecting?: boolean };
    return writable && !connecting && !writableNeedDrain;
  }

  watch(read: boolean, write: boolean): void {
    this.#read = read;
    this.#write = write;
    this.#heat(this);
  }

  tookConnection(): void {
    if (this.#connections > 0) this.#connections--;
  }

  detach(): void {
    for (const event of EVENTS) this.#handle.off(event, event === "connection" ? this.#connected : this.#listener);
  }

  suspend(): void {
    (this.#handle as { unref?: () => void }).unref?.();
  }

  resume(): void {
    (this.#handle as { ref?: () => void }).ref?.();
    this.#heat(this);
  }

  close(): void {
    this.detach();
  }

  #connected = (): void => {
    this.#connections++;
    this.#heat(this);
  };
}
