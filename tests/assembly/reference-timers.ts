// A second implementation of the core, as simple as possible: maps, filters and sorts. The tests of the core compare with it.
// This file has the timers; reference-tables.ts adds the connections, and reference.ts admission.
//
// Each method has the name, the arguments and the result of an export of the core. A method that creates an object also
// takes the id that the core returned, and checks that it is valid.

import { BATCH, Code, Due, Kind, kindOf, slotOf } from "wasm-ioloop/core";

export interface Alarm {
  /** NaN until the start time is set. */
  deadline: number;
  order: number;
  isDue: boolean;
}

/** An object that can have an alarm. The drain and the rate have no id. */
export interface Alarmed {
  readonly id: number;
  alarm?: Alarm | undefined;
  /** The deadline as moved by activity. */
  moved?(): number;
}

interface Timer extends Alarmed {
  readonly recurring: boolean;
  interval: number;
}

export const isDuration = (value: number): boolean => value >= 0 && value < Infinity;

/** The core's timers. */
export abstract class ReferenceTimers {
  readonly timers = new Map<number, Timer>();
  readonly drain: Alarmed = { id: 0 };
  readonly rate: Alarmed = { id: 0 };
  readonly displacement: Alarmed = { id: 0 };
  readonly waits: Alarmed = { id: 0 };
  pass = 0;
  now = 0;
  readonly #known = new Set<number>();
  readonly #peak = [0, 0, 0, 0];
  #due: { one: Alarmed; alarm: Alarm }[] = [];
  #started = 0;

  protected abstract drainTimerPassed(): void;
  protected abstract waitsPassed(): void;
  /** The parts of a connection that can have an alarm. */
  protected abstract alarmedOfConnections(): Alarmed[];
  /** Whether it belongs to an existing connection. */
  protected abstract isOfConnection(one: Alarmed): boolean;
  /** handleDue for a connection. */
  protected abstract answerFor(id: number): number;

  handleReset(): void {
    this.timers.clear();
    this.drain.alarm = undefined;
    this.rate.alarm = undefined;
    this.displacement.alarm = undefined;
    this.waits.alarm = undefined;
    this.#due = [];
  }

