// Two streams as one: what one receives, the other sends.

import { SIGNAL, checkOptions } from "../base/checks.ts";
import { IOLoopError, toError } from "../base/errors.ts";
import { onAbort, silent } from "../base/signals.ts";
import { errorOfClosed } from "./endings.ts";
import { Pipe, shareTimeout } from "./pipe.ts";
import { type Piped, isOpen, streamSink } from "./sinks.ts";

/** What has passed through a splice. */
export interface Spliced {
  /** Bytes that were sent to the peer. */
  readonly sent: number;
  /** Bytes that were received from the peer. */
  readonly received: number;
}

/** Connects two streams, both ways. Throws if something else reads one of them, or alone may write to it. */
export function splice(near: Piped, far: Piped, options: { signal?: AbortSignal | undefined }): Promise<Spliced> {
  const { signal } = checkOptions("splice", options, { signal: SIGNAL });
  if (near === far) {
    const message = "splice: both are the same stream; pipeTo(stream) sends back what it receives";
    throw new IOLoopError("ERR_IOLOOP_STREAM_IN_USE", message);
  }
  const closed = [near, far].find((stream) => !isOpen(stream));
  if (closed) {
    const error = errorOfClosed(closed, "splice");
    for (const stream of [near, far]) stream.finish("reset", "aborted");
    return silent(Promise.reject(error));
  }
  let failure: { readonly error: unknown } | undefined;
  let open = 2;
  const promise = new Promise<Spliced>((resolve, reject) => {
    const half = (from: Piped, to: Piped): Pipe => {
      const pipe = new Pipe(from, streamSink(to, "splice"), false, {
        refused: (error) => to.finish("reset", "error", toError(error)),
        ended: () => to.endLater(),
        closed(error) {
          if (error) {
            failure ??= { error };
            to.finish("reset", "aborted");
          } else if (to.hasPeerEnded) {
            to.endLater();
          } else {
            to.finishLater("local");
          }
          if (--open === 0) settle();
        },
      });
      return pipe;
    };
    const settle = (): void => {
      forgetSignal();
      if (failure) reject(failure.error);
      else resolve({ sent: back.bytes, received: there.bytes });
    };
    const there = half(near, far);
    const back = half(far, near);
    near.consume("splice", there);
    try {
      far.consume("splice", back);
    } catch (error) {
      near.release(there);
      throw error;
    }
    const forgetSignal = onAbort(signal, (reason) => {
      failure ??= { error: reason };
      near.finish("reset", "aborted");
      far.finish("reset", "aborted");
    });
    near.halfOpen = far.halfOpen = true;
    shareTimeout(near, far);
  });
  return silent(promise);
}
