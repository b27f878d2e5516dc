// The single alarm of a loop. It is set for the core's next deadline, and set again only if that has changed.

import type { Core } from "../core/core.ts";
import type { Alarm, Clock } from "./clock.ts";
import { guardedAlarm } from "./guarded-clock.ts";

export class DeadlineAlarm {
  readonly #core: Core;
  readonly #alarm: Alarm;
  #at = Infinity;
  /** Whether the next deadline may have changed since the alarm was set. */
  changed = false;

  /** `ring` is called at the deadline, `failed` with any error that the clock throws. */
  constructor(core: Core, clock: Clock, ring: () => void, failed: (error: unknown) => void) {
    this.#core = core;
    const rung = (): void => {
      this.#at = Infinity;
      ring();
    };
    this.#alarm = guardedAlarm(clock, rung, failed);
  }

  /** Sets the alarm for the next deadline, if that may have changed. */
  set(): void {
    if (!this.changed) return;
    this.changed = false;
    const at = this.#core.calls.pollDeadline();
    if (at === this.#at) return;
    this.#at = at;
    if (at === Infinity) this.#alarm.clear();
    else this.#alarm.set(at);
  }

  clear(): void {
    this.#at = Infinity;
    this.#alarm.clear();
  }
}
