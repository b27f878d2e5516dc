// One run of a loop, from `start` until it has stopped.

import { AsyncContext } from "./async-context.ts";
import { Deferred } from "../base/deferred.ts";

/** A run: its promise, how it is to end, and whether it ought to. */
export class Run extends Deferred {
  /** Whether it ends as soon as something has been dispatched. */
  readonly once: boolean;
  /** Whether something has been. */
  dispatched = false;
  /** Whether it goes on when there is nothing to wait for. */
  readonly forever: boolean;
  /** Whether it was told to stop, and ends with the current pass. */
  stopping = false;
  /** Whether it ends with the current pass, because one was all it was to run. */
  isOver = false;
  /** The context of `start`, in which its passes run. */
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
