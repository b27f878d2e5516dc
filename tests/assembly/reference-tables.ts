// The core once more, as plainly as it can be said: maps, filters and sorts. What the tests of the core compare with.
// Here its timers and connections; core-reference.ts goes on with who is let in.
//
// Each method is named after an export of the core, takes its arguments and gives its answer. One that makes something
// takes the id the core gave as well, and checks that it is fit to be one.

import { BATCH, Code, Due, Kind, State, kindOf, slotOf } from "wasm-ioloop/core";

export interface Alarm {
  /** NaN until the time of its start is told. */
  deadline: number;
  order: number;
  isDue: boolean;
}

interface Timer {
  readonly id: number;
  readonly recurring: boolean;
  interval: number;
  alarm?: Alarm | undefined;
}

export interface Connection {
  readonly id: number;
  state: number;
  timeout: number;
  activity: number;
  acceptor?: Acceptor | undefined;
  alarm?: Alarm | undefined;
}

export interface Acceptor {
  readonly id: number;
  backlog: number;
  waitTimeout: number;
  single: boolean;
  listening: boolean;
  turn: number;
}

type Alarmed = Timer | Connection | { alarm?: Alarm | undefined };

export const isDuration = (value: number): boolean => value >= 0 && value < Infinity;

/** The core's timers and connections. */
export abstract class ReferenceTables {
  readonly timers = new Map<number, Timer>();
  readonly connections = new Map<number, Connection>();
  readonly acceptors = new Map<number, Acceptor>();
  readonly drain: { alarm?: Alarm | undefined } = {};
  pass = 0;
  now = 0;
  readonly #known = new Set<number>();
  readonly #peak = [0, 0, 0, 0];
  #due: { one: Alarmed; alarm: Alarm }[] = [];
  #started = 0;

  protected abstract drainTimerPassed(): void;

  handleReset(): void {
    this.timers.clear();
    this.connections.clear();
    this.acceptors.clear();
    this.drain.alarm = undefined;
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

  /** Takes the commands instead of their number. */
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
      if (one.alarm !== alarm || ("id" in one && !this.#isThere(one))) continue;
      if (!("id" in one)) this.drainTimerPassed();
      else if (!this.#wasPutOff(one)) batch.push(one.id);
    }
    return batch;
  }

  handleDue(id: number): number {
    const timer = this.timers.get(id);
    const connection = this.connections.get(id);
    if (timer?.alarm?.isDue) {
      if (timer.recurring) timer.alarm = this.start(this.pass + timer.interval);
      else this.timers.delete(id);
      return timer.recurring ? Due.RECURRING : Due.ONCE;
    }
    if (!connection?.alarm?.isDue || this.#wasPutOff(connection)) return Due.VOID;
    connection.alarm = undefined;
    if (connection.state === State.WAITING) return Due.WAIT;
    return connection.state === State.CONNECTING ? Due.CONNECT : Due.IDLE;
  }

  handleConnect(timeout: number, now: number, id: number): number {
    return this.open(State.CONNECTING, timeout, now, id);
  }

  handleTrack(timeout: number, now: number, id: number): number {
    return this.open(State.LOOSE, timeout, now, id);
  }

  handleConnected(id: number, now: number): number {
    const code = this.#move(id, State.CONNECTING, State.OUTGOING);
    if (code < 0) return code;
    this.tell(now);
    return this.setTimeout(this.connections.get(id)!, 0);
  }

  handleAdopt(id: number): number {
    return this.#move(id, State.LOOSE, State.OUTGOING);
  }

  handleTimeout(id: number, timeout: number, now: number): number {
    const connection = this.connections.get(id);
    if (!connection) return Code.STALE;
    this.tell(now);
    return this.setTimeout(connection, timeout);
  }

  stateOf(id: number): number {
    return this.connections.get(id)?.state ?? Code.STALE;
  }

  connectionsIn(state: number): number {
    return [...this.connections.values()].filter((connection) => connection.state === state).length;
  }

  timerCount(): number {
    return this.timers.size;
  }

  /** The time of the next deadline; Infinity where nothing runs. */
  pollDeadline(): number {
    const deadlines = this.#running().map((one) => this.#deadlineOf(one));
    return deadlines.reduce((least, deadline) => (deadline < least ? deadline : least), Infinity);
  }

  /** Whether anything is due in this pass, or was before it was put off. */
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
    // Connections and the graceful stop have timers of their own.
    const room = kind === Kind.TIMER ? peak[kind] + peak[Kind.CONNECTION]! + 1 : peak[kind];
    const fit = Number.isSafeInteger(id) && kindOf(id) === kind && slotOf(id) < room && !this.#known.has(id);
    this.#known.add(id);
    return fit ? id : NaN;
  }

  protected open(state: number, timeout: number, now: number, id: number): number {
    this.tell(now);
    if (!isDuration(timeout)) return Code.TIME;
    const connection = { id, state, timeout: 0, activity: 0 };
    this.setTimeout(connection, timeout);
    return this.add(Kind.CONNECTION, this.connections, connection);
  }

  protected setTimeout(connection: Connection, timeout: number): number {
    if (!isDuration(timeout)) return Code.TIME;
    connection.timeout = timeout;
    connection.activity = this.now;
    connection.alarm = timeout > 0 ? this.start(this.now + timeout) : undefined;
    return Code.OK;
  }

  #move(id: number, from: number, to: number): number {
    const connection = this.connections.get(id);
    if (!connection) return Code.STALE;
    if (connection.state !== from) return Code.STATE;
    connection.state = to;
    return Code.OK;
  }

  #running(): Alarmed[] {
    const all: Alarmed[] = [...this.timers.values(), ...this.connections.values(), this.drain];
    return all.filter(({ alarm }) => alarm);
  }

  #isThere(one: Timer | Connection): boolean {
    return this.timers.get(one.id) === one || this.connections.get(one.id) === one;
  }

  // There was activity since the pass began.
  #wasPutOff(one: Timer | Connection): boolean {
    const deadline = this.#deadlineOf(one);
    if (deadline <= this.pass) return false;
    one.alarm = { ...one.alarm!, deadline, isDue: false };
    return true;
  }

  // A time that is told goes for all that have been started without.
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

  // With activity that only grows, when the deadline was looked at makes no difference.
  #deadlineOf(one: Alarmed): number {
    const { deadline } = one.alarm!;
    return "activity" in one ? Math.max(deadline, one.activity + one.timeout) : deadline;
  }
}
