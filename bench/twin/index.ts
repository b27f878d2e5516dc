// The exports of the core, except the memory, with the same arguments and the same results.

import { Code, type CoreExports, Transition } from "wasm-ioloop/core";
import { Acceptors } from "./acceptors.ts";
import { Admission } from "./admission.ts";
import { Alarms } from "./alarms.ts";
import { Clock } from "./clock.ts";
import { Connections, SMALLEST, STATES, nextState } from "./connections.ts";
import { DueBatch } from "./due.ts";
import { Idle } from "./idle.ts";
import { TimerLists } from "./lists.ts";
import { Rate } from "./rate.ts";
import { Stopping } from "./stopping.ts";
import { Timers } from "./timers.ts";
import { Waiting } from "./waiting.ts";
import { Wheel } from "./wheel.ts";

// The addresses of the core's arrays. They are only here so that all results are the same.
const TIMER_ADDRESS = 0;
const DUE_ADDRESS = 1024;
const COMMAND_ADDRESS = 5120;
const ACTIVITY_ADDRESS = 8384;

/** The exports of the core without its memory. */
export type Calls = Omit<CoreExports, "memory">;

export class TwinCalls implements Calls {
  readonly #clock = new Clock();
  readonly #lists = new TimerLists();
  readonly #idle = new Idle(SMALLEST);
  readonly #wheel = new Wheel(this.#lists, this.#idle, this.#clock);
  readonly #timers = new Timers(this.#lists, this.#wheel, this.#clock);
  readonly #alarms = new Alarms(this.#timers);
  readonly #connections = new Connections(this.#idle, this.#lists, this.#timers, this.#clock);
  readonly #acceptors = new Acceptors(this.#connections);
  readonly #stopping = new Stopping(this.#acceptors, this.#connections, this.#timers, this.#alarms, this.#clock);
  readonly #rate = new Rate(this.#alarms);
  readonly #waiting = new Waiting(this.#acceptors, this.#connections, this.#alarms, this.#stopping, this.#clock);
  readonly #admission = new Admission(
    this.#acceptors,
    this.#connections,
    this.#alarms,
    this.#stopping,
    this.#clock,
    this.#rate,
    this.#waiting,
  );
  readonly #due = new DueBatch(
    this.#lists,
    this.#wheel,
    this.#timers,
    this.#connections,
    this.#alarms,
    this.#stopping,
    this.#waiting,
  );

  /** The ids that `pollDue` collected. */
  get due(): Float64Array {
    return this.#due.ids;
  }

  /** The commands that `handleCommands` takes. */
  get commands(): Float64Array {
    return this.#timers.commands;
  }

  /** The time of the last activity of each connection slot. */
  get activity(): Float64Array {
    return this.#idle.activity;
  }

  version(): number {
    return 2002;
  }

  handleSeed(seed: number): void {
    this.#admission.seed(seed);
  }

  handleReset(): void {
    this.#admission.reset();
    this.#acceptors.reset();
    this.#alarms.reset();
    this.#timers.reset();
    this.#rate.reset();
  }

  handleTick(now: number): void {
    this.#timers.beginPass(now);
    this.#admission.refill();
  }

  handleTimer(after: number, recurring: number, now: number): number {
    return this.#timers.create(after, (recurring | 0) !== 0, now);
  }

  handleTimerAgain(id: number, after: number, now: number): number {
    return this.#timers.again(id, after, now);
  }

  handleTimerRemove(id: number): number {
    return this.#timers.remove(id);
  }

  handleCommands(count: number, now: number): number {
    return this.#timers.command(count, now);
  }

  pollDeadline(): number {
    return this.#wheel.bound();
  }

  pollDue(): number {
    return this.#due.poll();
  }

  handleDue(id: number): number {
    return this.#due.answer(id);
  }

  handleAcceptor(exempt: number): number {
    return this.#acceptors.open((exempt | 0) !== 0);
  }

  handleAcceptorLimits(id: number, backlog: number, waitTimeout: number, single: number, most: number): number {
    this.#waiting.lookAgain();
    return this.#acceptors.setLimits(id, backlog, waitTimeout, (single | 0) !== 0, most);
  }

  handleAcceptorListen(id: number, on: number): number {
    return this.#acceptors.listen(id, (on | 0) !== 0);
  }

  handleAcceptorEnd(id: number): number {
    return this.#acceptors.end(id);
  }

  handleAcceptorClose(id: number): number {
    return this.#waiting.closeAcceptor(id);
  }

  pollEvicted(): number {
    return this.#idOf(this.#waiting.firstEvicted());
  }

  handleAccept(acceptor: number, now: number, address: number): number {
    return this.#idOf(this.#admission.arrive(acceptor, now, address));
  }

  pollAdmission(now: number): number {
    return this.#idOf(this.#admission.admit(now));
  }

  handleFound(id: number, gone: number): number {
    const slot = this.#connections.slots.find(id);
    return slot < 0 ? Code.STALE : this.#admission.found(slot, (gone | 0) !== 0);
  }

  handleConnect(timeout: number, now: number): number {
    return this.#idOf(this.#connections.open(Transition.CONNECT, timeout, now));
  }

  handleTrack(timeout: number, now: number): number {
    return this.#idOf(this.#connections.open(Transition.TRACK, timeout, now));
  }

  handleConnected(id: number, now: number): number {
    const slot = this.#connections.slots.find(id);
    return slot < 0 ? Code.STALE : this.#connections.begin(slot, Transition.CONNECTED, now);
  }

  handleAdopt(id: number): number {
    const slot = this.#connections.slots.find(id);
    return slot < 0 ? Code.STALE : this.#connections.apply(slot, Transition.ADOPT);
  }

  handleTimeout(id: number, timeout: number, now: number): number {
    const slot = this.#connections.slots.find(id);
    return slot < 0 ? Code.STALE : this.#connections.retime(slot, timeout, this.#clock.tell(now));
  }

  handleLifetime(id: number, lifetime: number, now: number): number {
    const connections = this.#connections;
    const slot = connections.slots.find(id);
    if (slot < 0) return Code.STALE;
    this.#clock.tell(now);
    return connections.lifetimes.set(slot, connections.stateOf(slot), lifetime);
  }

  handleLinger(id: number, now: number): number {
    const slot = this.#connections.slots.find(id);
    return slot < 0 ? Code.STALE : this.#admission.linger(slot, now);
  }

  pollLinger(): number {
    return this.#idOf(this.#admission.firstTooMany());
  }

  handleClose(id: number): number {
    const slot = this.#connections.slots.find(id);
    if (slot < 0) return Code.STALE;
    this.#admission.close(slot);
    return Code.OK;
  }

  handleLimits(maxConnections: number, maxAccepts: number, multiAccept: number): number {
    return this.#admission.setLimits(maxConnections, maxAccepts, multiAccept);
  }

  handleQueue(
    adaptive: number,
    targetWait: number,
    takeTurns: number,
    addressLimit: number,
    displaceIdle: number,
  ): number {
    const turns = (takeTurns | 0) !== 0;
    return this.#admission.setPolicy((adaptive | 0) !== 0, targetWait, turns, addressLimit, displaceIdle);
  }

  handleRate(perSecond: number, burst: number, now: number): number {
    return this.#rate.set(perSecond, burst, this.#clock.tell(now));
  }

  pollDisplacement(now: number): number {
    return this.#idOf(this.#admission.displaced(now));
  }

  handleDrain(delay: number, timeout: number, now: number, reset: number): number {
    return this.#stopping.drain(delay, timeout, now, (reset | 0) !== 0);
  }

  handleHurry(): number {
    return this.#stopping.hurry();
  }

  handleStop(): void {
    this.#admission.stop();
  }

  pollDecision(watched: number, running: number): number {
    return this.#admission.decide(watched | 0, (running | 0) !== 0);
  }

  stateOf(id: number): number {
    const slot = this.#connections.slots.find(id);
    return slot < 0 ? Code.STALE : this.#connections.stateOf(slot);
  }

  nextState(state: number, event: number): number {
    return nextState(state | 0, event | 0);
  }

  connectionsIn(state: number): number {
    const index = state | 0;
    return index >= 0 && index < STATES ? this.#connections.countOf(index) : Code.STATE;
  }

  timerCount(): number {
    return this.#timers.count;
  }

  acceptorCount(): number {
    return this.#acceptors.count;
  }

  acceptedCount(): number {
    return this.#waiting.arrived;
  }

  phase(): number {
    return this.#stopping.phase;
  }

  timerAddress(): number {
    return TIMER_ADDRESS;
  }

  dueAddress(): number {
    return DUE_ADDRESS;
  }

  commandAddress(): number {
    return COMMAND_ADDRESS;
  }

  activityAddress(): number {
    return ACTIVITY_ADDRESS;
  }

  connectionCapacity(): number {
    return this.#connections.slots.capacity;
  }

  // The id of a slot; 0 and codes are returned as they are.
  #idOf(slot: number): number {
    return slot <= 0 ? slot : this.#connections.slots.idOf(slot);
  }
}
