// The timers of this host: their callbacks, which run when the core reports them as due.

import { Due, slotOf } from "wasm-ioloop/core";

/** The purpose of a deadline. */
export const Purpose = Object.freeze({ PLAN: 0, WORK: 1, WAIT: 2, IDLE: 3 });

/**
 * @template T
 * @typedef {object} Timer
 * @property {number} id in the core
 * @property {number} purpose
 * @property {number} deadline
 * @property {number} interval
 * @property {T} subject the argument of the callback
 * @property {(subject: T) => void} run
 */

/** The timers of the core, with their callbacks. */
export class Timers {
  /** @type {(Timer<any> | undefined)[]} */
  bySlot = [];
  #core;

  /** @param {import("wasm-ioloop/core").Core} core */
  constructor(core) {
    this.#core = core;
  }

  /**
   * @template T
   * @param {number} purpose
   * @param {{ after: number, now: number, isRecurring?: boolean }} when
   * @param {T} subject
   * @param {(subject: T) => void} run
   * @returns {Timer<T>}
   */
  make(purpose, { after, now, isRecurring = false }, subject, run) {
    const id = this.#core.calls.handleTimer(after, isRecurring ? 1 : 0, now);
    this.#core.refresh();
    const timer = { id, purpose, deadline: now + after, interval: after, subject, run };
    this.bySlot[slotOf(id)] = timer;
    return timer;
  }

  /** Restarts a timer with a new interval. @param {Timer<any>} timer @param {number} after @param {number} now */
  again(timer, after, now) {
    this.#core.calls.handleTimerAgain(timer.id, after, now);
    timer.interval = after;
    timer.deadline = now + after;
  }

  /** @param {Timer<any> | undefined} timer */
  remove(timer) {
    if (timer && this.#core.calls.handleTimerRemove(timer.id) === 0) this.bySlot[slotOf(timer.id)] = undefined;
  }

  /** Runs a due timer, given the result of handleDue. @param {number} id @param {number} answer @param {number} now @returns {number} how late it is */
  fire(id, answer, now) {
    const slot = slotOf(id);
    const timer = this.bySlot[slot];
    if (!timer) return 0;
    const late = now - timer.deadline;
    if (answer === Due.ONCE) this.bySlot[slot] = undefined;
    else timer.deadline = now + timer.interval;
    timer.run(timer.subject);
    return late;
  }
}
