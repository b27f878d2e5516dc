// Reading a socket into one buffer that all sockets share, past the runtime's streams: on Node and Deno.
//
// They read that way when a socket is made with the option `onread`; one that is accepted cannot have it. So this is the one use
// of how they keep that option: three properties of the socket, and a method of its handle. Where any of them is missing, and for
// anything but a plain socket, `data` events are what there is, and they are always listened to: whatever cannot be delivered
// at once, and all that comes once the loop has let go of the socket, goes through the stream as if it had been read into it.

import { Socket } from "node:net";

/** Takes what was read, a copy of its own; false where it cannot, and the stream of the socket is to have it. */
export type Taker = (this: Socket, chunk: Buffer) => boolean;

interface Names {
  readonly buffer: symbol;
  readonly callback: symbol;
  readonly next: symbol;
}

type Fast = Socket & Record<symbol, unknown> & { _handle?: { useUserBuffer?(buffer: Uint8Array): void } | null };

const SIZE = 65_536;

/** Gives a function that has a socket read through `take`; it does nothing where the runtime cannot. */
export function fastReader(take: Taker): (socket: object) => void {
  let shared: Buffer;
  let names: Names | false | undefined;
  function read(this: Socket, length: number, buffer: Buffer): boolean {
    const chunk = Buffer.allocUnsafe(length);
    buffer.copy(chunk, 0, 0, length);
    return take.call(this, chunk) || this.push(chunk);
  }
  return (socket) => {
    if (names === undefined) {
      names = find();
      if (names) shared = Buffer.allocUnsafeSlow(SIZE);
    }
    if (!names || !isPlain(socket)) return;
    // oxlint-disable-next-line no-underscore-dangle -- that is its name
    const handle = socket._handle;
    if (socket[names.buffer] !== null || typeof handle?.useUserBuffer !== "function") return; // or it does already
    socket[names.buffer] = shared;
    socket[names.callback] = read;
    socket[names.next] = null;
    handle.useUserBuffer(shared);
  };
}

function isPlain(socket: object): socket is Fast {
  return socket.constructor === Socket;
}

// Where the option is kept.
function find(): Names | false {
  if (process.env["IOLOOP_ONREAD"] === "0") return false;
  const probe = new Socket({ onread: { buffer: Buffer.alloc(1), callback: () => true } });
  const named = (name: string): symbol | undefined =>
    Object.getOwnPropertySymbols(probe).find(({ description }) => description === name);
  const [buffer, callback, next] = [named("kBuffer"), named("kBufferCb"), named("kBufferGen")];
  return buffer && callback && next ? { buffer, callback, next } : false;
}
