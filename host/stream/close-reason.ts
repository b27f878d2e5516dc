// The reasons for which streams close, and their errors.

import { IOLoopError, type IOLoopErrorCode } from "../base/errors.ts";

/**
 * Why a stream has closed. If several of these happened, the first: `local` (closed by this program), `peer` (the peer ended first), `reset`
 * (by the peer), `timeout` (idle for `timeout` seconds), `lifetime` (open for `lifetime` seconds), `error` (reading or writing failed),
 * `aborted` (by a signal), `stopping` (closed by a graceful stop that timed out), `displaced` (to make room for a waiting client), or `stolen`
 * (by `stealHandle`; there is no `close` event then).
 */
export type CloseReason =
  | "local"
  | "peer"
  | "reset"
  | "timeout"
  | "lifetime"
  | "error"
  | "aborted"
  | "stopping"
  | "displaced"
  | "stolen";

const ERRORS: Partial<Record<CloseReason, readonly [IOLoopErrorCode, string]>> = {
  timeout: ["ERR_IOLOOP_IDLE_TIMEOUT", "nothing was read or written for as long as its timeout"],
  lifetime: ["ERR_IOLOOP_LIFETIME", "its lifetime is over"],
  stopping: ["ERR_IOLOOP_STOPPING", "the loop's graceful stop timed out"],
  displaced: ["ERR_IOLOOP_DISPLACED", "it made room for a waiting client"],
  aborted: ["ERR_IOLOOP_ABORTED", "it was aborted"],
};

/** Whether the peer has closed the connection. */
export function isOfPeer(reason: CloseReason): boolean {
  return reason === "peer" || reason === "reset";
}

/** Returns the error for the reason of a close; undefined for a normal end. `error` is that of the runtime, if there is one. */
export function errorFor(reason: CloseReason, error: NodeJS.ErrnoException | undefined): Error | undefined {
  // What a write has met after the reset has another code.
  if (error && (reason !== "reset" || error.code === "ECONNRESET")) return error;
  if (reason === "reset") return Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET", syscall: "read" });
  const known = ERRORS[reason];
  if (!known) return undefined;
  const [code, why] = known;
  return Object.assign(new IOLoopError(code, `The stream was closed: ${why}`), { reason });
}
