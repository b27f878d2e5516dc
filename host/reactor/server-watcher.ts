// A listening server is readable while it has connections that the program has not taken.
//
// The runtime accepts by itself and passes each connection to the listeners of an event; there is no `accept` to call. So if the
// program has a listener, the connection is taken, and the callback runs once for it. Otherwise the connection waits
// here until the program subscribes, and the callback runs in every tick.

import type { Server, Socket } from "node:net";
import { queueMicrotask } from "../base/runtime.ts";
import { type Guarded, Watcher } from "./watcher.ts";

const BACKLOG = 511; // connections that wait for the program; further ones are closed at once

const nothing = (): void => {};

/** Watches a listening server. */
export class ServerWatcher extends Watcher {
  readonly #server: Server;
  readonly #event: "connection" | "secureConnection";
  readonly #waiting: Socket[] = [];
  #taken = 0;
  #reported = false;
  #handing = false;
  #closed = false;

  constructor(server: Server, heat: () => void, guarded: Guarded) {
    super(server, heat, guarded, ["listening"]);
    this.#server = server;
    this.#event = "addContext" in server ? "secureConnection" : "connection";
  }

  override attach(): void {
    super.attach();
    this.#server.on(this.#event, this.#connected);
    this.#server.on("newListener", this.#subscribed);
    this.#server.on("close", this.#ended);
  }

  override looked(): void {
    super.looked();
    if (this.#reported && this.#taken > 0) this.#taken--;
    this.#reported = false;
  }

  override suspend(): void {
    super.suspend();
    for (const socket of this.#waiting) this.guarded(() => socket.unref());
  }

  override resume(): void {
    super.resume();
    for (const socket of this.#waiting) this.guarded(() => socket.ref());
  }

  override detach(): void {
    super.detach();
    this.#server.off(this.#event, this.#connected);
    this.#server.off("newListener", this.#subscribed);
    this.#server.off("close", this.#ended);
    try {
      this.#handOver(0);
    } finally {
      // The program cannot take them any more.
      for (const socket of this.#waiting.splice(0)) this.guarded(() => socket.destroy());
    }
  }

  protected override get isGone(): boolean {
    return this.#closed && !this.#server.listening;
  }

  protected override hasInput(): boolean {
    // Skip connections that closed while they waited.
    while (this.#waiting[0]?.destroyed) this.#waiting.shift();
    this.#reported = this.#taken > 0 || this.#waiting.length > 0;
    return this.#reported;
  }

  protected override hasRoom(): boolean {
    return false;
  }

  #connected = (socket: Socket): void => {
    if (this.#handing) return;
    this.#attempt(socket, () => this.#arrived(socket));
    this.heat();
  };

  #arrived(socket: Socket): void {
    if (this.#server.listenerCount(this.#event) > 1) {
      this.#taken++;
    } else if (this.#waiting.length >= BACKLOG) {
      socket.on("error", nothing).destroy();
      return;
    } else {
      socket.on("error", nothing); // or an error of a waiting connection would end the process
      if (this.suspended) socket.unref();
      this.#waiting.push(socket);
    }
  }

  // Closes the connection if the task throws.
  #attempt(socket: Socket, task: () => void): void {
    this.guarded(() => {
      try {
        task();
      } catch (error) {
        socket.destroy();
        throw error;
      }
    });
  }

  // The listener is added after this event, so it gets the connections in a microtask.
  #subscribed = (event: string | symbol): void => {
    if (event === this.#event && this.#waiting.length > 0) queueMicrotask(() => this.guarded(() => this.#handOver(1)));
  };

  #ended = (): void => {
    this.#closed = true;
    this.heat();
  };

  // Emits the waiting connections while there are more listeners than `ours`: one added by `once` takes a single connection.
  #handOver(ours: number): void {
    while (this.#waiting.length > 0 && this.#server.listenerCount(this.#event) > ours) {
      const socket = this.#waiting.shift()!;
      this.#attempt(socket, () => this.#hand(socket));
    }
  }

  #hand(socket: Socket): void {
    socket.off("error", nothing);
    if (socket.destroyed) return;
    if (this.suspended) socket.ref();
    this.#handing = true;
    try {
      this.#server.emit(this.#event, socket);
    } finally {
      this.#handing = false;
    }
  }
}
