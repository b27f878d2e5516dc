// Promises that wait for something of a loop. They start the loop, so that none hangs because nobody has called `start`.

import { IOLoopError } from "../base/errors.ts";
import { silent } from "../base/signals.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import type { Resource } from "../engine/resources.ts";

// What waits, by engine: an error that ends a run of ours rejects all of it.
const waiting = new WeakMap<LoopEngine, Set<(error: unknown) => void>>();

/** Starts the loop, unless it runs. Throws if it was stopped. `what` is the called method. */
export function ensureRunning(engine: LoopEngine, what: string): void {
  checkStopped(engine, what);
  if (engine.isRunning) return;
  const running = engine.start(false);
  const run = engine.run!;
  run.isShared = true;
  running.catch((error: unknown) => {
    if (run.isShared) for (const fail of allOf(engine)) fail(error);
  });
}

/** Throws if the loop was stopped by the program, and not started since then. */
function checkStopped(engine: LoopEngine, what: string): void {
  if (!engine.isStopped) return;
  throw new IOLoopError("ERR_IOLOOP_STOPPED", `${what}: the loop was stopped; call start() first`);
}

/** The error of a promise whose loop is reset. */
export function wasReset(what: string): IOLoopError {
  return new IOLoopError("ERR_IOLOOP_ABORTED", `${what}: the loop was reset`);
}

/** Calls back if an error ends a run that was started by a promise. Returns a function that cancels this. */
export function whenFailed(engine: LoopEngine, failed: (error: unknown) => void): () => void {
  const all = allOf(engine).add(failed);
  return () => void all.delete(failed);
}

function allOf(engine: LoopEngine): Set<(error: unknown) => void> {
  const all = waiting.get(engine) ?? new Set();
  waiting.set(engine, all);
  return all;
}

/** How a promise is settled. */
export interface Settle<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/** A promise of something that `begin` begins. `begin` returns a function that cancels it, and may throw. */
export function pending<T>(engine: LoopEngine, what: string, begin: (settle: Settle<T>) => () => void): Promise<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((res, rej) => ([resolve, reject] = [res, rej]));
  if (engine.isStopped) {
    try {
      checkStopped(engine, what);
    } catch (error) {
      reject(error);
    }
    return silent(promise);
  }
  let isOver = false;
  const over = (): void => {
    isOver = true;
    engine.resources.delete(resource);
    forget();
  };
  const fail = (error: unknown): void => {
    if (isOver) return;
    over();
    cancel();
    reject(error);
  };
  const resource: Resource = { suspend: nothing, resume: nothing, close: () => fail(wasReset(what)) };
  const cancel = begin({
    resolve(value) {
      if (!isOver) over();
      resolve(value);
    },
    reject(error) {
      if (!isOver) over();
      reject(error);
    },
  });
  const forget = whenFailed(engine, fail);
  engine.resources.add(resource);
  ensureRunning(engine, what);
  return silent(promise);
}

function nothing(): void {
  // A resource of the loop only for `close`.
}
