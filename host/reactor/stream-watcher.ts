// Whether a stream of the runtime can be read from or written to, learnt without taking a byte from it.
//
// While it is watched for reading, a stream does not flow: what arrives waits in its buffer, as far as its high-water mark,
// until somebody calls `read()`. Subscribing to "readable" the usual way would change how the stream flows after it too, so
// the listener is put on past the stream's own `on`, and the stream is told to look for data by `read(0)`.

import { EventEmitter as NodeEmitter } from "node:events";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { nextTickOfRuntime } from "../base/runtime.ts";
import { type Guarded, Watcher } from "./watcher.ts";

type Stream = Readable & Writable;

const EVENTS = ["end", "close", "connect", "drain"];

/** Watches a Readable, a Writable, or what is both. */
export class StreamWatcher extends Watcher {
  readonly #handle: Stream;
  readonly #reads: boolean;
  #holds = false;
  #detached = false;
  // How it flowed when it was taken: true, false (paused by the program) or null (nobody has said).
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
    // Nobody reads it now: the runtime is to leave the terminal alone again, or it would keep the process alive.
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
    else NodeEmitter.prototype.on.call(handle, "readable", this.heat);
    this.#holds = true;
    if (!this.#flowed) return;
    handle.pause();
    // The runtime may stop reading a terminal that has been paused, a moment later: then it is looked at once more.
    nextTickOfRuntime(this.heat);
  }

  #letGo(): void {
    const handle = this.#handle;
    if (ownsOn(handle)) handle.off("readable", this.heat);
    else NodeEmitter.prototype.off.call(handle, "readable", this.heat);
    this.#holds = false;
    if (this.#flowed && !ownsOn(handle)) handle.resume();
  }

  // A "data" listener that is added next to one of "readable" has the stream believe, for good, that the latter rules its flow.
  // So ours is away at that moment, and back before anything flows.
  #added = (event: string | symbol): void => {
    if (event !== "data" || !this.#holds) return;
    this.#letGo();
    nextTickOfRuntime(this.#holdAgain);
  };

  // The same when the program takes a "readable" listener of its own off: the stream looks who is left a moment later.
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
  return handle.fd === 0; // to ask for process.stdin would open it
}

// Bun's standard input begins to read in an `on` of its own.
function ownsOn(handle: object): boolean {
  return Object.hasOwn(handle, "on");
}

// Some Duplexes cannot be read, and look like one whose end has been read: the input of a child process, say. And to read
// from where a terminal is written to would take the input away from the one that reads it.
function hasReadSide(handle: Stream & { isTTY?: boolean }): boolean {
  if (typeof handle.read !== "function" || (handle.isTTY && !("setRawMode" in handle))) return false;
  // oxlint-disable-next-line no-underscore-dangle -- that is its name; where it is missing, the handle counts as readable
  return (handle as { _readableState?: { readable?: boolean } })._readableState?.readable !== false;
}
