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
  readonly forever: boolean;
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

  override settle(): void {
    super.settle();
    this.context.end();
  }
}
