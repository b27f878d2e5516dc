// The operations of a stream on its handle, whatever kind of handle it is: listen, write, end, release.

import { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { BareSocket, type Done, type Listener, type Local, type Peer } from "./bare-socket.ts";
import { type Rule, STREAM } from "../base/checks.ts";
import { IOLoopError, toError } from "../base/errors.ts";
import { isEnding, resetTls } from "./tls-reset.ts";
import { Duplex, Readable } from "./stream-classes.ts";
import { fastReader, isReadFast, unreadFast, writeFast } from "./fast-path.ts";
import { parentOf } from "./node-internals.ts";
import { originOf, passOrigin, systemPeer, takeRest } from "./proxy-info.ts";

/** A handle that a stream can be made of: a `net.Socket`, a `tls.TLSSocket`, or any Duplex of the runtime. */
export type StreamHandle = Duplex & { destroySoon?(): void; ref?(): unknown; unref?(): unknown };

/** A handle, or a bare connection in place of one. */
export type AnyHandle = StreamHandle | BareSocket;

/** The rule for an argument that is a handle. `Object.create(Duplex.prototype)` is not one: its getters throw. */
export const HANDLE: Rule = {
  ...STREAM,
  type: (value) =>
    value instanceof BareSocket || (value instanceof Duplex ? value.readableLength >= 0 : STREAM.type(value)),
};
/**
 * The type of a stream's handle: a connected socket; with TLS a `tls.TLSSocket`, which has further members. If a stream was made of
 * another Duplex, its handle is that Duplex.
 */
export type SocketHandle = Socket & Partial<Omit<TLSSocket, keyof Socket>>;

const LISTENER: unique symbol = Symbol("listener");
const HALF_OPEN: unique symbol = Symbol("half open");

type Heard = StreamHandle & { [LISTENER]?: Listener | undefined; [HALF_OPEN]?: boolean };

// Shared by all streams; they find the listener on the handle. So there are no closures per connection.
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
      this[LISTENER]?.disconnected(true);
    },
  ],
  [
    "error",
    function (this: Heard, error: Error): void {
      this[LISTENER]?.failed(error);
    },
  ],
  ["close", closed],
];

function closed(this: Heard): void {
  this[LISTENER]?.disconnected(false);
}

const readFast = /* @__PURE__ */ fastReader({
  deliver,
  isFull: (handle: Heard) => handle[LISTENER]?.isFull === true,
  passing: (handle: Heard) => handle[LISTENER]?.passing,
});

// Bun uses the last one for a write after the peer has disconnected.
const GONE = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED", "ERR_SOCKET_CLOSED"]);

/** Whether an error only means that the peer has disconnected, which a stream treats as a close. */
export function isGone(error: Error): boolean {
  return GONE.has((error as NodeJS.ErrnoException).code ?? "");
}

/** Whether a handle is a socket of the system, with or without TLS. */
export function isSocket(handle: unknown): boolean {
  return handle instanceof BareSocket || handle instanceof Socket;
}

/** Whether a handle keeps no piece that was sent. A user's Duplex may keep it. */
export function keepsNothing(handle: AnyHandle | undefined): boolean {
  if (!(handle instanceof Socket)) return handle instanceof BareSocket;
  return handle.constructor === Socket || (handle as SocketHandle).encrypted === true;
}

/** Returns the handle itself or, for a bare connection, a new socket of the runtime, with the same listener and state. */
export function plain<T>(handle: T | BareSocket): T | Socket {
  if (!(handle instanceof BareSocket)) return handle;
  const { listener, isReading } = handle;
  const socket = handle.toSocket();
  try {
    if (originOf(handle)) readOn(handle, socket);
    if (listener) hear(socket, listener);
    if (listener && isReading) socket.resume();
  } catch (error) {
    leave(socket);
    socket.on("error", ignore).destroy(); // no other code has it
    throw error;
  }
  return socket;
}

// A bare connection that came through a proxy has been read: its socket must go on reading in the same way, and gets the rest.
function readOn(bare: BareSocket, socket: Socket): void {
  passOrigin(bare, socket);
  readFast(socket);
  const rest = takeRest(bare);
  if (rest) socket.unshift(rest);
}

/** The peer of a handle, or the client that it is a proxy for. Does not turn a bare connection into a socket. */
export function peerOf(handle: AnyHandle | undefined): Peer {
  return handle instanceof BareSocket ? (originOf(handle)?.peer ?? handle.peer()) : ((handle ?? {}) as Peer);
}

/** Our address of a handle. Does not turn a bare connection into a socket. */
export function localOf(handle: AnyHandle | undefined): Local {
  return handle instanceof BareSocket ? handle.local() : ((handle ?? {}) as Local);
}

/** The socket beneath an encrypted one; undefined if there is none, or the runtime does not expose it. */
export function beneath(socket: object): object | undefined {
  return parentOf(socket);
}

