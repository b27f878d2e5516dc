// The errors of the loop: one class, and one code per situation.

import { queueMicrotask } from "./runtime.ts";
import { text } from "./show.ts";

/** Codes of {@link IOLoopError} and of the `TypeError`s and `RangeError`s that wrong arguments throw. */
export type IOLoopErrorCode =
  | "ERR_IOLOOP_ABORTED"
  | "ERR_IOLOOP_CHUNK_GONE"
  | "ERR_IOLOOP_CONNECT_TIMEOUT"
  | "ERR_IOLOOP_DISPLACED"
  | "ERR_IOLOOP_FRAMER_IN_USE"
  | "ERR_IOLOOP_FRAME_TOO_LONG"
  | "ERR_IOLOOP_FULL"
  | "ERR_IOLOOP_HANDLE_CLOSED"
  | "ERR_IOLOOP_HANDLE_IN_USE"
  | "ERR_IOLOOP_IDLE_TIMEOUT"
  | "ERR_IOLOOP_INVALID_ARG_TYPE"
  | "ERR_IOLOOP_INVALID_THIS"
  | "ERR_IOLOOP_LIFETIME"
  | "ERR_IOLOOP_NO_FRAMER"
  | "ERR_IOLOOP_OUT_OF_RANGE"
  | "ERR_IOLOOP_PID_FILE"
  | "ERR_IOLOOP_REACTOR_IN_USE"
  | "ERR_IOLOOP_READ_TIMEOUT"
  | "ERR_IOLOOP_RUNNING"
  | "ERR_IOLOOP_STOPPED"
  | "ERR_IOLOOP_STOPPING"
  | "ERR_IOLOOP_STREAM_CLOSED"
  | "ERR_IOLOOP_STREAM_IN_USE"
  | "ERR_IOLOOP_TIMER_INACTIVE"
  | "ERR_IOLOOP_TLS"
  | "ERR_IOLOOP_UNEXPECTED_END"
  | "ERR_IOLOOP_UNHANDLED"
  | "ERR_IOLOOP_UNKNOWN_EVENT"
  | "ERR_IOLOOP_UNKNOWN_OPTION"
  | "ERR_IOLOOP_UNSUPPORTED"
  | "ERR_IOLOOP_WATCHER_INACTIVE"
  | "ERR_IOLOOP_WORKER_FAILED";

/** An error of the loop itself. `code` identifies it; the message is for people. */
export class IOLoopError extends Error {
  readonly code: IOLoopErrorCode;

  static {
    // Defined, not assigned: in realms with frozen intrinsics, properties of Error.prototype cannot be overridden by assignment.
    Object.defineProperty(this.prototype, "name", { value: "IOLoopError", writable: true, configurable: true });
  }

  constructor(code: IOLoopErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Adds one of our codes to an error, and returns it. */
export function withCode(error: Error, code: IOLoopErrorCode): Error {
  return Object.assign(error, { code });
}

/** Returns the value itself if it is an error; otherwise an IOLoopError with its text as the message and the value as `cause`. */
export function toError(value: unknown): Error {
  if (isError(value)) return value;
  return new IOLoopError("ERR_IOLOOP_UNHANDLED", text(value), { cause: value });
}

const isErrorOfRuntime = (Error as { isError?: (value: unknown) => boolean }).isError;

/** Whether a value is an error, of any realm: `vm` contexts and many test runners have another `Error`. Never throws. */
export function isError(value: unknown): value is Error {
  try {
    if (typeof value !== "object" || value === null) return false;
    if (value instanceof Error || isErrorOfRuntime?.(value)) return true;
    if (Object.prototype.toString.call(value) === "[object Error]") return true;
    const { name, message, stack } = value as Partial<Error>;
    return typeof name === "string" && typeof message === "string" && typeof stack === "string";
  } catch {
    return false; // a proxy, or getters that throw
  }
}

/** The error for a full table of the core. `what` is the action that failed: `open another connection`. */
export function noRoom(what: string): IOLoopError {
  const message = `cannot ${what}: the limit of 4,194,304 is reached, or WebAssembly memory cannot grow`;
  return new IOLoopError("ERR_IOLOOP_FULL", message);
}

/** Throws an error in a microtask, where the runtime treats it as an uncaught exception. */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
