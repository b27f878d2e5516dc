// One run of a loop, from `start` until it has stopped.

import { AsyncContext } from "./async-context.ts";
import { Deferred } from "../base/deferred.ts";

/** A run: its promise, and when it must end. */
export class Run extends Deferred {
  /** Whether it ends as soon as an event has been dispatched. */
  readonly once: boolean;
  /** Whether an event has been dispatched. */
  dispatched = false;
  /** Whether it continues when there is nothing to wait for. */
  forever: boolean;
  /** Whether a promise has begun it: then the first `start` joins it. */
  isShared = false;
  /** Whether `stop` was called: then it ends with the current pass. */
  stopping = false;
  /** Whether it ends with the current pass because `once` is fulfilled. */
  isOver = false;
  /** The async context of `start`, in which its passes run. */
  readonly context: AsyncContext = new AsyncContext();

  constructor(once: boolean, forever: boolean) {
    super();
    this.once = once;
    this.forever = forever;
  }

  /** Makes it the run of a call of `start`. Returns false if it is that of another call. */
  join(forever: boolean): boolean {
    if (!this.isShared) return false;
    this.isShared = false;
    this.forever ||= forever;
    return true;
  }

  override settle(): void {
    super.settle();
    this.context.end();
  }
}
