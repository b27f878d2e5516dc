// The engine room of a reactor: when things run, and that nothing runs while the loop is stopped.
//
// Every event of the runtime enters by `begin` and leaves by `end`, or is kept until the loop runs. A pass (`#pass`) is one
// turn in which next-tick callbacks, hot watchers and due timers run. What is to be done is always the core's answer.

import { captureContext } from "./async-context.ts";
import { type Clock, type Turn, cancelTurn, nextTurn } from "../time/clock.ts";
import { Core, Due } from "../core/core.ts";
import { debug } from "../core/debug.ts";
import { DeadlineAlarm, LONG } from "../time/deadline-alarm.ts";
import { IOLoopError } from "../base/errors.ts";
import { Gate } from "./admission.ts";
import { Guard } from "./callback-guard.ts";
import type { Callback, Resource, Supervisor } from "./parts.ts";
import { PassQueue } from "./pass-queue.ts";
import { Run } from "./run.ts";
import { Table } from "./connections.ts";
import { Timers } from "../time/timers.ts";
import { ToldTimers } from "../time/told-timers.ts";
import { Writers } from "./writers.ts";

const ROUNDS = 16;

export class Engine {
  readonly core: Core;
  readonly clock: Clock;
  readonly supervisor: Supervisor;
  /** What timer callbacks get: the loop, where the reactor has one. */
  subject: unknown;
  /** When the current dispatch began, in milliseconds. */
  now: number;
  /** Whether the time of what is started may be told at the end of the dispatch under way. */
  isBatching = false;
  readonly guard: Guard;
  readonly gate: Gate;
  readonly table: Table;
  readonly timers: Timers;
  readonly writers: Writers;
  /** What else holds sockets but the connections of the table. */
  readonly resources: Set<Resource> = new Set();
  /** Called once a pass; true while it has more to do in the next. */
  readonly everyPass: Set<() => boolean> = new Set();
  /** How many things the loop waits for that the core does not know. */
  watched = 0;

  readonly #alarm: DeadlineAlarm;
  readonly #nextTicks = new PassQueue<Callback>();
  readonly #held = new PassQueue<() => void>();
  #run: Run | undefined;
  #inContext: ((run: () => void) => void) | undefined;
  #depth = 0;
  #inPass = false;
  #turn: Turn | undefined;

  constructor(clock: Clock, seed: number, supervisor: Supervisor) {
    this.core = new Core(seed);
    this.clock = clock;
    this.supervisor = supervisor;
    this.subject = supervisor;
    this.guard = new Guard(this, supervisor);
    this.gate = new Gate(this);
    this.table = new Table(this);
    this.timers = debug ? new ToldTimers(this) : new Timers(this);
    this.writers = new Writers(this);
    this.now = clock.now();
    this.#alarm = new DeadlineAlarm(this.core, clock, { ring: () => this.#ring(), wake: () => this.wake() });
  }

  /** Whether callbacks may run now. */
  get active(): boolean {
    return this.#run !== undefined;
  }

  /** Whether the loop runs and has not been told to stop. */
  get isRunning(): boolean {
    return this.#run?.stopping === false;
  }

  /** Whether a dispatch is under way. */
  get isDispatching(): boolean {
    return this.#depth > 0;
  }

  /** The run under way; undefined while the loop is stopped. */
  get run(): Run | undefined {
    return this.#run;
  }

  /** Whether there is anything that a run would wait for. */
  get isWatching(): boolean {
    const { calls } = this.core;
    return this.unknownToCore + this.#sockets().length + calls.timerCount() + calls.acceptorCount() > 0;
  }

  /** How many things there are to wait for that the core does not know. */
  get unknownToCore(): number {
    return this.watched + this.#nextTicks.length + this.#held.length;
  }

