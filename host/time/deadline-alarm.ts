// The one alarm of a loop: set for the core's next deadline, and set again only when that has changed.

import type { Core } from "../core/core.ts";
import type { Alarm, Clock } from "./clock.ts";
import { guardedAlarm } from "./guarded-clock.ts";

export class DeadlineAlarm {
  readonly #core: Core;
  readonly #alarm: Alarm;
  #at = Infinity;
  /** Whether the next deadline may be another than the alarm knows. */
  changed = false;

  /** `failed` is told what the clock throws. */
  constructor(core: Core, clock: Clock, ring: () => void, failed: (error: unknown) => void) {
    this.#core = core;
    const rung = (): void => {
      this.#at = Infinity;
      ring();
    };
    this.#alarm = guardedAlarm(clock, rung, failed);
  }

  /** Follows the next deadline. */
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