/** The addresses of both sides, as the system has them, as one string, which is unique among open connections. Undefined if the socket has none. */
export function addressOf(socket: object): string | undefined {
  const { remoteAddress, remotePort } = systemPeer(socket);
  const { localAddress, localPort } = socket as Socket;
  // With the local address, because a peer may connect to several of our addresses from the same port.
  return remotePort === undefined ? undefined : `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

/** Sets the listener of a handle, and pauses it. Throws `ERR_IOLOOP_HANDLE_IN_USE` if it has a listener. */
export function hear(handle: Heard | BareSocket, listener: Listener): void {
  if (handle instanceof BareSocket) return handle.hear(listener);
  take(handle, listener);
  handle[HALF_OPEN] = handle.allowHalfOpen;
  try {
    handle.allowHalfOpen = true; // queued data is written even after the peer has ended its side
    handle.pause(); // or the "data" listener would make it flow
    readFast(handle);
    for (const [event, hears] of EVENTS) handle.on(event, hears as () => void);
  } catch (error) {
    unhear(handle);
    throw error;
  }
}

/** Sets a listener that only learns how a handle ends, while other code reads and writes it. */
export function hearEnd(handle: Heard, listener: Listener): void {
  take(handle, listener);
  handle[HALF_OPEN] = handle.allowHalfOpen;
  handle._destroy = destroyHeard; // oxlint-disable-line no-underscore-dangle -- its name
  for (const [event, hears] of EVENTS) if (event !== "data") handle.on(event, hears as () => void);
}

// Replaces the method of a socket that a library uses. A library may remove all listeners, ours too, before it puts TLS on top.
function destroyHeard(this: Heard, error: Error | null, done: (error?: Error | null) => void): void {
  const listener = this[LISTENER];
  try {
    if (listener && !this.listeners("close").includes(closed)) this.on("close", closed);
  } catch (failure) {
    listener!.failed(toError(failure));
  }
  const own = Object.getPrototypeOf(this) as Duplex;
  own._destroy.call(this, error, done); // oxlint-disable-line no-underscore-dangle -- its name
}

/** Whether somebody else receives the data of a handle that has a listener of ours. */
export function isReadByOthers(handle: AnyHandle | undefined): boolean {
  return handle !== undefined && !(handle instanceof BareSocket) && handle.listenerCount("data") > 1;
}

/** The listener of a handle; undefined if it is not one of ours. */
export function listenerOf(handle: object): unknown {
  return (handle as Heard)[LISTENER];
}

function take(handle: Heard, listener: Listener): void {
  if (handle[LISTENER]) throw new IOLoopError("ERR_IOLOOP_HANDLE_IN_USE", "The handle belongs to another stream");
  handle[LISTENER] = listener;
}

// Delivers a chunk at once, unless the handle is paused, has buffered data, or has other "data" listeners.
function deliver(handle: Heard, chunk: Buffer): boolean {
  const listener = handle[LISTENER];
  // oxlint-disable-next-line no-underscore-dangle -- its name
  if (handle._destroy === destroyHeard) return false; // other code reads it
  if (!listener || !handle.readableFlowing || handle.readableLength > 0 || handle.listenerCount("data") > 1)
    return false;
  listener.received(chunk);
  return true;
}

/** Removes our listener from a handle that is about to be closed. The event handlers stay, and do nothing. */
export function leave(handle: Heard | BareSocket): void {
  if (handle instanceof BareSocket) handle.listener = undefined;
  else handle[LISTENER] = undefined;
}

/** Removes our listener from a handle, with all event handlers. */
export function unhear(handle: Heard | BareSocket): void {
  leave(handle);
  if (handle instanceof BareSocket) return;
  handle.allowHalfOpen = handle[HALF_OPEN] ?? false;
  // oxlint-disable-next-line no-underscore-dangle -- its name
  if (handle._destroy === destroyHeard) Reflect.deleteProperty(handle, "_destroy");
  unreadFast(handle);
  for (const [event, hears] of EVENTS) handle.off(event, hears as () => void);
}

/** Pauses a handle whose listener is full, unless its reads do that. */
export function pauseFull(handle: AnyHandle | undefined): void {
  if (handle && (handle instanceof BareSocket || !isReadFast(handle))) handle.pause();
}

/** Pauses a handle that has a listener. It still fills its buffer, so that `readableLength` shows whether data waits. */
export function hold(handle: StreamHandle): void {
  if (handle instanceof Readable) Readable.prototype.pause.call(handle); // a socket's own `pause` may stop reading completely
  else (handle as StreamHandle).pause();
}

/**
 * Writes a piece. `done` is called once, before this returns if the system takes all at once. Returns true if the piece has already been
 * passed on, although `done` comes later.
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
    if (systemPeer(socket).remotePort === undefined) socket.destroy();
    else if ((socket as SocketHandle).encrypted) resetTls(socket);
    else resetPlain(socket);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function resetPlain(socket: Socket): void {
  if (isEnding(socket)) return void socket.destroy();
  socket.resetAndDestroy();
  if (socket.writableLength > 0) socket.destroy(); // with a reset; or it would wait until the peer has taken everything
}

/** Ends our side of a handle after everything written has been sent. Returns the handle to use from now on. */
export function endSide(handle: AnyHandle): AnyHandle {
  if (handle instanceof BareSocket && handle.end()) return handle;
  const socket = plain(handle) as StreamHandle;
  socket.end();
  return socket;
}

/**
 * Ends our side, and passes events to another listener, which keeps reading unless a `user` of the handle does. The user may have to end
 * its side in another way. Returns the handle to use from now on.
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

/** Closes a handle that has no listener any more: at once, or after everything written has been sent. */
export function release(handle: AnyHandle, gracefully: boolean): void {
  if (handle instanceof BareSocket) return handle.destroy();
  try {
    if (handle.listenerCount("error") === 0) handle.on("error", ignore);
    if (!gracefully) handle.destroy();
    else if (handle.destroySoon) handle.destroySoon();
    else handle.end(() => handle.destroy());
  } catch (error) {
    handle.destroy(); // even if it was `destroy` that threw
    throw error;
  }
}

function ignore(): void {
  // The handle is being closed, and no listener needs the error.
}
