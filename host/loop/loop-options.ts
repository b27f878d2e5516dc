// What a loop takes, emits, and calls back with.

import type { Clock } from "../time/clock.ts";
import type { IOLoop } from "./ioloop.ts";
import { CLOCK, COUNT, POSITIVE, checkOptions, withCode } from "../base/checks.ts";
import type { DropInfo } from "../engine/parts.ts";
import { type Id, REACTOR, type Reactor } from "../reactor/reactor.ts";
import type { Stream } from "../stream/stream.ts";

/** Options of {@link IOLoop}: its attributes, and its clock. */
export interface IOLoopOptions {
  maxAccepts?: number | undefined;
  maxConnections?: number | undefined;
  multiAccept?: number | undefined;
  reactor?: Reactor | undefined;
  /** Where time comes from; not together with `reactor`, which has a clock. */
  clock?: Clock | undefined;
}

/** Options of `stopGracefully`. */
export interface StopOptions {
  /** Seconds to go on accepting first, while a load balancer learns of it; default 0. */
  delay?: number | undefined;
  /** Seconds after the end of accepting at which what is left is closed; default 0, never. */
  timeout?: number | undefined;
  /** Aborted, it ends the patience: what is left is closed at once, as when `timeout` has passed. */
  signal?: AbortSignal | undefined;
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
  /** The loop shuts down gracefully, and waits for its connections to be closed. */
  finish: [];
  /** Everything is about to be removed. */
  reset: [];
  /** A client that waited, or was to wait, has been reset. */
  drop: [info: DropInfo];
};

export type LoopCallback = (loop: IOLoop) => unknown;
export type ServerCallback = (loop: IOLoop, stream: Stream, id: Id) => unknown;
export type ClientCallback = (loop: IOLoop, error: Error | undefined, stream: Stream | undefined) => unknown;
