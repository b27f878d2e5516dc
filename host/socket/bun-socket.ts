// A bare connection on Bun: a socket of `Bun.listen`, which its `node:net` is built on.
//
// Bun's servers listen by `Bun.listen`, with one function per event of a connection in the options. We wrap these functions: ours check
// whether the connection is bare. To create a socket later, we call the runtime's own `open` function. The only undocumented part is
// that servers listen this way; if they do not, or with IOLOOP_FAST=0, connections are ordinary sockets.

import type { Server, Socket } from "node:net";
import { toBuffer } from "../base/bytes.ts";
import { type Accepting, BareSocket, type Done, type Local, type Peer, isOfInterest } from "./bare-socket.ts";
import {
  EVENTS,
  type Event,
  type Handler,
  type Handlers,
  type Origin,
  type RawSocket,
  type Runtime,
  openByRuntime,
} from "./bun-raw.ts";
import { isFastWanted } from "./node-internals.ts";

/* oxlint-disable no-underscore-dangle -- the runtime's names */

class BunSocket extends BareSocket {
  readonly #raw: RawSocket;
  readonly #origin: Origin;
  #rest: Uint8Array | undefined;
  #left = 0; // length of #rest in bytes
  #done: Done | undefined;
  #bytesRead = 0;
  #isClosed = false;

  constructor(raw: RawSocket, origin: Origin) {
    super(origin.server);
    this.#raw = raw;
    this.#origin = origin;
    raw.data = this;
  }

  override pause(): void {
    if (!this.isReading) return;
    this.isReading = false;
    this.#raw.pause();
  }

  override resume(): void {
    if (this.isReading || this.destroyed) return;
    this.isReading = true;
    this.#raw.resume();
  }

  override ref(): void {
    this.#raw.ref();
  }

  override unref(): void {
    this.#raw.unref();
  }

  override setNoDelay(on: boolean): void {
    this.#raw.setNoDelay(on);
  }

  override setKeepAlive(on: boolean, milliseconds: number): void {
    this.#raw.setKeepAlive(on, milliseconds);
  }

  // The runtime writes strings as UTF-8, which is correct for "latin1" pieces, too: they are pure ASCII (outbox.ts).
  override send(piece: Buffer | string, encoding: BufferEncoding, done: Done): void {
    const bytes = encoding === "latin1" ? piece.length : Buffer.byteLength(piece);
    const written = this.#raw.write(piece);
    if (written === bytes) return done();
    if (written < 0) return done(refused());
    this.#rest = toBuffer(piece).subarray(written);
    this.#left = bytes - written;
    this.#done = done;
  }

  protected override shut(): boolean {
    this.#raw.shutdown();
    return true;
  }

  received(chunk: Buffer): void {
    this.#bytesRead += chunk.length;
    this.listener?.received(chunk);
  }

  /** The system has room for the rest of a piece. */
  drained(): void {
    const rest = this.#rest;
    if (!rest) return;
    const isWhole = rest.length === this.#left; // false if its buffer was detached
    const written = isWhole ? this.#raw.write(rest) : -1;
    if (written >= 0 && written < rest.length) {
      this.#rest = rest.subarray(written);
      this.#left -= written;
      return;
    }
    const done = this.#done!;
    this.#rest = this.#done = undefined;
    // If it is not whole, the stream notices that, and closes.
    done(written < 0 && isWhole ? refused() : undefined);
  }

  ended(): void {
    this.readableEnded = true;
    this.listener?.disconnected(true);
  }

  failed(error: Error): void {
    this.listener?.failed(error);
  }

  closed(error: Error | undefined): void {
    if (this.destroyed) return;
    this.destroyed = this.#isClosed = true;
    try {
      this.left();
    } finally {
      if (error) this.listener?.failed(error);
      else this.listener?.disconnected(false);
    }
  }

  override destroy(error?: Error): void {
    if (this.destroyed) return;
    this.destroyed = true;
    try {
      this.#raw.close();
    } finally {
      this.left();
    }
    if (error) this.listener?.failed(error);
  }

  override peer(): Peer {
    const { remoteAddress, remotePort } = this.#raw;
    return { remoteAddress, remotePort };
  }

