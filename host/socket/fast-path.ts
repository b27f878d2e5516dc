// Reading and writing a socket without the runtime's streams: on Node and Deno.
//
// Reading: into a buffer of ours (read-buffers.ts). The runtime does this for sockets that are created with the option `onread`, which
// accepted sockets cannot have. So we set three properties of the socket, and call a method of its handle, as the option does. There is
// a `data` listener in any case: data that cannot be delivered at once, and data that arrives after the loop has released the socket,
// is pushed into the stream as usual.
// Writing: by `_write`, if the stream has nothing queued. The stream would call it, too; it would only add a queue.
// On Node, sockets with TLS are read in the same way: they take the option `onread`, too.
// If any of this is missing, for other handles, and with IOLOOP_FAST=0, only documented APIs are used.

import { Socket } from "node:net";
import { internals } from "./node-internals.ts";
import { nodeTls } from "./node-tls.ts";
import { type Passing, chooseNext, chunkOf, sharedBuffer, takeNext } from "./read-buffers.ts";

/** Receives chunks that were read. */
export interface Taker {
  /** Returns false if it cannot take the chunk: then it goes into the socket's stream. */
  deliver(socket: Socket, chunk: Buffer): boolean;
  /** Whether its reader has no room for more. Then the runtime stops reading until the socket is resumed, and what it has read still comes. */
  isFull(socket: Socket): boolean;
  /** The reader of its input, if that reads much and passes it on. */
  passing(socket: Socket): Passing | undefined;
}

type Fast = Socket & Record<symbol, unknown> & { _handle?: { useUserBuffer?(buffer: Uint8Array): void } | null };

// Deno may read into the buffer at any time, so it must always be the same.
const isReplaced = process.versions["deno"] === undefined;

/** Returns a function that makes a socket deliver reads to a taker. It does nothing if this runtime lacks the internals. */
export function fastReader(taker: Taker): (socket: object) => void {
  function read(this: Socket, length: number, buffer: Buffer): boolean {
    try {
      const chunk = chunkOf(buffer, length);
      const isTaken = taker.deliver(this, chunk);
      if (isReplaced) chooseNext(buffer, length, isTaken ? taker.passing(this) : undefined);
      return isTaken ? !taker.isFull(this) : this.push(chunk);
    } catch (error) {
      this.destroy(error as Error); // out of memory: the data is lost, so the connection must close, but the process survives
      return true;
    }
  }
  return (socket) => {
    const names = internals().read;
    if (!names || !(isPlain(socket) || isSecure(socket))) return;
    // oxlint-disable-next-line no-underscore-dangle -- that is its name
    const handle = socket._handle;
    if (socket[names.buffer] !== null || typeof handle?.useUserBuffer !== "function") return; // already set, or unsupported
    socket[names.buffer] = sharedBuffer();
    socket[names.callback] = read;
    socket[names.next] = isReplaced ? takeNext : null;
    handle.useUserBuffer(sharedBuffer());
  };
}

/** Whether a socket delivers reads to a taker, and so stops reading when that has no room. */
export function isReadFast(socket: object): boolean {
  const names = internals().read;
  return (
    names !== undefined && (socket as Fast)[names.callback] !== undefined && (socket as Fast)[names.callback] !== null
  );
}

/** Makes a socket read as it did before. Only on Deno, where TLS on top of it would receive nothing otherwise. */
export function unreadFast(socket: object): void {
  const names = internals().read;
  if (!names || !isPlain(socket) || socket[names.buffer] !== sharedBuffer() || process.versions["deno"] === undefined)
    return;
  socket[names.buffer] = socket[names.callback] = null;
  // oxlint-disable-next-line no-underscore-dangle -- that is its name
  socket._handle?.useUserBuffer?.(new Uint8Array(0)); // an empty buffer makes the runtime allocate its own
}

/**
 * Writes to a socket that a fast reader has. `done` is called once, before this returns if the system takes all at once; if it gets an
 * error, the caller must destroy the socket. Returns false, with nothing done, if the runtime or the socket does not support this.
 */
export function writeFast(
  socket: object,
  piece: Buffer | string,
  encoding: BufferEncoding,
  done: (error?: Error | null) => void,
): boolean {
  if (!internals().read || !isPlain(socket) || !socket.writable || socket.writableLength > 0 || socket.connecting)
    return false;
  // oxlint-disable-next-line no-underscore-dangle -- that is its name
  socket._write(piece, typeof piece === "string" ? encoding : ("buffer" as BufferEncoding), done);
  return true;
}

function isPlain(socket: object): socket is Fast {
  return socket.constructor === Socket;
}

// On Deno, a socket with TLS has no buffer that could be replaced.
function isSecure(socket: object): socket is Fast {
  return (
    isReplaced && (socket as { encrypted?: boolean }).encrypted === true && socket.constructor === nodeTls().TLSSocket
  );
}
