// The connection table: every socket of the loop, its state and its deadline.
//
// I1  States change only as NEXT, the table below, allows; anything else is refused and changes nothing.
// I2  `counts[s]` is the number of connections in state s; the sum is the number of connections.
// I3  A connection has at most one deadline, whose meaning follows from its state, and at most one lifetime (lifetimes.ts).
// I4  Idle deadlines are lazy (idle.ts). They never expire early, and at most one pass late.
// I5  Lingering connections are in a queue, in the order in which they began to linger.

import { Code, Due, Kind, State, Transition } from "wasm-ioloop/core";
import { longer } from "./arrays.ts";
import { type Clock, isDuration } from "./clock.ts";
import { FIXED, type Idle } from "./idle.ts";
import { Lifetimes } from "./lifetimes.ts";
import type { TimerLists } from "./lists.ts";
import { Links, Queue } from "./queue.ts";
import { Slots } from "./slots.ts";
import type { Timers } from "./timers.ts";

export const STATES = 8;
const EVENTS = 9;
const LINGER_TIMEOUT = 2000; // ms

// NEXT[event][state]: the state that follows, or the code STATE. A row an event, in the order of `Transition`.
// prettier-ignore
const NEXT = Int8Array.of(
// FREE WAITING CONNECTING INCOMING OUTGOING LOOSE EXEMPT LINGERING
   1,   -4,     -4,        -4,      -4,      -4,   -4,    -4, // ACCEPT
   2,   -4,     -4,        -4,      -4,      -4,   -4,    -4, // CONNECT
   5,   -4,     -4,        -4,      -4,      -4,   -4,    -4, // TRACK
   -4,  3,      -4,        -4,      -4,      -4,   -4,    -4, // ADMIT
   -4,  -4,     4,         -4,      -4,      -4,   -4,    -4, // CONNECTED
   -4,  -4,     -4,        -4,      -4,      4,    -4,    -4, // ADOPT
   -4,  0,      0,         0,       0,       0,    0,     0,  // CLOSE
   -4,  -4,     -4,        7,       7,       7,    7,     -4, // LINGER
   -4,  6,      -4,        -4,      -4,      -4,   -4,    -4, // ADMIT_EXEMPT
);

// EXPIRED[state]: the result of handleDue if the deadline of a connection in that state has passed.
const EXPIRED = Int8Array.of(Due.VOID, Due.VOID, Due.CONNECT, Due.IDLE, Due.IDLE, Due.IDLE, Due.IDLE, Due.LINGER);

/** The state that `event` leads to from `state`; STATE if that is not allowed, or if either is out of range. */
export function nextState(state: number, event: number): number {
  if (state < 0 || state >= STATES || event < 0 || event >= EVENTS) return Code.STATE;
  return NEXT[event * STATES + state]!;
}

/** Whether a connection in this state was admitted, and has its slot. */
export function isInside(state: number): boolean {
  return state === State.INCOMING || state === State.EXEMPT;
}

/** The initial number of connection slots. */
export const SMALLEST = 64;

export class Connections {
  readonly slots: Slots = new Slots(Kind.CONNECTION, SMALLEST, 1);
  readonly idle: Idle;
  readonly lifetimes: Lifetimes;
  /** In the queue of its acceptor, of the evicted, or of those that linger. */
  readonly links: Links = new Links(SMALLEST);
  /** In the queue of its address, while it waits. */
  readonly addressLinks: Links = new Links(SMALLEST);
  /** Lingering connections. */
  readonly lingering: Queue = new Queue(this.links);
  // By slot.
  acceptor: Int32Array = new Int32Array(SMALLEST); // the slot of its acceptor while it waits and once it is admitted, or 0
  address: Int32Array = new Int32Array(SMALLEST); // the slot of its address, or 0
  sequence: Float64Array = new Float64Array(SMALLEST); // arrivals before it
  waited: Float64Array = new Float64Array(SMALLEST); // once it is admitted: ms that it waited; 0 once the order has learned from it
  #timer = new Int32Array(SMALLEST);
  #state = new Uint8Array(SMALLEST);
  readonly #counts = new Int32Array(STATES);
  readonly #lists: TimerLists;
  readonly #timers: Timers;
  readonly #clock: Clock;

  constructor(idle: Idle, lists: TimerLists, timers: Timers, clock: Clock) {
    this.idle = idle;
    this.lifetimes = new Lifetimes(timers, SMALLEST);
    this.#lists = lists;
    this.#timers = timers;
    this.#clock = clock;
  }

  /** The number of connections in a state. */
  countOf(state: number): number {
    return this.#counts[state]!;
  }

  /** The state of a connection in use. */
  stateOf(slot: number): number {
    return this.#state[slot]!;
  }

