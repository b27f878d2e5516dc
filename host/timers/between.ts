// What happens between two timers that are due together: the callbacks of `process.nextTick` and the microtasks that the first one has
// queued run before the second one, as they do with the runtime's timers.

import { builtinModule, runTicks, setImmediate, setTimeout, setting } from "../base/runtime.ts";

type Drain = () => void;

const settled = Promise.resolve();

/** The function of the runtime that runs what is queued: of Node, or of Bun. `IOLOOP_FAST=0` does without, as it is not documented on Node. */
const candidates: readonly (Drain | undefined)[] =
  setting("IOLOOP_FAST") === "0"
    ? []
    : [runTicks, (builtinModule("bun:jsc") as { drainMicrotasks?: Drain } | undefined)?.drainMicrotasks];

let drain: Drain | undefined;
let isTried = false;

/**
 * Runs what is queued. Returns false if the runtime has no function for it: then the caller has to return to the runtime, and continue in
 * another task. To be called from a task, not from a microtask.
 */
export function runQueued(): boolean {
  if (!isTried) find();
  if (!drain) return false;
  drain();
  return true;
}

// Whether a function does it is tried out, once.
function find(): void {
  for (const candidate of candidates) {
    let hasRun = false;
    void settled.then(() => (hasRun = true));
    candidate?.(); // throws what a callback of `process.nextTick` throws: then the next call tries again
    if (hasRun) drain = candidate;
    if (drain) break;
  }
  isTried = true;
}

/** Calls back in another task, soon. In a browser by a message: a timer in a timer would take 4 ms. */
export const inAnotherTask: (task: () => void) => void = setImmediate ?? messenger();

/** The same after an error, which the runtime gets first. Bun would not end if it had an immediate to run. */
export const afterError: (task: () => void) => void =
  "Bun" in globalThis ? (task) => void setTimeout(task, 1) : inAnotherTask;

function messenger(): (task: () => void) => void {
  const { port1, port2 } = new MessageChannel();
  let next: (() => void) | undefined;
  port1.addEventListener("message", () => next?.());
  port1.start();
  return (task) => {
    next = task;
    port2.postMessage(undefined);
  };
}
