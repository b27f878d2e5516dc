// The base of all watchers: what a handle is watched for, and whether it has failed or is closed.

import type { EventEmitter as NodeEmitter } from "node:events";

/** The part of a handle that a watcher needs. */
export type Emitter = NodeEmitter & { ref?(): unknown; unref?(): unknown };

export type Guarded = (task: () => void) => void;

/** Watches one handle of the runtime. */
export abstract class Watcher {
  protected readonly heat: () => void;
  /** Runs a task in a listener of the handle, and reports exceptions. */
  protected readonly guarded: Guarded;
  protected read = false;
  protected write = false;
  protected suspended = false;
  readonly #handle: Emitter;
  readonly #events: readonly string[];
  #failed = false;

  /** `heat` is called for each of `events`, and for errors, which do not end the process while the handle is watched. */
  constructor(handle: Emitter, heat: () => void, guarded: Guarded, events: readonly string[]) {
    this.#handle = handle;
    this.#events = events;
    this.heat = heat;
    this.guarded = guarded;
  }

  /** Adds the listeners. If that throws, {@link detach} removes those that were added. */
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

  /** A pass has checked the handle. An error makes it ready once; a closed handle stays ready. */
  looked(): void {
    if (this.read || this.write) this.#failed = false;
  }

  /** Removes all listeners from the handle. */
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

  /** Whether the handle has closed. */
  protected abstract get isGone(): boolean;

  protected abstract hasInput(): boolean;

  protected abstract hasRoom(): boolean;

  #fail = (): void => {
    this.#failed = true;
    this.heat();
  };
}
