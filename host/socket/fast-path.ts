// Reading and writing a socket past the runtime's streams: on Node and Deno.
//
// Reading: into one buffer that all sockets share. They do so when a socket is made with the option `onread`; one that is
// accepted cannot have it. So three properties of the socket are set, and a method of its handle called, as the option does. `data` events are
// listened to in any case: whatever cannot be delivered at once, and all that comes once the loop has let go of the socket, goes
// through the stream as if it had been read into it.
// Writing: by `_write`, where the stream has nothing queued. It is what the stream would call, and all that it would add is a queue.
// Where anything of this is missing, and for anything but a plain socket, the documented ways are taken; also with IOLOOP_FAST=0.

import { Socket } from "node:net";
import { copyOf } from "../base/bytes.ts";
import { internals } from "./node-internals.ts";

/** Takes what was read, a copy of its own; false where it cannot, and the stream of the socket is to have it. */
export type Taker = (this: Socket, chunk: Buffer) => boolean;

type Fast = Socket & Record<symbol, unknown> & { _handle?: { useUserBuffer?(buffer: Uint8Array): void } | null };

const SIZE = 65_536;

let shared: Buffer | undefined;

/** The buffer that everything is read into. */
export function sharedBuffer(): Buffer {
  return (shared ??= Buffer.allocUnsafeSlow(SIZE));
}

/** Gives a function that has a socket read through `take`; it does nothing where the runtime cannot. */
export function fastReader(take: Taker): (socket: object) => void {
  function read(this: Socket, length: number, buffer: Buffer): boolean {
    try {
      const chunk = copyOf(buffer, length);
      return take.call(this, chunk) || this.push(chunk);
    } catch (error) {
      this.destroy(error as Error); // no memory: what was read is lost, and so is the connection, but not the process
      return true;
    }
  }
  return (socket) => {
    const names = internals().read;
    if (!names || !isPlain(socket)) return;
    // oxlint-disable-next-line no-underscore-dangle -- that is its name
    const handle = socket._handle;
    if (socket[names.buffer] !== null || typeof handle?.useUserBuffer !== "function") return; // or it does already
    socket[names.buffer] = sharedBuffer();
    socket[names.callback] = read;
    socket[names.next] = null;
    handle.useUserBuffer(sharedBuffer());
  };
}

/** Has a socket read again as it did before, where the runtime can: on Deno, where TLS on it would hear nothing otherwise. */
export function unreadFast(socket: object): void {
  const names = internals().read;
  if (!names || !isPlain(socket) || socket[names.buffer] !== shared || process.versions["deno"] === undefined) return;
  socket[names.buffer] = socket[names.callback] = null;
  // oxlint-disable-next-line no-underscore-dangle -- that is its name
  socket._handle?.useUserBuffer?.(new Uint8Array(0)); // no buffer: the next one is the runtime's
}

/**
 * Writes to a socket that was given to a reader. `done` is called once: before this returns, where the system has taken it all; with
 * an error, the socket is the caller's to destroy. False, and nothing is done, where the runtime or the socket cannot.
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
