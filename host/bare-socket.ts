// An accepted connection without the runtime's socket around it: on Node.
//
// A `net.Socket` is two streams with states, queues and listeners, and a loop's stream needs none of them: they are half of what
// accepting costs, and half of the memory of an idle connection. So the loop takes the handle that the runtime would make its socket of, and
// stands in the socket's place: the runtime's own functions read and write through it, and find on it what they ask of a socket.
// Whoever asks for the socket gets one, made of the handle there and then.
// Where anything of this is missing, sockets are what there is; also with IOLOOP_FAST=0.

import { hasSubscribers } from "node:diagnostics_channel";
import { type Server, Socket } from "node:net";
import { getSystemErrorName } from "node:util";
import { copyOf, sharedBuffer } from "./fast-socket.ts";
import { type HandleNames, internals } from "./internals.ts";

/** Who hears a connection. */
export interface Listener {
  received(chunk: Buffer): void;
  failed(error: Error): void;
  /** The connection is closed, or, with `ended`, the peer has ended its side. */
  closed(ended: boolean): void;
}

// What the runtime has of a connection.
interface RawHandle {
  [name: symbol]: unknown;
  onread: unknown;
  readStart(): number;
  readStop(): number;
  ref(): void;
  unref(): void;
  close(): void;
  setNoDelay?(on: boolean): void;
  useUserBuffer(buffer: Uint8Array): void;
}

type Accepting = Server & {
  _connections: number;
  _emitCloseIfDrained?(): void;
  _handle?: { onconnection?: (this: unknown, error: number, handle: RawHandle | undefined) => void } | null;
  blockList?: unknown;
};

type Done = (error?: Error | null) => void;

/* oxlint-disable no-underscore-dangle -- the runtime's names */

let names: HandleNames | undefined;

/** A connection, silent until it is heard and resumed. */
export class BareSocket {
  [name: symbol]: unknown;
  /** Whether it is closed, or has become a socket. */
  destroyed = false;
  /** Whether the peer has ended its side. */
  readableEnded = false;
  listener: Listener | undefined;
  readonly #server: Accepting;
  /** Whether it is resumed. */
  isReading = false;
  // Set by the runtime when it writes.
  protected _pendingData: unknown = null;
  protected _pendingEncoding = "";
  declare protected _writeGeneric: (many: boolean, piece: Buffer | string, encoding: string, done: Done) => void;

  constructor(handle: RawHandle, server: Accepting) {
    this.#server = server;
    this[names!.handle] = handle;
  }

  /** It has no events: there is its listener, and while it has none, nothing happens to it. */
  on(_name: string, _callback: unknown): this {
    return this;
  }

  off(_name: string, _callback: unknown): this {
    return this;
  }

  /** What has come is told at once. */
  get readableLength(): number {
    return 0;
  }

  /** Tells a listener what comes. */
  hear(listener: Listener): void {
    this.listener = listener;
    const handle = this.#handle!;
    handle[names!.owner] = this;
    handle.onread = names!.onread;
    handle.useUserBuffer(sharedBuffer());
  }

  pause(): void {
    if (!this.isReading) return;
    this.isReading = false;
    this.#handle?.readStop();
  }

  resume(): void {
    if (this.isReading || !this.#handle) return;
    this.isReading = true;
    const code = this.#handle.readStart();
    if (code < 0) this.destroy(systemError("read", code));
  }

  ref(): void {
    this.#handle?.ref();
  }

  unref(): void {
    this.#handle?.unref();
  }

  setNoDelay(on: boolean): void {
    this.#handle?.setNoDelay?.(on);
  }

  /** Writes; `done` is called once: before this returns, where the system has taken it all. */
  send(piece: Buffer | string, encoding: BufferEncoding, done: Done): void {
    this._writeGeneric(false, piece, typeof piece === "string" ? encoding : "buffer", done);
  }

  /** Closes at once. All that was written and has been taken is sent still. */
  destroy(error?: Error): void {
    const handle = this.#release();
    if (!handle) return;
    handle.close();
    const server = this.#server;
    server._connections--;
    server._emitCloseIfDrained?.();
    if (error) this.listener?.failed(error);
  }

  /** Makes the runtime's socket of it, paused, and heard by nobody. */
  toSocket(): Socket {
    this.pause();
    const handle = this.#release();
    const socket = new Socket({ handle, allowHalfOpen: true, pauseOnCreate: true } as object);
    socket.setNoDelay(true); // it is, and the socket is to know
    return Object.assign(socket, { server: this.#server, _server: this.#server });
  }

  get #handle(): RawHandle | null {
    return this[names!.handle] as RawHandle | null;
  }

  #release(): RawHandle | null {
    const handle = this.#handle;
    this[names!.handle] = null;
    this.destroyed = true;
    return handle;
  }
}

/** Has a listening server give its connections bare, to `accepted` alone; it does nothing where the runtime cannot. */
export function acceptBare(netServer: Server, accepted: (socket: BareSocket) => void): void {
  const server = netServer as Accepting;
  const { _handle: listening } = server;
  const accept = listening?.onconnection;
  if (typeof accept !== "function" || !prepare()) return;
  listening!.onconnection = function (error, handle) {
    if (error || typeof handle?.useUserBuffer !== "function" || isOfInterest(server)) {
      return accept.call(this, error, handle);
    }
    server._connections++;
    accepted(new BareSocket(handle, server));
  };
}

// Whether anybody but us looks at the sockets of a server.
function isOfInterest(server: Accepting): boolean {
  return (
    server.listenerCount("connection") > 1 ||
    (server.maxConnections ?? undefined) !== undefined ||
    (server.blockList ?? undefined) !== undefined ||
    hasSubscribers("net.server.socket")
  );
}

// What the runtime looks for on the socket of a handle: whether it can be there.
function prepare(): boolean {
  if (names) return true;
  const { read, handle } = internals();
  if (!read || !handle) return false;
  names = handle;
  const nothing = (): void => {};
  Object.defineProperties(
    BareSocket.prototype,
    Object.getOwnPropertyDescriptors({
      connecting: false,
      _parent: null,
      _readableState: { endEmitted: false },
      get _handle(): unknown {
        return (this as unknown as BareSocket)[handle.handle];
      },
      _writeGeneric: handle.writeGeneric,
      _unrefTimer: nothing,
      [handle.updateTimer]: nothing,
      [handle.afterWrite]: nothing,
      [read.buffer]: sharedBuffer(),
      [read.next]: null,
      [read.callback](this: BareSocket, length: number, buffer: Buffer): boolean {
        this.listener?.received(copyOf(buffer, length));
        return true;
      },
      // The end: the runtime would have the socket put it behind what was read before.
      push(this: BareSocket): void {
        this.readableEnded = true;
        this.listener?.closed(true);
      },
      read: nothing,
    }),
  );
  return true;
}

function systemError(call: string, errno: number): Error {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`${call} ${code}`), { code, errno, syscall: call });
}
