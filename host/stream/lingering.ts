// A connection that has ended its side, and whose stream is closed: what still comes is dropped until the peer ends.
//
// A socket that is closed while its peer is still sending resets the connection, and the reset destroys what the peer has not read yet: the
// answer that was sent before. So ours ends first, and closes when the peer has ended, when much has come, or after 2 s.

import { clearTimeout, setTimeout, unrefTimer } from "../base/runtime.ts";
import type { Connection } from "../engine/connections.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import type { Listener } from "../socket/bare-socket.ts";
import { type AnyHandle, endSideFor, leave, release } from "../socket/handle.ts";

const MOST = 1_048_576; // bytes
const MS = 2000; // as the core has it

/** Reads and writes a handle past its stream. */
export interface User {
  /** Ends our side of what it has made of the handle; false if that is just the handle. */
  endSide?(): boolean;
}

/** Takes a stream's place in the table of connections, and its handle. */
export class Lingering implements Connection, Listener {
  readonly id: number;
  readonly #engine: LoopEngine;
  #handle: AnyHandle;
  readonly #user: User | undefined;
  #dropped = 0;
  #isOver = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `user`: who reads the handle, if it is not the stream. */
  constructor(engine: LoopEngine, id: number, handle: AnyHandle, user: User | undefined) {
    this.id = id;
    this.#engine = engine;
    this.#handle = handle;
    this.#user = user;
  }

  /** Ends our side. Throws what the handle throws; then it is over. */
  begin(): void {
    const { connections, active } = this.#engine;
    try {
      this.#handle = endSideFor(this.#handle, this, this.#user);
    } catch (error) {
      this.#over(false);
      throw error;
    }
    if (!connections.linger(this.id, this)) this.#over(true);
    else if (!active) this.suspend();
  }

  received(chunk: Buffer): void {
    this.#dropped += chunk.length;
    if (this.#dropped >= MOST) this.#over(false);
  }

  closed(): void {
    this.#over(true);
  }

  failed(): void {
    this.#over(false);
  }

  expire(): void {
    this.#over(false);
  }

  close(): void {
    this.#over(false);
  }

  /** While the loop is stopped, nothing counts its time: the runtime does, and need not wait for it. */
  suspend(): void {
    this.#attempt(() => {
      this.#timer ??= setTimeout(() => this.#over(false), MS);
      unrefTimer(this.#timer);
      this.#handle.unref?.();
    });
  }

  resume(): void {
    this.#attempt(() => {
      this.#forgetTimer();
      this.#handle.ref?.();
    });
  }

  // What throws ends it.
  #attempt(task: () => void): void {
    if (this.#isOver) return;
    try {
      task();
    } catch (error) {
      this.#over(false);
      throw error;
    }
  }

  #forgetTimer(): void {
    const timer = this.#timer;
    this.#timer = undefined;
    if (timer !== undefined) clearTimeout(timer);
  }

  #over(gracefully: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    leave(this.#handle);
    const engine = this.#engine;
    const active = engine.enter(); // so that what follows is decided now, and no pass is needed for it
    try {
      engine.connections.close(this.id);
      engine.guard.run("close", () => this.#forgetTimer());
      engine.guard.run("close", () => release(this.#handle, gracefully));
    } finally {
      if (active) engine.end();
    }
  }
}
