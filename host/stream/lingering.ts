// A connection whose stream is closed and whose side has ended. It discards input until the peer ends its side.
//
// If a socket is closed while its peer is still sending, the system resets the connection, and the peer loses what it has not read yet, such
// as the last answer. So our side ends first, and the socket closes when the peer has ended, after 1 MiB of input, or after 2 s.

import { clearTimeout, setTimeout, unrefTimer } from "../base/runtime.ts";
import type { Connection } from "../engine/connections.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import type { Listener } from "../socket/bare-socket.ts";
import { type AnyHandle, endSideFor, leave, release } from "../socket/handle.ts";

const MOST = 1_048_576; // bytes
const MS = 2000; // as the core has it

/** Reads and writes a handle without its stream. */
export interface User {
  /** Ends our side of what is on top of the handle; returns false if nothing is. */
  endSide?(): boolean;
}

/** Replaces a stream in the table of connections, and adopts its handle. */
export class Lingering implements Connection, Listener {
  id: number;
  readonly #engine: LoopEngine;
  #handle: AnyHandle;
  readonly #user: User | undefined;
  #dropped = 0;
  #isOver = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `user` reads the handle, if the stream does not. */
  constructor(engine: LoopEngine, id: number, handle: AnyHandle, user: User | undefined) {
    this.id = id;
    this.#engine = engine;
    this.#handle = handle;
    this.#user = user;
  }

  /** Ends our side. If the handle throws, closes it and throws that. */
  begin(): void {
    const { connections, active } = this.#engine;
    try {
      this.#handle = endSideFor(this.#handle, this, this.#user);
    } catch (error) {
      this.#over(false);
      throw error;
    }
    const id = connections.linger(this.id, this);
    if (id === 0) return this.#over(true);
    this.id = id;
    if (!active) this.suspend();
  }

  received(chunk: Buffer): void {
    this.#dropped += chunk.length;
    if (this.#dropped >= MOST) this.#over(false);
  }

  disconnected(): void {
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

  /** While the loop is stopped, a timer of the runtime replaces its deadline. It does not keep the process alive. */
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

  // Runs a task. If it throws, the connection is closed.
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
    const active = engine.enter(); // so that the core decides now what follows, without another pass
    try {
      engine.connections.close(this.id);
      engine.guard.run("close", () => this.#forgetTimer());
      engine.guard.run("close", () => release(this.#handle, gracefully));
    } finally {
      if (active) engine.end();
    }
  }
}
