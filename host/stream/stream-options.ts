// The options of a stream.

import { BOOLEAN, check, checkOptions } from "../base/checks.ts";
import { REACTOR, type Reactor } from "../reactor/reactor.ts";
import { HANDLE, type StreamHandle } from "../socket/handle.ts";

/** Options of {@link Stream}. */
export interface StreamOptions {
  /** The reactor it belongs to; default that of the shared loop. */
  reactor?: Reactor | undefined;
  /** Whether it stays open when the peer has ended its side; default false. */
  halfOpen?: boolean | undefined;
}

/** Options of the loop itself, for streams of its own handles: neither needs a check. One object serves all streams of a server. */
export class OwnOptions {
  readonly #reactor: Reactor;
  halfOpen: boolean | undefined;

  constructor(reactor: Reactor) {
    this.#reactor = reactor;
  }

  get reactor(): Reactor {
    return this.#reactor;
  }

  /** Not `instanceof`, which throws for a revoked proxy. */
  static are(options: unknown): options is OwnOptions {
    return typeof options === "object" && options !== null && #reactor in options;
  }
}

/** Checks the arguments of a new stream. Returns the options, each read once. */
export function checkStream(handle: StreamHandle, options: StreamOptions): StreamOptions {
  check("new Stream: handle", handle, HANDLE);
  return checkOptions("new Stream", options, { reactor: REACTOR, halfOpen: BOOLEAN });
}
