// What a loop takes, emits, and calls back with.

import type { Clock } from "../time/clock.ts";
import { CLOCK, COUNT, POSITIVE, type Rule, SECONDS, check, checkOptions, oneOf } from "../base/checks.ts";
import { withCode } from "../base/errors.ts";
import { namesOf } from "../base/event-emitter.ts";
import type { DropInfo } from "../engine/admission.ts";
import { REACTOR, type Reactor } from "../reactor/reactor.ts";

/** In which order waiting clients are admitted. */
export type QueueOrder = "fifo" | "adaptive";

export const QUEUE: Rule = oneOf("fifo", "adaptive");
export const RATE: Rule = { ...SECONDS, allowed: "a finite number of clients a second, 0 or more" };

/** Options of {@link IOLoop}: its attributes, and its clock. */
export interface IOLoopOptions {
  maxAccepts?: number | undefined;
  maxConnections?: number | undefined;
  multiAccept?: number | undefined;
  queue?: QueueOrder | undefined;
  targetWait?: number | undefined;
  acceptRate?: number | undefined;
  acceptBurst?: number | undefined;
  displaceIdle?: number | undefined;
  reactor?: Reactor | undefined;
  /** Where time comes from; not together with `reactor`, which has a clock. */
  clock?: Clock | undefined;
}

/** The options of a loop, each read once. Throws unless they are such. */
export function checkLoopOptions(options: IOLoopOptions): IOLoopOptions {
  const given = checkOptions("new IOLoop", options, {
    maxAccepts: COUNT,
    maxConnections: COUNT,
    multiAccept: POSITIVE,
    queue: QUEUE,
    targetWait: SECONDS,
    acceptRate: RATE,
    acceptBurst: POSITIVE,
    displaceIdle: SECONDS,
    reactor: REACTOR,
    clock: CLOCK,
  });
  if (!given.reactor || !given.clock) return given;
  const message =
    'new IOLoop: options "clock" and "reactor" cannot be combined; pass the clock to new Reactor({ clock })';
  throw withCode(new TypeError(message), "ERR_IOLOOP_INVALID_ARG_TYPE");
}

export interface IOLoopEvents {
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
  /** Yours to emit: the loop's own errors are events of its reactor. */
  error: [error: unknown];
}

/** Their names. */
export const LOOP_EVENTS: readonly string[] = namesOf<IOLoopEvents>({
  finish: true,
  closing: true,
  full: true,
  free: true,
  reset: true,
  drop: true,
  error: true,
});

/** Throws unless a value is of a class: what is no id must be what an id may name. */
export function instance<T>(
  what: string,
  value: unknown,
  type: abstract new (...args: never[]) => T,
): asserts value is T {
  check(what, value, { allowed: `an id or a ${type.name}`, type: (it) => it instanceof type });
}