  /** Runs until `stop`, or, with `once`, until something has been dispatched. */
  start(once: boolean): Promise<void> {
    if (this.isRunning) throw new IOLoopError("ERR_IOLOOP_RUNNING", "IOLoop already running");
    this.#run?.settle(); // told to stop in this very pass, and to start again
    const run = (this.#run = new Run(once));
    this.#inContext = captureContext();
    this.#alarm.changed = true;
    for (const resource of this.#sockets()) resource.resume();
    this.wake();
    return run.promise;
  }

  /** Ends the loop after the current pass; at once where none is under way. */
  stop(): void {
    if (!this.#run || this.#run.stopping) return;
    this.#run.stopping = true;
    if (this.#depth === 0) this.#halt();
  }

  /** Ends the loop with an error that nobody heard. */
  fail(error: unknown): void {
    if (!this.#run)
      return queueMicrotask(() => {
        throw error;
      });
    this.#run.fail(error);
    this.stop();
  }

  /** Begins a dispatch. False while the loop is stopped: then nothing may be delivered. */
  begin(): boolean {
    if (!this.#enter()) return false;
    if (this.#depth === 1) this.#run!.dispatched = true;
    return true;
  }

  /** Ends a dispatch: asks the gate, sends what was written, sets the alarm. */
  end(): void {
    if (this.#depth > 1) return void this.#depth--;
    this.#finish();
    this.timers.flush();
    this.#depth = 0;
    this.isBatching = false;
    const run = this.#run!;
    if (run.once && run.dispatched) run.stopping = true;
    if (run.stopping) {
      if (this.#inPass) this.#halt();
      else this.wake(); // other handles that are ready in this turn, and timers that are due, still have theirs
    } else {
      this.#alarm.set();
    }
  }

  /** Something has been dispatched in this pass: enough for `oneTick`. */
  dispatched(): void {
    if (this.#run) this.#run.dispatched = true;
  }

  /** Runs a task as a dispatch, or keeps it until the loop runs. */
  deliver(event: string, task: () => void): void {
    if (!this.begin()) {
      this.#held.push(() => this.guard.run(event, task));
      return;
    }
    this.guard.run(event, task);
    this.end();
  }

  /** `deliver`, for what strangers cause, as often as they like: of that, no more than a thousand are kept. */
  report(event: string, task: () => void): void {
    if (this.#run || this.#held.length < 1000) this.deliver(event, task);
  }

  /** The gate is to be asked: something has come, gone, or changed its limits. */
  ask(): void {
    this.gate.isToBeAsked = true;
    this.#alarm.changed = true;
    if (this.#depth === 0) this.wake();
  }

  /** Asks the gate for one who has just come: at once, and in the next pass where that is too soon. */
  askForOne(): void {
    if (this.#depth > 0 || !this.#enter()) return this.ask();
    this.gate.isToBeAsked = true;
    this.end();
    this.gate.wakeForWaiting();
  }

  /** Asks now what the core decides, wherever the caller stands. */
  askNow(): void {
    const active = this.begin();
    while (this.gate.decide());
    this.gate.isToBeAsked = true;
    if (active) this.end();
  }

  /** Has a pass run in the next turn. */
  wake(): void {
    if (!this.#run || this.#turn !== undefined) return;
    this.#turn = nextTurn(() => {
      this.#turn = undefined;
      this.#ring();
    });
  }

  /** Queues a callback for the next pass. */
  nextTick(callback: Callback): void {
    this.#nextTicks.push(callback);
    this.wake();
  }

  /** The next deadline may have changed. */
  rearm(): void {
    this.#alarm.changed = true;
    if (this.#depth === 0 && this.#run) this.#alarm.set();
  }

  /** Forgets everything, and stops. */
  reset(): void {
    // What hears of it may make others, which are closed too; but not for ever.
    for (let i = 0, open = this.#sockets(); i < ROUNDS && open.length > 0; i++, open = this.#sockets())
      for (const resource of open) resource.close();
    this.resources.clear();
    this.everyPass.clear();
    this.table.clear();
    this.timers.clear();
    this.#nextTicks.clear();
    this.#held.clear();
    this.writers.clear();
    this.watched = 0;
    this.core.calls.handleReset();
    this.stop();
  }

  #enter(): boolean {
    if (!this.#run) return false;
    if (this.#depth++ > 0) return true;
    const now = this.clock.now();
    if (now - this.now > LONG) this.#alarm.longSince = this.now;
    this.now = now;
    this.isBatching = this.#alarm.isOfSystem;
    return true;
  }

  // In the async context of `start`: not in that of whoever happens to have set the alarm, or woken the loop.
  #ring(): void {
    this.#inContext?.(() => this.#pass());
  }

  #pass(): void {
    if (!this.#run || this.#depth > 0) return;
    const { calls } = this.core;
    this.#enter();
    this.#run.dispatched = this.#held.length + this.#nextTicks.length > 0;
    this.#inPass = !this.#alarm.putsOff(this.now); // one in which nothing is due ends no run
    this.gate.isToBeAsked = true;
    this.#alarm.changed = true;
    if (this.#inPass) calls.handleTick(this.now);
    this.#held.run((task) => task());
    this.#nextTicks.run((callback) => this.guard.call(callback, this.subject, "nextTick"));
    for (const run of this.everyPass) if (run()) this.wake();
    // The batch may be shorter than what is due, and shrink by what callbacks remove: asked again until it is empty.
    for (let count = calls.pollDue(); count > 0; count = calls.pollDue())
      for (let i = 0; i < count; i++) this.#fire(this.core.due[i]!);
    this.end();
    this.#inPass = false;
  }

  #fire(id: number): void {
    this.timers.flushUntimed(); // callbacks before it may have removed or restarted it
    const answer = this.core.calls.handleDue(id);
    if (answer === Due.VOID) return; // removed or restarted by a callback of this pass
    this.dispatched();
    if (answer === Due.ONCE || answer === Due.RECURRING) this.timers.fire(id, answer);
    else this.table.expire(id, answer);
    if (this.writers.length > 0) this.writers.flush();
  }

  #sockets(): Resource[] {
    return [...this.resources, ...this.table.connections.filter((connection) => connection !== undefined)];
  }

  // What is written may be sent at once, and what hears of it may write again: so several times, but not for ever.
  #finish(): void {
    for (let rounds = 0; this.gate.isToBeAsked || this.writers.length > 0; rounds++) {
      if (rounds === ROUNDS) return this.wake();
      if (this.gate.isToBeAsked) this.gate.settle();
      this.writers.flush();
    }
  }

  #halt(): void {
    this.#alarm.clear();
    if (this.#turn !== undefined) cancelTurn(this.#turn);
    this.#turn = undefined;
    for (const resource of this.#sockets()) resource.suspend();
    this.#run?.settle();
    this.#run = undefined;
  }
}
