// The options and the events of a loop.

import type { Clock } from "../time/clock.ts";
import { CLOCK, COUNT, POSITIVE, type Rule, SECONDS, check, checkOptions, oneOf } from "../base/checks.ts";
import { withCode } from "../base/errors.ts";
import { namesOf } from "../base/event-emitter.ts";
import type { DropInfo } from "../engine/admission.ts";
import { REACTOR, type Reactor } from "../reactor/reactor.ts";

/** The order in which waiting clients are admitted. */
export type QueueOrder = "fifo" | "adaptive";

/** Whether addresses take turns. */
export type Fairness = "none" | "address";

export const QUEUE: Rule = /* @__PURE__ */ oneOf("fifo", "adaptive");
export const FAIRNESS: Rule = /* @__PURE__ */ oneOf("none", "address");
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
  fairness?: Fairness | undefined;
  maxPerAddress?: number | undefined;
  reactor?: Reactor | undefined;
  /** The source of time. Cannot be combined with `reactor`, which has a clock. */
  clock?: Clock | undefined;
}

/** Checks the options of a loop, and returns them, each read once. Throws if one is invalid. */
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
    fairness: FAIRNESS,
    maxPerAddress: COUNT,
    reactor: REACTOR,
    clock: CLOCK,
  });
  if (!given.reactor || !given.clock) return given;
  const message =
    'new IOLoop: options "clock" and "reactor" cannot be combined; pass the clock to new Reactor({ clock })';
  throw withCode(new TypeError(message), "ERR_IOLOOP_INVALID_ARG_TYPE");
}

export interface IOLoopEvents {
  /** A graceful stop begins: health checks should fail from now on. With a `delay`, clients are accepted until `closing`. */
  finish: [];
  /** Accepting has ended: listening sockets close, and their ids are spent. Clients that have connected by now are still admitted. */
  closing: [];
  /**
   * A client has to wait because no slot is free, and none waited before. Not emitted for clients that wait for the next tick, or for a
   * stopped server.
   */
  full: [];
  /** No client waits for a slot any more. Always follows a `full`. */
  free: [];
  /** The loop is about to remove everything. */
  reset: [];
  /** A client was reset while it waited for admission, or because it could not be queued. */
  drop: [info: DropInfo];
  /** Emitted by your code only: the loop's own errors are events of its reactor. */
  error: [error: unknown];
}

/** The names of the events. */
export const LOOP_EVENTS: readonly string[] = /* @__PURE__ */ namesOf<IOLoopEvents>({
  finish: true,
  closing: true,
  full: true,
  free: true,
  reset: true,
  drop: true,
  error: true,
});

/** Throws unless `value`, which is not an id, is an instance of `type`. */
export function instance<T>(
  what: string,
  value: unknown,
  type: abstract new (...args: never[]) => T,
): asserts value is T {
  check(what, value, { allowed: `an id or a ${type.name}`, type: (it) => it instanceof type });
}
