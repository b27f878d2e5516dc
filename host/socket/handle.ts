// What a stream does with its handle: hear it, and let it go.

import { Socket } from "node:net";
import { Duplex, Readable } from "node:stream";
import type { TLSSocket } from "node:tls";
import { BareSocket, type Done, type Listener, type Local, type Peer } from "./bare-socket.ts";
import { type Rule, STREAM } from "../base/checks.ts";
import { IOLoopError } from "../base/errors.ts";
import { fastReader, unreadFast, writeFast } from "./fast-path.ts";
import { parentOf } from "./node-internals.ts";

/** What a stream can be made of: a `net.Socket`, a `tls.TLSSocket`, or any Duplex of the runtime. */
export type StreamHandle = Duplex & { destroySoon?(): void; ref?(): unknown; unref?(): unknown };

/** A handle, or what is one until somebody asks for it. */
export type AnyHandle = StreamHandle | BareSocket;

/** What a handle must be. What only inherits from a Duplex has nothing to read from, and throws when it is asked. */
export const HANDLE: Rule = {
  ...STREAM,
  type: (value) =>
    value instanceof BareSocket || (value instanceof Duplex ? value.readableLength >= 0 : STREAM.type(value)),
};
/** A connected socket; with TLS a `tls.TLSSocket`, which has members more. The handle of a stream made of another Duplex is that Duplex. */
export type SocketHandle = Socket & Partial<Omit<TLSSocket, keyof Socket>>;

const LISTENER: unique symbol = Symbol("listener");
const HALF_OPEN: unique symbol = Symbol("half open");

type Heard = StreamHandle & { [LISTENER]?: Listener | undefined; [HALF_OPEN]?: boolean };

// Shared by all streams, and led to the right one by the handle: no closures for each connection.
const EVENTS: readonly [string, (this: Heard, argument: never) => void][] = [
  [
    "data",
    function (this: Heard, chunk: Buffer): void {
      this[LISTENER]?.received(chunk);
    },
  ],
  [
    "end",
    function (this: Heard): void {
      this[LISTENER]?.closed(true);
    },
  ],
  [
    "error",
    function (this: Heard, error: Error): void {
      this[LISTENER]?.failed(error);
    },
  ],
  [
    "close",
    function (this: Heard): void {
      this[LISTENER]?.closed(false);
    },
  ],
];

const readFast = fastReader(deliver);

// The last is what Bun gives who answers something that was read before the peer had gone.
const GONE = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED", "ERR_SOCKET_CLOSED"]);

/** Whether an error says only that the peer has gone: a close, as far as a stream is concerned. */
export function isGone(error: Error): boolean {
  return GONE.has((error as NodeJS.ErrnoException).code ?? "");
}

/** Whether a handle is a socket of the system's, with or without TLS. */
export function isSocket(handle: unknown): boolean {
  return handle instanceof BareSocket || handle instanceof Socket;
}

/** The handle itself; of a bare connection the runtime's socket, made now. It goes on as the connection did. */
export function plain<T>(handle: T | BareSocket): T | Socket {
  if (!(handle instanceof BareSocket)) return handle;
  const { listener, isReading } = handle;
  const socket = handle.toSocket();
  if (!listener) return socket;
  try {
    hear(socket, listener);
    if (isReading) socket.resume();
  } catch (error) {
    leave(socket);
    socket.on("error", ignore).destroy(); // nobody else has it
    throw error;
  }
  return socket;
}

/** Whom a handle is connected to. Makes no socket of a bare connection. */
export function peerOf(handle: AnyHandle | undefined): Peer {
  return handle instanceof BareSocket ? handle.peer() : ((handle ?? {}) as Peer);
}

/** Where a handle ends on this side. Makes no socket of a bare connection. */
export function localOf(handle: AnyHandle | undefined): Local {
  return handle instanceof BareSocket ? handle.local() : ((handle ?? {}) as Local);
}

/** The socket beneath an encrypted one; undefined if there is none, or the runtime does not say. */
export function beneath(socket: object): object | undefined {
  return parentOf(socket);
}

