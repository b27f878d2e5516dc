// The errors of the loop: one class, one code a situation.

/** Codes of {@link IOLoopError} and of the `TypeError`s and `RangeError`s that wrong arguments throw. */
export type IOLoopErrorCode =
  | "ERR_IOLOOP_ABORTED"
  | "ERR_IOLOOP_CHUNK_GONE"
  | "ERR_IOLOOP_CONNECT_TIMEOUT"
  | "ERR_IOLOOP_FULL"
  | "ERR_IOLOOP_HANDLE_CLOSED"
  | "ERR_IOLOOP_HANDLE_IN_USE"
  | "ERR_IOLOOP_INVALID_ARG_TYPE"
  | "ERR_IOLOOP_OUT_OF_RANGE"
  | "ERR_IOLOOP_REACTOR_IN_USE"
  | "ERR_IOLOOP_RUNNING"
  | "ERR_IOLOOP_STOPPING"
  | "ERR_IOLOOP_STREAM_CLOSED"
  | "ERR_IOLOOP_TIMER_INACTIVE"
  | "ERR_IOLOOP_TLS"
  | "ERR_IOLOOP_UNHANDLED"
  | "ERR_IOLOOP_UNKNOWN_OPTION"
  | "ERR_IOLOOP_UNSUPPORTED"
  | "ERR_IOLOOP_WATCHER_INACTIVE";

/** An error of the loop itself. `code` says which; the sentence is for people. */
export class IOLoopError extends Error {
  readonly code: IOLoopErrorCode;

  constructor(code: IOLoopErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "IOLoopError";
    this.code = code;
  }
}

/** The value itself where it is an Error; otherwise an IOLoopError that says it, with the value as `cause`. */
export function toError(value: unknown): Error {
  if (value instanceof Error) return value;
  return new IOLoopError("ERR_IOLOOP_UNHANDLED", inWords(value), { cause: value });
}

function inWords(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "a value that cannot be shown"; // an object without a prototype, say
  }
}

/** Whether a callback's result must be waited for. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** Throws an error where no code of ours can catch it: what becomes of it is the runtime's to say. */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