  override local(): Local {
    const { localAddress, localPort } = this.#raw;
    return { localAddress, localPort };
  }

  override reset(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    try {
      this.#raw.terminate();
    } catch (error) {
      this.#raw.close();
      throw error;
    } finally {
      this.left();
    }
  }

  override toSocket(): Socket {
    const [raw, origin, rest, done] = [this.#raw, this.#origin, this.#rest, this.#done];
    this.destroyed = true;
    if (!this.#isClosed) this.server._connections--; // the runtime will count it again
    let socket: Socket | undefined;
    try {
      socket = Object.assign(openByRuntime(raw, origin), { bytesRead: this.#bytesRead, allowHalfOpen: false });
      if (this.server.noDelay !== false) socket.setNoDelay(true); // already in effect, but the socket must know
      if (rest) socket.write(rest, done);
      if (this.readableEnded) origin.handlers.end.call(raw, raw);
      if (this.#isClosed) socket.destroy();
      return socket;
    } catch (error) {
      if (socket) socket.destroy();
      else raw.close();
      throw error;
    }
  }
}

/**
 * Runs `listen`, which makes a server listen, so that its connections are bare and go only to `accepted`, which must not throw. If this
 * runtime does not support that, only runs `listen`. `failed` is called with errors that the runtime throws.
 */
export function listenOnBun(
  netServer: Server,
  accepted: (socket: BareSocket) => void,
  failed: (error: unknown) => void,
  listen: () => void,
): void {
  const { Bun: bun } = globalThis as { Bun?: Runtime };
  const original = bun?.listen;
  if (!original || !isFastWanted()) return listen();
  const server = netServer as Accepting;
  const replaced: Runtime["listen"] = function (options) {
    const { socket } = options;
    if (!isKnown(server, socket)) return original.call(this, options);
    const origin: Origin = { server, handlers: socket, listener: undefined };
    origin.listener = original.call(this, {
      ...options,
      pauseOnConnect: false,
      socket: ours(origin, accepted, failed),
    });
    return origin.listener;
  };
  // `Bun.listen` may be read-only.
  if (!Reflect.set(bun, "listen", replaced)) return listen();
  try {
    listen();
  } finally {
    bun.listen = original;
  }
}

// Whether a server listens in the way that we know.
function isKnown(server: Accepting, handlers: Partial<Handlers> | undefined): boolean {
  if (typeof server._connections !== "number") return false;
  return EVENTS.every((event) => typeof handlers?.[event] === "function");
}

// The error for a connection that takes no more data. Bun emits an event for most such errors, but not for all.
function refused(): Error {
  return Object.assign(new Error("write EPIPE"), { code: "EPIPE", syscall: "write" });
}

function ours(origin: Origin, accepted: (socket: BareSocket) => void, failed: (error: unknown) => void): Handlers {
  const { server, handlers } = origin;
  const giveUp = (socket: BunSocket, error: unknown): void => {
    if (socket.destroyed || !socket.listener) failed(error); // the socket has no listener that would get it
    socket.destroy(error as Error);
  };
  const route = <T>(event: Event, deliver: (socket: BunSocket, detail: T) => void): Handler<T> =>
    function (raw, detail) {
      const { data } = raw;
      if (!(data instanceof BunSocket)) return (handlers[event] as Handler<T>).call(this, raw, detail);
      try {
        deliver(data, detail);
      } catch (error) {
        giveUp(data, error);
      }
    };
  return {
    ...handlers,
    open(raw) {
      let socket: BunSocket | undefined;
      try {
        if (server.listening && !isOfInterest(server)) {
          server._connections++;
          accepted((socket = new BunSocket(raw, origin)));
          if (!socket.isReading && !socket.destroyed) raw.pause();
          return;
        }
      } catch (error) {
        if (socket) return giveUp(socket, error);
        failed(error);
      }
      handlers.open.call(this, raw);
    },
    data: route("data", (socket, chunk: Buffer) => socket.received(chunk)),
    drain: route("drain", (socket) => socket.drained()),
    end: route("end", (socket) => socket.ended()),
    error: route("error", (socket, error: Error) => socket.failed(error)),
    close: route("close", (socket, error: Error | undefined) => socket.closed(error)),
  };
}
