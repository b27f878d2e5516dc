// What `Bun.listen` has of a connection, and how the runtime comes to make its socket of one.

import type { Socket } from "node:net";
import type { Accepting } from "./bare-socket.ts";

/** What the runtime has of a connection. */
export interface RawSocket {
  data: unknown;
  /** Gives how many bytes the system has taken; below zero where it takes no more. */
  write(piece: string | Uint8Array): number;
  pause(): void;
  resume(): void;
  ref(): void;
  unref(): void;
  setKeepAlive(on: boolean, milliseconds: number): void;
  setNoDelay(on: boolean): void;
  /** Ends our side, as `end` would end both. */
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

/** What the connections of a server have in common. */
export interface Origin {
  readonly server: Accepting;
  readonly handlers: Handlers;
  /** What listens. It is needed still when it does not any more. */
  listener: unknown;
}

/**
 * Has the runtime make its socket. It hands it over by an event of the server, which nobody else is to hear now; nor do limits count that
 * were set after the connection had come.
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