  handleTick(now: number): void {
    this.pass = this.tell(now);
    this.#tellUntimed();
    const due = this.#running()
      .filter((one) => !one.alarm!.isDue && this.#deadlineOf(one) <= this.pass)
      .map((one) => ({ one, alarm: one.alarm! }));
    for (const { one, alarm } of due) {
      alarm.deadline = this.#deadlineOf(one);
      alarm.isDue = true;
    }
    due.sort((a, b) => a.alarm.deadline - b.alarm.deadline || a.alarm.order - b.alarm.order);
    this.#due.push(...due);
  }

  handleTimer(after: number, recurring: number, now: number, id: number): number {
    this.tell(now);
    if (!isDuration(after)) return Code.TIME;
    const alarm = this.#startAt(now, after);
    return this.add(Kind.TIMER, this.timers, { id, recurring: recurring !== 0, interval: after, alarm });
  }

  handleTimerAgain(id: number, after: number, now: number): number {
    this.tell(now);
    const timer = this.timers.get(id);
    if (!timer) return Code.STALE;
    if (!Number.isNaN(after)) {
      if (!isDuration(after)) return Code.TIME;
      timer.interval = after;
    }
    if (!Number.isNaN(now)) timer.alarm = this.#startAt(now, timer.interval);
    return Code.OK;
  }

  /** Takes the commands themselves instead of their number. */
  handleCommands(commands: readonly number[], now: number): number {
    this.tell(now);
    if (!Number.isNaN(now)) this.#tellUntimed();
    let stale = 0;
    for (const id of commands) {
      const timer = this.timers.get(id);
      if (!timer) stale++;
      else timer.alarm = this.#startAt(now, timer.interval);
    }
    return stale;
  }

  handleTimerRemove(id: number): number {
    return this.timers.delete(id) ? Code.OK : Code.STALE;
  }

  /** The ids in the batch. */
  pollDue(): number[] {
    const batch: number[] = [];
    for (const { one, alarm } of this.#due.slice()) {
      if (batch.length === BATCH) break;
      if (one.alarm !== alarm || !this.#isThere(one)) continue;
      if (one.id === 0) one.alarm = undefined;
      if (one === this.drain) this.drainTimerPassed();
      else if (one === this.waits) this.waitsPassed();
      else if (one.id === 0) continue;
      else if (!this.wasPutOff(one)) batch.push(one.id);
    }
    return batch;
  }

  handleDue(id: number): number {
    const timer = this.timers.get(id);
    if (!timer?.alarm?.isDue) return this.answerFor(id);
    if (timer.recurring) timer.alarm = this.start(this.pass + timer.interval);
    else this.timers.delete(id);
    return timer.recurring ? Due.RECURRING : Due.ONCE;
  }

  timerCount(): number {
    return this.timers.size;
  }

  /** The next deadline; Infinity if no timer is running. */
  pollDeadline(): number {
    const deadlines = this.#running().map((one) => this.#deadlineOf(one));
    return deadlines.reduce((least, deadline) => (deadline < least ? deadline : least), Infinity);
  }

  /** Whether anything is due in this pass, or was due before it was postponed. */
  get isDue(): boolean {
    return this.#running().some(({ alarm }) => alarm!.isDue);
  }

  protected tell(now: number): number {
    if (now > this.now && now !== Infinity) this.now = now;
    return this.now;
  }

  protected start(deadline: number): Alarm {
    return { deadline, order: ++this.#started, isDue: false };
  }

  protected add<T extends { id: number }>(kind: number, table: Map<number, T>, one: T): number {
    const { id } = one;
    table.set(id, one);
    const peak = this.#peak;
    peak[kind] = Math.max(peak[kind]!, table.size);
    // A connection has up to two timers, and the core has four of its own. There is no slot 0 in the other tables; an acceptor keeps its slot
    // while it has clients inside.
    const spare =
      kind === Kind.TIMER ? 2 * peak[Kind.CONNECTION]! + 4 : kind === Kind.ACCEPTOR ? 1 + peak[Kind.CONNECTION]! : 1;
    const room = peak[kind] + spare;
    const fit = Number.isSafeInteger(id) && kindOf(id) === kind && slotOf(id) < room && !this.#known.has(id);
    this.#known.add(id);
    return fit ? id : NaN;
  }

  // There was activity since the pass began.
  protected wasPutOff(one: Alarmed): boolean {
    const deadline = this.#deadlineOf(one);
    if (deadline <= this.pass) return false;
    one.alarm = { ...one.alarm!, deadline, isDue: false };
    return true;
  }

  #running(): Alarmed[] {
    const own = [this.drain, this.rate, this.displacement, this.waits];
    return [...this.timers.values(), ...this.alarmedOfConnections(), ...own].filter(({ alarm }) => alarm);
  }

  #isThere(one: Alarmed): boolean {
    return one.id === 0 || this.timers.get(one.id) === one || this.isOfConnection(one);
  }

  // A time that is passed becomes the start time of all timers that have none yet.
  #startAt(now: number, after: number): Alarm {
    if (Number.isNaN(now)) return this.start(NaN);
    this.#tellUntimed();
    return this.start(this.now + after);
  }

  #tellUntimed(): void {
    for (const { alarm, interval } of this.timers.values()) {
      if (alarm && Number.isNaN(alarm.deadline)) alarm.deadline = this.now + interval;
    }
  }

  // As times of activity only grow, it makes no difference when the deadline is computed.
  #deadlineOf(one: Alarmed): number {
    const { deadline } = one.alarm!;
    return one.moved ? Math.max(deadline, one.moved()) : deadline;
  }
}
