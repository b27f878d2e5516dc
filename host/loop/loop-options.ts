// What a loop takes, emits, and calls back with.

import type { Clock } from "../time/clock.ts";
import { CLOCK, COUNT, POSITIVE, checkOptions, withCode } from "../base/checks.ts";
import type { DropInfo } from "../engine/admission.ts";
import { REACTOR, type Reactor } from "../reactor/reactor.ts";

/** Options of {@link IOLoop}: its attributes, and its clock. */
export interface IOLoopOptions {
  maxAccepts?: number | undefined;
  maxConnections?: number | undefined;
  multiAccept?: number | undefined;
  reactor?: Reactor | undefined;
  /** Where time comes from; not together with `reactor`, which has a clock. */
  clock?: Clock | undefined;
}

/** Throws unless the options are those of a loop. */
export function checkLoopOptions(options: IOLoopOptions): void {
  checkOptions("new IOLoop", options, {
    maxAccepts: COUNT,
    maxConnections: COUNT,
    multiAccept: POSITIVE,
    reactor: REACTOR,
    clock: CLOCK,
  });
  if (!options.reactor || !options.clock) return;
  const message = 'new IOLoop: option "clock" goes to the reactor, where one is given';
  throw withCode(new TypeError(message), "ERR_IOLOOP_INVALID_ARG_TYPE");
}

export type IOLoopEvents = {
  /** A graceful stop begins. Health checks fail from here on; with a `delay` clients are accepted until `closing`. */
  finish: [];
  /** Accepting has ended: listening sockets close, their ids are spent. Clients that have come by now are still admitted. */
  closing: [];
  /**
   * A client has to wait because no slot is free, and none did before. Not for clients that wait for the next tick, or behind a
   * stopped server.
   */
  full: [];
  /** No client waits for a slot any more. Always follows a `full`. */
  free: [];
  /** Everything is about to be removed. */
  reset: [];
  /** A client was reset while it waited for admission, or because it could not be queued. */
  drop: [info: DropInfo];
};
