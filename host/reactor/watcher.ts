// What watchers of any kind have in common: what they are watched for, and when a handle has failed or is closed.

import type { EventEmitter as NodeEmitter } from "node:events";

/** What a watcher needs of its handle, whatever that is. */
export type Emitter = NodeEmitter & { ref?(): unknown; unref?(): unknown };

export type Guarded = (task: () => void) => void;

/** One handle of the runtime, and whether it is ready for what it is watched for. */
export abstract class Watcher {
  protected readonly heat: () => void;
  /** Runs what the handle calls, and reports what it throws. */
  protected readonly guarded: Guarded;
  protected read = false;
  protected write = false;
  protected suspended = false;
  readonly #handle: Emitter;
  readonly #events: readonly string[];
  #failed = false;

  /** Hears `events` of the handle, and its errors: while watched, none of them is fatal to the process. */
  constructor(handle: Emitter, heat: () => void, guarded: Guarded, events: readonly string[]) {
    this.#handle = handle;
    this.#events = events;
    this.heat = heat;
    this.guarded = guarded;
  }

  /** Begins to hear. Where that throws, {@link detach} takes back what was done. */
  attach(): void {
    for (const event of this.#events) this.#handle.on(event, this.heat);
    this.#handle.on("error", this.#fail);
  }

  /** Whether it is watched for reading, and readable. */
  get isReadable(): boolean {
    return this.read && (this.isGone || this.#failed || this.hasInput());
  }

  /** Whether it is watched for writing, and writable. */
  get isWritable(): boolean {
    return this.write && (this.isGone || this.#failed || this.hasRoom());
  }

  /** Changes what it is watched for. */
  watch(read: boolean, write: boolean): void {
    this.read = read;
    this.write = write;
  }

  /** A pass has looked at it. An error makes it ready once; what stays closed stays ready. */
  looked(): void {
    if (this.read || this.write) this.#failed = false;
  }

  /** Leaves nothing on the handle. */
  detach(): void {
    for (const event of this.#events) this.#handle.off(event, this.heat);
    this.#handle.off("error", this.#fail);
    if (this.suspended) this.resume();
  }

  /** The handle no longer keeps the process alive. */
  suspend(): void {
    this.suspended = true;
    this.#handle.unref?.();
  }

  resume(): void {
    if (!this.suspended) return;
    this.suspended = false;
    this.#handle.ref?.();
  }

  /** Whether the handle is closed for good. */
  protected abstract get isGone(): boolean;

  protected abstract hasInput(): boolean;

  protected abstract hasRoom(): boolean;

  #fail = (): void => {
    this.#failed = true;
    this.heat();
  };
}
