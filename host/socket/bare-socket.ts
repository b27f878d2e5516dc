// An accepted connection without the runtime's socket around it: on Node and Bun.
//
// A `net.Socket` consists of two streams with states, queues and listeners. A loop's stream needs none of them, and they are a large part
// of the cost of accepting, and of the memory of an idle connection. So the loop uses the runtime's handle directly, with a BareSocket in
// place of the socket. A real socket is created as soon as the program asks for it.

import type { Channel } from "node:diagnostics_channel";
import type { Server, Socket } from "node:net";
import { channels } from "./builtin.ts";
import type { Passing } from "./read-buffers.ts";

/** The listener of a connection. */
export interface Listener {
  received(chunk: Buffer): void;
  /** Whether its reader has no room for more. */
  readonly isFull?: boolean;
  /** Its reader, if that reads much and passes it on. */
  readonly passing?: Passing | undefined;
  failed(error: Error): void;
  /** The connection has closed or, with `ended`, the peer has ended its side. */
  disconnected(ended: boolean): void;
}

/** The peer's address. Empty for UNIX sockets and closed connections. */
export interface Peer {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** Our address. Empty for UNIX sockets and closed connections. */
export interface Local {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

/** Called once, when the system has taken a piece, or with the error if it cannot. */
export type Done = (error?: Error | null) => void;

/** A listening server, with properties that its types do not declare. */
export type Accepting = Server & {
  /** Whether its connections send small pieces at once (TCP_NODELAY). */
  noDelay?: boolean;
  _connections: number;
  _emitCloseIfDrained?(): void;
  blockList?: unknown;
};

/** A connection. It reads nothing until it has a listener and is resumed. */
export abstract class BareSocket {
  /** Whether it is closed, or has been turned into a socket. */
  destroyed = false;
  /** Whether the peer has ended its side. */
  readableEnded = false;
  /** Whether our side has ended. */
  writableEnded = false;
  listener: Listener | undefined;
  /** Whether it is resumed. */
  isReading = false;
  protected readonly server: Accepting;

  constructor(server: Accepting) {
    this.server = server;
  }

  /** Stub for EventEmitter's `on`. A BareSocket has one listener and emits nothing else. */
  on(_name: string, _callback: unknown): this {
    return this;
  }

  off(_name: string, _callback: unknown): this {
    return this;
  }

  /** No effect: the listener decides when our side ends. */
  set allowHalfOpen(_on: boolean) {}

  /** Always 0: input is delivered at once. */
  get readableLength(): number {
    return 0;
  }

  /** Sets the listener. */
  hear(listener: Listener): void {
    this.listener = listener;
  }

  abstract pause(): void;
  abstract resume(): void;
  abstract ref(): void;
  abstract unref(): void;
  /** Sets TCP_NODELAY. No effect on connections that are not TCP. */
  abstract setNoDelay(on: boolean): void;
  abstract setKeepAlive(on: boolean, milliseconds: number): void;
  /** Writes a piece. If the system takes all of it at once, `done` is called before this returns. */
  abstract send(piece: Buffer | string, encoding: BufferEncoding, done: Done): void;
  /** Ends our side, once. Returns false if that needs the runtime's socket. */
  end(): boolean {
    return this.writableEnded || (this.writableEnded = this.shut());
  }

  protected abstract shut(): boolean;
  /** Closes at once. Data that the system has taken is still sent. */
  abstract destroy(error?: Error): void;
  abstract peer(): Peer;
  abstract local(): Local;
  /** Closes with a TCP reset (RST) instead of a normal end (FIN). */
  abstract reset(): void;
  /** Turns it into a socket of the runtime, paused and without listeners. */
  abstract toSocket(): Socket;

  /** Removes it from the server's count of connections. */
  protected left(): void {
    // oxlint-disable no-underscore-dangle -- the runtime's names
    this.server._connections--;
    this.server._emitCloseIfDrained?.();
  }
}

// Looked up once: the runtime holds its channels weakly, and the lookup would noticeably slow down accepting.
let accepted: Channel | undefined;

/** Whether other code may see the sockets of a server, so that real ones are needed. */
export function isOfInterest(server: Accepting): boolean {
  return (
    server.listenerCount("connection") > 1 ||
    (server.maxConnections ?? undefined) !== undefined ||
    (server.blockList ?? undefined) !== undefined ||
    (accepted ??= channels().channel("net.server.socket")).hasSubscribers
  );
}
