// Finds out whether a stream of the runtime is readable or writable, without reading a byte from it.
//
// While it is watched for reading, a stream does not flow: data waits in its buffer, up to its high-water mark, until the
// program calls `read()`. Subscribing to "readable" in the usual way would also change how the stream flows afterwards. So
// the listener is added by EventEmitter's `on` instead of the stream's, and `read(0)` makes the stream look for data.

import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { nextTickOfRuntime } from "../base/runtime.ts";
import { events } from "../socket/builtin.ts";
import { type Guarded, Watcher } from "./watcher.ts";

type Stream = Readable & Writable;

const EVENTS = ["end", "close", "connect", "drain"];

/** Watches a Readable, a Writable, or a Duplex. */
export class StreamWatcher extends Watcher {
  readonly #handle: Stream;
  readonly #reads: boolean;
  #holds = false;
  #detached = false;
  // Whether the stream flowed before: true, false (paused by the program) or null (not decided yet).
  #flowed: boolean | null = null;

  constructor(handle: Readable | Writable, heat: () => void, guarded: Guarded) {
    super(handle, heat, guarded, EVENTS);
    this.#handle = handle as Stream;
    this.#reads = hasReadSide(this.#handle);
  }

  override attach(): void {
    super.attach();
    this.#handle.on("newListener", this.#added);
    this.#handle.on("removeListener", this.#removed);
  }

  override watch(read: boolean, write: boolean): void {
    super.watch(read, write);
    if (read && this.#reads && !this.#holds) this.#hold();
    else if (!read && this.#holds) this.#letGo();
  }

  override detach(): void {
    super.detach();
    this.#detached = true;
    this.#handle.off("newListener", this.#added);
    this.#handle.off("removeListener", this.#removed);
    if (this.#holds) this.#letGo();
    // If the program does not read standard input, the runtime must stop reading the terminal, or that would keep the process alive.
    if (isStandardInput(this.#handle) && !this.#handle.readableFlowing) this.#handle.emit("pause");
  }

  protected override get isGone(): boolean {
    return this.#handle.destroyed;
  }

  protected override hasInput(): boolean {
    const handle = this.#handle;
    if (!this.#reads) return false;
    if (handle.readableLength === 0 && !handle.readableEnded) handle.read(0);
    return handle.readableLength > 0 || handle.readableEnded;
  }

  protected override hasRoom(): boolean {
    const handle = this.#handle;
    if (!handle.writable || handle.writableNeedDrain) return false;
    return !(handle instanceof Socket && handle.pending);
  }

  #hold(): void {
    const handle = this.#handle;
    this.#flowed = handle.readableFlowing;
    if (ownsOn(handle)) handle.on("readable", this.heat);
    else events().EventEmitter.prototype.on.call(handle, "readable", this.heat);
    this.#holds = true;
    if (!this.#flowed) return;
    handle.pause();
    // The runtime may stop reading a paused terminal a moment later, so check once more then.
    nextTickOfRuntime(this.heat);
  }

  #letGo(): void {
    const handle = this.#handle;
    if (ownsOn(handle)) handle.off("readable", this.heat);
    else events().EventEmitter.prototype.off.call(handle, "readable", this.heat);
    this.#holds = false;
    if (this.#flowed && !ownsOn(handle)) handle.resume();
  }

  // If a "data" listener is added while there is one for "readable", the stream lets the latter control its flow permanently.
  // So ours is removed at that moment, and added again before anything flows.
  #added = (event: string | symbol): void => {
    if (event !== "data" || !this.#holds) return;
    this.#letGo();
    nextTickOfRuntime(this.#holdAgain);
  };

  // The same when the program removes its own "readable" listener: the stream checks a moment later whether one is left.
  #removed = (event: string | symbol, listener: unknown): void => {
    if (event !== "readable" || listener === this.heat || !this.#holds) return;
    this.#letGo();
    nextTickOfRuntime(() => nextTickOfRuntime(this.#holdAgain));
  };

  #holdAgain = (): void => {
    if (this.#detached || this.#holds || !this.read) return;
    this.guarded(() => this.#hold());
    this.heat();
  };
}

function isStandardInput(handle: Stream & { fd?: unknown }): boolean {
  return handle.fd === 0; // reading process.stdin would open it
}

// Bun's standard input has its own `on`, which starts reading.
function ownsOn(handle: object): boolean {
  return Object.hasOwn(handle, "on");
}

// Some Duplexes are not readable, and look as if they had ended: the standard input of a child process, for example. And reading
// from a terminal's output handle would steal input from the handle that reads it.
function hasReadSide(handle: Stream & { isTTY?: boolean }): boolean {
  if (typeof handle.read !== "function" || (handle.isTTY && !("setRawMode" in handle))) return false;
  // oxlint-disable-next-line no-underscore-dangle -- that is its name; without it, the handle counts as readable
  return (handle as { _readableState?: { readable?: boolean } })._readableState?.readable !== false;
}
