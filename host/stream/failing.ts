// A stream that fails emits why, and closes next. If a subscriber closes it first, the failure is still the reason.

import type { CloseReason } from "./close-reason.ts";

/** Why a stream closes next. */
interface Failure {
  readonly stream: object;
  readonly reason: CloseReason;
  readonly error: Error | undefined;
  readonly outer: Failure | undefined;
}

let inner: Failure | undefined;

/** Emits an event about a failure. */
export function whileFailing(stream: object, reason: CloseReason, error: Error | undefined, emit: () => void): void {
  const outer = inner;
  inner = { stream, reason, error, outer };
  try {
    emit();
  } finally {
    inner = outer;
  }
}

/** The failure that a stream is emitting. */
export function failureOf(stream: object): Failure | undefined {
  let failure = inner;
  while (failure && failure.stream !== stream) failure = failure.outer;
  return failure;
}
