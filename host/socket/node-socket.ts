// A bare connection on Node: a handle, with the runtime's own functions for reading and writing. They find on a NodeSocket all that
// they use of a socket. If any of this is missing, and with IOLOOP_FAST=0, connections are ordinary sockets.

import { type Server, Socket } from "node:net";
import {
  type Accepting,
  BareSocket,
  type Done,
  type Listener,
  type Local,
  type Peer,
  isOfInterest,
} from "./bare-socket.ts";
import { util } from "./builtin.ts";
import { type HandleNames, internals } from "./node-internals.ts";
import { chooseNext, chunkOf, sharedBuffer, takeNext } from "./read-buffers.ts";

// The runtime's own object for a connection.
interface RawHandle {
  [name: symbol]: unknown;
  onread: unknown;
  readStart(): number;
  readStop(): number;
  ref(): void;
  unref(): void;
  close(): void;
  getpeername?(peer: { address?: string; port?: number }): number;
  getsockname?(local: { address?: string; port?: number }): number;
  reset?(done: () => void): number;
  setKeepAlive?(on: boolean, seconds: number): void;
  setNoDelay?(on: boolean): void;
  useUserBuffer(buffer: Uint8Array): void;
}

type Listening = Accepting & {
  _handle?: {
    onconnection?: (this: unknown, error: number, handle: RawHandle | undefined) => void;
    setNoDelay?(on: boolean): number;
  } | null;
};

/* oxlint-disable no-underscore-dangle -- the runtime's names */

let names: HandleNames | undefined;

const nothing = (): void => {};

class NodeSocket extends BareSocket {
  [name: symbol]: unknown;
  private _isShutting = false;
  declare protected _final: ((done: Done) => void) | undefined;
  declare protected _writeGeneric: (many: boolean, piece: Buffer | string, encoding: string, done: Done) => void;

  /** The handle. Not private with `#`, which would be a field of each connection. */
  get raw(): RawHandle | null {
    return this[names!.handle] as RawHandle | null;
  }

  constructor(handle: RawHandle, server: Accepting) {
    super(server);
    this[names!.handle] = handle;
  }

  override hear(listener: Listener): void {
    super.hear(listener);
    const handle = this.raw!;
    // Once only: the runtime would read into that buffer from then on, and pass on the one that was chosen last, with whatever is in it.
    if (handle[names!.owner] === this) return;
    handle[names!.owner] = this;
    handle.onread = names!.onread;
    handle.useUserBuffer(sharedBuffer());
  }

  override pause(): void {
    if (!this.isReading) return;
    this.isReading = false;
    this.raw?.readStop();
  }

  override resume(): void {
    const handle = this.raw;
    if (this.isReading || !handle) return;
    this.isReading = true;
    const code = handle.readStart();
    if (code < 0) this.destroy(systemError("read", code));
  }

  override ref(): void {
    this.raw?.ref();
  }

  override unref(): void {
    this.raw?.unref();
  }

  override setNoDelay(on: boolean): void {
    this.raw?.setNoDelay?.(on);
  }

  override setKeepAlive(on: boolean, milliseconds: number): void {
    this.raw?.setKeepAlive?.(on, milliseconds / 1000);
  }

  override send(piece: Buffer | string, encoding: BufferEncoding, done: Done): void {
    this._writeGeneric(false, piece, typeof piece === "string" ? encoding : "buffer", done);
  }

  protected override shut(): boolean {
    if (typeof this._final !== "function") return false;
    this._isShutting = true;
    this._final((error) => {
      this._isShutting = false;
      if (error) this.destroy(error);
    });
    return true;
  }

  override destroy(error?: Error): void {
    const handle = takeHandle(this);
    if (!handle) return;
    try {
      handle.close();
    } finally {
      this.left();
    }
    if (error) this.listener?.failed(error);
  }

  override peer(): Peer {
    const peer: { address?: string; port?: number } = {};
    this.raw?.getpeername?.(peer);
    return { remoteAddress: peer.address, remotePort: peer.port };
  }

  override local(): Local {
    const local: { address?: string; port?: number } = {};
    this.raw?.getsockname?.(local);
    return { localAddress: local.address, localPort: local.port };
  }

