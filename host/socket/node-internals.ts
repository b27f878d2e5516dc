// Undocumented internals of the runtime's sockets, found by inspecting an unconnected one. All code that uses them falls back to
// documented APIs if any of them is missing, and with IOLOOP_FAST=0 in the environment.

import { type Server, Socket } from "node:net";
import { setting } from "../base/runtime.ts";

/** The properties of a socket that the option `onread` sets. */
export interface ReadNames {
  readonly buffer: symbol;
  readonly callback: symbol;
  readonly next: symbol;
}

/** How the runtime's handle of a connection finds its socket, and what it calls on it. Only Node has these. */
export interface HandleNames {
  /** On the handle: its socket. */
  readonly owner: symbol;
  /** On the socket: its handle. */
  readonly handle: symbol;
  /** On the socket: called after every read and write. */
  readonly updateTimer: symbol;
  /** On the socket: called when a write has ended that the system did not take at once. */
  readonly afterWrite: symbol;
  /** The function that the handle calls after a read. */
  readonly onread: unknown;
  /** The function by which a socket writes to its handle. */
  readonly writeGeneric: unknown;
  /** The function by which a socket ends its side; undefined if the runtime does that in another way. */
  readonly final: unknown;
}

type Found = Record<string | symbol, unknown>;

interface Internals {
  readonly read: ReadNames | undefined;
  readonly handle: HandleNames | undefined;
}

let found: Internals | undefined;

/** The internals of this runtime. Searched for at the first call. */
export function internals(): Internals {
  return (found ??= isFastWanted() ? find() : { read: undefined, handle: undefined });
}

/** Whether internals may be used: false with IOLOOP_FAST=0. */
export function isFastWanted(): boolean {
  return setting("IOLOOP_FAST") !== "0";
}

function find(): Internals {
  const onread = { buffer: Buffer.alloc(1), callback: () => true };
  const probe = new Socket({ onread }) as Socket & Found;
  const [buffer, callback, next] = ["kBuffer", "kBufferCb", "kBufferGen"].map((name) => symbolOf(probe, name));
  const read = buffer && callback && next ? { buffer, callback, next } : undefined;
  return { read, handle: read && findHandle() };
}

function findHandle(): HandleNames | undefined {
  const nothing = (): number => 0;
  const fake = { readStart: nothing, readStop: nothing } as Found;
  let probe: Found;
  try {
    probe = new Socket({ handle: fake, manualStart: true } as object) as never;
  } catch {
    return undefined; // this runtime does not accept a fake handle
  }
  const owner = Object.getOwnPropertySymbols(fake).find((name) => fake[name] === probe);
  const handle = Object.getOwnPropertySymbols(probe).find((name) => probe[name] === fake);
  const updateTimer = symbolOf(Socket.prototype, "kUpdateTimer");
  const afterWrite = symbolOf(Socket.prototype, "kAfterAsyncWrite");
  const writeGeneric = probe["_writeGeneric"];
  if (!owner || !handle || !updateTimer || !afterWrite || typeof writeGeneric !== "function") return undefined;
  if (typeof fake["onread"] !== "function") return undefined;
  const final = typeof probe["_final"] === "function" ? probe["_final"] : undefined;
  return { owner, handle, updateTimer, afterWrite, onread: fake["onread"], writeGeneric, final };
}

function symbolOf(object: object, name: string): symbol | undefined {
  return Object.getOwnPropertySymbols(object).find(({ description }) => description === name);
}

/** The socket beneath an encrypted one. All runtimes have that property. */
export function parentOf(socket: object): object | undefined {
  // oxlint-disable-next-line no-underscore-dangle -- that is its name
  return isFastWanted() ? ((socket as { _parent?: object | null })._parent ?? undefined) : undefined;
}

/** Whether a server has stopped listening. One that has never listened has no `_connectionKey`; all runtimes have that property. */
export function isClosedServer(server: Server): boolean {
  // oxlint-disable-next-line no-underscore-dangle -- that is its name
  return !server.listening && (server as { _connectionKey?: string })._connectionKey !== undefined;
}
