// The connections of `Bun.listen`, and how to make the runtime create its socket for one.

import type { Socket } from "node:net";
import type { Accepting } from "./bare-socket.ts";

/** The runtime's own object for a connection. */
export interface RawSocket {
  data: unknown;
  /** Returns how many bytes the system has taken; below zero if it takes no more. */
  write(piece: string | Uint8Array): number;
  pause(): void;
  resume(): void;
  ref(): void;
  unref(): void;
  setKeepAlive(on: boolean, milliseconds: number): void;
  setNoDelay(on: boolean): void;
  /** Ends our side only; `end` would end both. */
  shutdown(): void;
  close(): void;
  /** Resets the connection. */
  terminate(): void;
  readonly remoteAddress?: string;
  readonly remotePort?: number;
  readonly localAddress?: string;
  readonly localPort?: number;
}

export type Handler<T> = (this: unknown, raw: RawSocket, detail: T) => void;

export interface Handlers {
  open: Handler<void>;
  data: Handler<Buffer>;
  drain: Handler<unknown>;
  end: Handler<void>;
  error: Handler<Error>;
  close: Handler<Error | undefined>;
}

export type Event = keyof Handlers;

export const EVENTS: readonly Event[] = ["open", "data", "drain", "end", "error", "close"];

export interface ListenOptions {
  socket: Handlers;
  pauseOnConnect?: boolean;
}

export interface Runtime {
  listen: (this: unknown, options: ListenOptions) => unknown;
}

/** The shared data of a server's connections. */
export interface Origin {
  readonly server: Accepting;
  readonly handlers: Handlers;
  /** The Bun listener. Kept after it has stopped listening, because open connections still refer to it. */
  listener: unknown;
}

/**
 * Makes the runtime create its socket. The runtime passes it to an event of the server, which must not reach other listeners here. And
 * limits that were set after the connection arrived must not apply to it.
 */
export function openByRuntime(raw: RawSocket, { server, handlers, listener }: Origin): Socket {
  let made: Socket | undefined;
  const emit = (_name: string, socket: unknown): boolean => {
    made = socket as Socket;
    return true;
  };
  const meanwhile = { emit, _handle: listener, maxConnections: undefined, blockList: undefined };
  const names = Object.keys(meanwhile);
  const before = names.map((name) => Object.getOwnPropertyDescriptor(server, name));
  Object.assign(server, meanwhile);
  raw.data = server;
  try {
    handlers.open.call(raw, raw);
  } finally {
    for (const [i, name] of names.entries()) {
      const descriptor = before[i];
      if (descriptor) Object.defineProperty(server, name, descriptor);
      else Reflect.deleteProperty(server, name);
    }
  }
  return made!;
}