  override reset(): void {
    const handle = takeHandle(this);
    if (!handle) return;
    try {
      // UNIX domain sockets cannot be reset (no RST): close normally. While our end is on its way a reset fails, and the handle could not
      // be closed any more.
      if (this._isShutting || !handle.reset || handle.reset(nothing) < 0) handle.close();
    } catch (error) {
      handle.close();
      throw error;
    } finally {
      this.left();
    }
  }

  override toSocket(): Socket {
    this.pause();
    const handle = takeHandle(this);
    let socket: Socket | undefined;
    try {
      socket = new Socket({ handle, pauseOnCreate: true } as object);
      if (this.server.noDelay !== false) socket.setNoDelay(true); // already in effect, but the socket must know
      return Object.assign(socket, { server: this.server, _server: this.server });
    } catch (error) {
      this.left();
      if (socket) socket.destroy();
      else handle?.close();
      throw error;
    }
  }
}

function takeHandle(socket: NodeSocket): RawHandle | null {
  const handle = socket.raw;
  socket[names!.handle] = null;
  socket.destroyed = true;
  return handle;
}

/**
 * Makes the connections of a listening server bare, and passes them only to `accepted`, which must not throw. Does nothing if this
 * runtime does not support it. `failed` is called with errors that the runtime throws.
 */
export function acceptOnNode(
  netServer: Server,
  accepted: (socket: BareSocket) => void,
  failed: (error: unknown) => void,
): void {
  const server = netServer as Listening;
  const { _handle: listening } = server;
  const accept = listening?.onconnection;
  if (typeof accept !== "function" || !prepare()) return;
  listening!.onconnection = function (error, handle) {
    let isBare = false;
    try {
      isBare = !error && typeof handle?.useUserBuffer === "function" && !isOfInterest(server);
    } catch (failure) {
      failed(failure);
    }
    if (!isBare) return accept.call(this, error, handle);
    server._connections++;
    accepted(new NodeSocket(handle!, server));
  };
}

/** Makes the connections that a server accepts from now on inherit TCP_NODELAY. Returns false if they do not: only Linux does so. */
export function inheritNoDelay(netServer: Server): boolean {
  const isLinux = process.platform === "linux" && process.versions["deno"] === undefined;
  return isLinux && names !== undefined && (netServer as Listening)._handle?.setNoDelay?.(true) === 0;
}

// Adds to NodeSocket everything that the runtime uses of a handle's socket. Returns false if the internals are missing.
function prepare(): boolean {
  if (names) return true;
  const { read, handle } = internals();
  if (!read || !handle) return false;
  names = handle;
  Object.defineProperties(
    NodeSocket.prototype,
    Object.getOwnPropertyDescriptors({
      connecting: false,
      _parent: null,
      _readableState: { endEmitted: false },
      get _handle(): unknown {
        return (this as unknown as NodeSocket)[handle.handle];
      },
      _writeGeneric: handle.writeGeneric,
      _final: handle.final,
      _unrefTimer: nothing,
      // Set by the runtime when it writes, for a connection that is not open yet. Not kept: they would be fields of each connection.
      set _pendingData(_data: unknown) {},
      set _pendingEncoding(_encoding: string) {},
      [handle.updateTimer]: nothing,
      [handle.afterWrite]: nothing,
      [read.buffer]: sharedBuffer(),
      [read.next]: takeNext,
      [read.callback](this: NodeSocket, length: number, buffer: Buffer): boolean {
        let chunk;
        try {
          chunk = chunkOf(buffer, length);
        } catch (error) {
          this.destroy(error as Error); // out of memory, as in fast-path.ts
          return true;
        }
        this.listener?.received(chunk);
        chooseNext(buffer, length, this.listener?.passing);
        return true;
      },
      // Called at the end of input, which the runtime would push into the socket's stream.
      push(this: BareSocket): void {
        this.readableEnded = true;
        this.listener?.disconnected(true);
      },
      read: nothing,
    }),
  );
  return true;
}

function systemError(call: string, errno: number): Error {
  const code = util().getSystemErrorName(errno);
  return Object.assign(new Error(`${call} ${code}`), { code, errno, syscall: call });
}
