// The alarm of the manager: it finds workers that are overdue.

import { clearTimeout, monotonicNow, setImmediate, setTimeout } from "../base/runtime.ts";
import type { Member, Overdue } from "./member.ts";

const AWAY_MS = 1000; // an alarm that is so late shows that the manager itself did not run
const LONGEST_MS = 2 ** 31 - 1000; // of a timer of the runtime, less what rounding adds

export class Watchdog {
  readonly #members: ReadonlySet<Member>;
  readonly #overdue: (member: Member, overdue: Overdue) => void;
  readonly #passed: () => void;
  #alarm: ReturnType<typeof setTimeout> | undefined;

  /** `overdue` is called with each member that is; `passed` after each alarm. */
  constructor(members: ReadonlySet<Member>, overdue: (member: Member, overdue: Overdue) => void, passed: () => void) {
    this.#members = members;
    this.#overdue = overdue;
    this.#passed = passed;
  }

  /** Sets the alarm for the next deadline of a member, or for `at`, unless that is before `now`. */
  set(at: number, now: number): void {
    this.end();
    const deadlines = [...this.#members].map(({ deadline }) => deadline);
    const due = Math.min(...deadlines, at > now ? at : Infinity, now + LONGEST_MS);
    this.#alarm = setTimeout(
      () => {
        const late = monotonicNow() - due;
        if (late > AWAY_MS) for (const member of this.#members) member.forgive(late);
        setImmediate?.(() => this.#look()); // what has been received is read first
      },
      Math.max(0, due - now),
    );
  }

  end(): void {
    clearTimeout(this.#alarm);
  }

  #look(): void {
    const now = monotonicNow();
    for (const member of this.#members) {
      const overdue = member.overdue(now);
      if (overdue !== undefined) this.#overdue(member, overdue);
    }
    this.#passed();
  }
}