/** The addresses of both sides in one: no two connections have the same. Undefined if the socket has none. */
export function addressOf(socket: object): string | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket as Socket;
  // One peer may come to several addresses of ours from one and the same port.
  return remotePort === undefined ? undefined : `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

/** Hears a handle, which then is paused. One at a time. */
export function hear(handle: Heard | BareSocket, listener: Listener): void {
  if (handle instanceof BareSocket) return handle.hear(listener);
  take(handle, listener);
  handle[HALF_OPEN] = handle.allowHalfOpen;
  try {
    handle.allowHalfOpen = true; // what is queued is written even when the peer has ended its side
    handle.pause(); // or "data" would set it flowing
    readFast(handle);
    for (const [event, hears] of EVENTS) handle.on(event, hears as () => void);
  } catch (error) {
    unhear(handle);
    throw error;
  }
}

/** Hears only how a handle ends: somebody else reads it, and writes to it. */
export function hearEnd(handle: Heard, listener: Listener): void {
  take(handle, listener);
  handle[HALF_OPEN] = handle.allowHalfOpen;
  for (const [event, hears] of EVENTS) if (event !== "data") handle.on(event, hears as () => void);
}

/** Who hears a handle, if it is one of ours. */
export function listenerOf(handle: object): unknown {
  return (handle as Heard)[LISTENER];
}

function take(handle: Heard, listener: Listener): void {
  if (handle[LISTENER]) throw new IOLoopError("ERR_IOLOOP_HANDLE_IN_USE", "The handle belongs to another stream");
  handle[LISTENER] = listener;
}

// What is read is delivered at once, unless it is to wait, something waits already, or others listen to it as well.
function deliver(this: Heard, chunk: Buffer): boolean {
  const listener = this[LISTENER];
  if (!listener || !this.readableFlowing || this.readableLength > 0 || this.listenerCount("data") > 1) return false;
  listener.received(chunk);
  return true;
}

/** Hears a handle no more that is to be closed. What listens to it stays, and does nothing. */
export function leave(handle: Heard | BareSocket): void {
  if (handle instanceof BareSocket) handle.listener = undefined;
  else handle[LISTENER] = undefined;
}

/** Hears a handle no more, and leaves nothing on it. */
export function unhear(handle: Heard | BareSocket): void {
  leave(handle);
  if (handle instanceof BareSocket) return;
  handle.allowHalfOpen = handle[HALF_OPEN] ?? false;
  unreadFast(handle);
  for (const [event, hears] of EVENTS) handle.off(event, hears as () => void);
}

/** Pauses a handle that is heard. It still reads as much as its buffer holds, so that one can tell whether data waits. */
export function hold(handle: StreamHandle): void {
  if (handle instanceof Readable) Readable.prototype.pause.call(handle); // that of a socket may stop reading altogether
  else (handle as StreamHandle).pause();
}

/**
 * Writes a piece. `done` is called once: before this returns where the system has taken it all. True when the piece has been passed
 * on already, and `done` comes later all the same.
 */
export function send(handle: AnyHandle, piece: Buffer | string, encoding: BufferEncoding, done: Done): boolean {
  if (handle instanceof BareSocket) handle.send(piece, encoding, done);
  else if (!writeFast(handle, piece, encoding, done)) {
    handle.write(piece, encoding, done);
    return handle.writableLength === 0 && !handle.errored && !handle.destroyed;
  }
  return false;
}

/** Closes a socket with a reset (RST), which UNIX domain sockets do not have. */
export function reset(socket: Socket | BareSocket): void {
  if (socket instanceof BareSocket) return socket.reset();
  try {
    if (socket.remotePort === undefined) socket.destroy();
    else socket.resetAndDestroy();
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Ends our side of a handle once what it was given has been sent. Returns what the handle is from here on. */
export function endSide(handle: AnyHandle): AnyHandle {
  if (handle instanceof BareSocket && handle.end()) return handle;
  const socket = plain(handle) as StreamHandle;
  socket.end();
  return socket;
}

/**
 * Ends our side, and leads what the handle says to another listener, which reads on unless somebody else does: a `user`, who may have
 * more to end than the handle. Returns what the handle is from here on.
 */
export function endSideFor(
  handle: Heard | BareSocket,
  listener: Listener,
  user: { endSide?(): boolean } | undefined,
): AnyHandle {
  if (handle instanceof BareSocket) handle.listener = listener;
  else handle[LISTENER] = listener;
  if (user?.endSide?.()) return handle;
  const ended = endSide(handle);
  if (!user) ended.resume();
  return ended;
}

/** Closes a handle nobody hears any more: at once, or when what it was given has been sent. */
export function release(handle: AnyHandle, gracefully: boolean): void {
  if (handle instanceof BareSocket) return handle.destroy();
  try {
    if (handle.listenerCount("error") === 0) handle.on("error", ignore);
    if (!gracefully) handle.destroy();
    else if (handle.destroySoon) handle.destroySoon();
    else handle.end(() => handle.destroy());
  } catch (error) {
    handle.destroy(); // once more where it was this, and otherwise instead
    throw error;
  }
}

function ignore(): void {
  // It is being closed; there is nobody to tell.
}