  /** Creates a connection by ACCEPT, CONNECT or TRACK. Returns its slot, TIME or FULL. */
  open(event: number, timeout: number, now: number): number {
    const at = this.#clock.tell(now);
    if (!isDuration(timeout)) return Code.TIME;
    const slot = this.slots.take();
    if (slot < 0) return Code.FULL;
    if (slot >= this.#state.length) this.#grow();
    this.#state[slot] = State.FREE;
    this.#timer[slot] = 0;
    this.acceptor[slot] = 0;
    this.address[slot] = 0;
    this.lifetimes.begin(slot, at);
    this.#counts[State.FREE]!++;
    this.apply(slot, event);
    const code = this.setTimeout(slot, timeout, at);
    if (code !== Code.OK) {
      this.close(slot);
      return code;
    }
    return slot;
  }

  /** Changes the state of a connection by an event. Returns OK or STATE. */
  apply(slot: number, event: number): number {
    const state = this.#state[slot]!;
    const next = nextState(state, event);
    if (next < 0) return next;
    this.#counts[state]!--;
    this.#counts[next]!++;
    this.#state[slot] = next;
    return Code.OK;
  }

  /** Opens a connection by CONNECTED, ADMIT or ADMIT_EXEMPT: its deadline is removed, and its lifetime begins. Returns OK or STATE. */
  begin(slot: number, event: number, now: number): number {
    const code = this.apply(slot, event);
    if (code < 0) return code;
    const at = this.#clock.tell(now);
    this.lifetimes.begin(slot, at);
    return this.setTimeout(slot, 0, at);
  }

  /** Makes a connection linger. Returns OK, STATE or FULL. */
  linger(slot: number, now: number): number {
    const at = this.#clock.tell(now);
    if (nextState(this.#state[slot]!, Transition.LINGER) < 0) return Code.STATE;
    this.idle.timeout[slot] = FIXED; // before `arm`, which reads it; if that fails, no timer uses it
    if (!this.#arm(slot, at + LINGER_TIMEOUT)) return Code.FULL;
    this.lifetimes.end(slot);
    this.apply(slot, Transition.LINGER);
    this.lingering.join(slot);
    return Code.OK;
  }

  /** Removes a connection that waits in no queue. Its id is spent. */
  close(slot: number): void {
    this.#disarm(slot);
    this.lifetimes.end(slot);
    if (this.#state[slot] === State.LINGERING) this.lingering.leave(slot);
    this.apply(slot, Transition.CLOSE);
    this.#counts[State.FREE]!--;
    this.slots.give(slot);
  }

  /** As {@link setTimeout}, but not of a connection that waits or lingers. */
  retime(slot: number, timeout: number, now: number): number {
    const state = this.#state[slot];
    return state === State.LINGERING || state === State.WAITING ? Code.STATE : this.setTimeout(slot, timeout, now);
  }

  /** Sets the timeout of a connection in milliseconds (0 = none). Counts as activity. Returns OK, STATE, TIME or FULL. */
  setTimeout(slot: number, timeout: number, now: number): number {
    if (!isDuration(timeout)) return Code.TIME;
    this.idle.timeout[slot] = timeout;
    this.idle.activity[slot] = now;
    if (timeout === 0) {
      this.#disarm(slot);
      return Code.OK;
    }
    return this.#arm(slot, now + timeout) ? Code.OK : Code.FULL;
  }

  /** The timer slot of a connection, or -1. */
  timerOf(slot: number): number {
    return this.#timer[slot]! - 1;
  }

  /** Looks at a deadline that is due: true when it has passed, false when it was put off, for there was activity in this pass. */
  hasExpired(slot: number): boolean {
    const timer = this.timerOf(slot);
    const deadline = this.idle.deadlineNow(this.#lists.deadline[timer]!, this.#lists.interval[timer]!);
    if (deadline <= this.#clock.pass) return true;
    this.#timers.postpone(timer, deadline);
    return false;
  }

  /** Stops an expired deadline. Returns what to do, by the connection's state. */
  expire(slot: number): number {
    this.#timers.stop(this.timerOf(slot));
    return EXPIRED[this.#state[slot]!]!;
  }

  // Sets the deadline of a connection; false if there is no room for its timer.
  #arm(slot: number, deadline: number): boolean {
    let timer = this.timerOf(slot);
    if (timer < 0) {
      timer = this.#timers.createOwned(~slot);
      if (timer < 0) return false;
      this.#timer[slot] = timer + 1;
    }
    this.#timers.schedule(timer, deadline);
    return true;
  }

  #disarm(slot: number): void {
    const timer = this.timerOf(slot);
    if (timer < 0) return;
    this.#timers.removeOwned(timer);
    this.#timer[slot] = 0;
  }

  #grow(): void {
    const { capacity } = this.slots;
    this.idle.grow(capacity);
    this.lifetimes.grow(capacity);
    this.links.grow(capacity);
    this.addressLinks.grow(capacity);
    this.acceptor = longer(this.acceptor, capacity);
    this.address = longer(this.address, capacity);
    this.sequence = longer(this.sequence, capacity);
    this.waited = longer(this.waited, capacity);
    this.#timer = longer(this.#timer, capacity);
    this.#state = longer(this.#state, capacity);
  }
}
