// Promises about what is written: there is room again, and everything has been sent.

import { onAbort, silent } from "../base/signals.ts";
import { type Closable, errorOfClosed } from "./endings.ts";
import type { WriteCallback } from "./writing.ts";

/** What these promises need of a stream. */
export interface Sendable extends Closable {
  readonly raw: object | undefined;
  readonly isEnding: boolean;
  readonly isWriting: boolean;
  readonly canWrite: boolean;
  push(chunk: string | Uint8Array): unknown;
  /** Calls back like `write`, also if our side has ended. */
  whenDrained(cb: WriteCallback): void;
}

/** Those that wait until a stream has room. */
interface Room {
  readonly waiting: Set<(hasClosed: boolean) => void>;
  isAsked: boolean;
}

const READY: Promise<void> = Promise.resolve(); // of all calls that need not wait

// In a map: few streams have one.
const rooms = new WeakMap<object, Room>();

/** Calls back once, when a stream has room again, or has closed. Returns a function that cancels this. */
export function whenRoom(stream: Sendable, cb: (hasClosed: boolean) => void): () => void {
  const room = rooms.get(stream) ?? { waiting: new Set(), isAsked: false };
  rooms.set(stream, room);
  room.waiting.add(cb);
  if (!room.isAsked) {
    room.isAsked = true; // one callback for all, which waits until everything has been sent
    stream.whenDrained((_stream, error) => {
      room.isAsked = false;
      tell(room, error !== undefined);
    });
  }
  return () => void room.waiting.delete(cb);
}

/** A stream has sent a piece: if it has room now, calls back. */
export function tellRoom(stream: Sendable): void {
  const room = rooms.get(stream);
  if (room && stream.canWrite) tell(room, false);
}

function tell({ waiting }: Room, hasClosed: boolean): void {
  const all = [...waiting];
  waiting.clear();
  for (const cb of all) cb(hasClosed);
}

/** Queues a chunk, and waits while the stream has no room. */
export function send(stream: Sendable, chunk: string | Uint8Array, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) return silent(Promise.reject(signal.reason as Error));
  if (!stream.raw || stream.isEnding) return silent(Promise.reject(errorOfClosed(stream, "send")));
  stream.push(chunk);
  if (stream.canWrite) return READY;
  const promise = new Promise<void>((resolve, reject) => {
    const cancel = whenRoom(stream, (hasClosed) => {
      forget();
      if (hasClosed) reject(errorOfClosed(stream, "send"));
      else resolve();
    });
    const forget = onAbort(signal, (reason) => {
      cancel();
      reject(reason);
    });
  });
  return silent(promise);
}

/** Waits until everything written has been handed to the system. */
export function flushed(stream: Sendable): Promise<void> {
  if (!stream.raw) return silent(Promise.reject(errorOfClosed(stream, "flushed")));
  if (!stream.isWriting) return Promise.resolve();
  const promise = new Promise<void>((resolve, reject) => {
    stream.whenDrained((_stream, error) => {
      if (error) reject(errorOfClosed(stream, "flushed"));
      else resolve();
    });
  });
  return silent(promise);
}
