// The engine decides when things run, and that nothing runs while the loop is stopped. Every event of the runtime is wrapped in `begin`
// and `end`, or kept until the loop runs. A pass is one iteration: next-tick callbacks, hot watchers, expired timers.

import { IOLoopError, throwLater } from "../base/errors.ts";
import { Core, Due } from "../core/core.ts";
import { debug } from "../core/debug.ts";
import type { Clock } from "../time/clock.ts";
import { guardClock } from "../time/guarded-clock.ts";
import { type Callback, Timers, DebugTimers } from "../time/timers.ts";
import { Acceptors } from "./acceptors.ts";
import { Admission } from "./admission.ts";
import { Guard, type Supervisor } from "./callback-guard.ts";
import { Connections } from "./connections.ts";
import { PassQueue } from "./pass-queue.ts";
import { Resources } from "./resources.ts";
import { Run } from "./run.ts";
import { settle } from "./settling.ts";
import { Stall } from "./stall.ts";
import { Turns } from "./turns.ts";
import { Writers } from "./writers.ts";

const KEPT = 1000; // reports about remote peers that are kept while the loop is stopped

export class Engine {
  readonly core: Core;
  readonly clock: Clock;
  readonly supervisor: Supervisor;
  /** The argument of timer callbacks: the loop if the reactor has one, else the reactor. */
  subject: unknown;
  /** When the current dispatch began, in milliseconds. */
  now: number;
  /** True if timers started in this dispatch may get their start time at its end, which saves clock reads. */
  isBatching = false;
  /** Whether the program has stopped the loop, or it has stopped gracefully: then only `start` begins a run. */
  isStopped = false;
  readonly guard: Guard;
  readonly admission: Admission;
  readonly connections: Connections;
  readonly acceptors: Acceptors;
  readonly timers: Timers;
  readonly writers: Writers;
  readonly resources: Resources;
  readonly #stall: Stall;
  readonly #turns: Turns;
  readonly #nextTicks = new PassQueue<Callback>();
  readonly #held = new PassQueue<() => void>();
  #run: Run | undefined;
  #ending: Run | undefined; // the run that is being settled
  #depth = 0;
  #inPass = false;

  constructor(clock: Clock, seed: number, supervisor: Supervisor) {
    this.core = new Core(seed);
    this.supervisor = supervisor;
    const failed = (error: unknown): void => supervisor.failed(error, "clock");
    this.clock = guardClock(clock, failed);
    this.#turns = new Turns(() => this.#ring(), failed);
    this.guard = new Guard(this, supervisor);
    this.connections = new Connections(this);
    this.acceptors = new Acceptors(this);
    this.admission = new Admission(this);
    this.timers = debug ? new DebugTimers(this) : new Timers(this);
    this.writers = new Writers(this);
    this.resources = new Resources(this.connections.connections, this.guard);
    this.now = this.clock.now();
    this.#stall = new Stall(this.core, clock, () => this.#ring(), failed);
  }

  /** Whether callbacks may run now. */
  get active(): boolean {
    return this.#run !== undefined;
  }

  /** Whether the loop runs, and `stop` has not been called. */
  get isRunning(): boolean {
    return this.#run?.stopping === false;
  }

  /** Whether the run continues after the current dispatch: then clients may be admitted. */
  get admits(): boolean {
    return this.isRunning && !this.#run!.isOver;
  }

  /** Whether a dispatch is under way. */
  get isDispatching(): boolean {
    return this.#depth > 0;
  }

  /** The current run; undefined while the loop is stopped. */
  get run(): Run | undefined {
    return this.#run;
  }

  /** Whether a run would have anything to wait for. */
  get isWatching(): boolean {
    const { calls } = this.core;
    return this.unknownToCore + this.resources.count + calls.timerCount() + calls.acceptorCount() > 0;
  }

  /** The number of things to wait for that the core does not know. */
  get unknownToCore(): number {
    return this.resources.watched + this.#nextTicks.length + this.#held.length + (this.#run?.forever ? 1 : 0);
  }

  /** Runs until `stop`; with `once`, until an event has been dispatched; without `forever`, until there is nothing to wait for. */
  start(once: boolean, forever = false): Promise<void> {
    if (!this.isRunning) this.#endRun(); // stopped in the current pass, and started again; its end may start another run
    if (this.isRunning && !once && this.#run!.join(forever)) return this.#run!.promise;
    if (this.isRunning) throw new IOLoopError("ERR_IOLOOP_RUNNING", "IOLoop already running");
    this.isStopped = false;
    const run = (this.#run = new Run(once, forever));
    this.#stall.alarm.changed = true;
    this.resources.resume();
    this.wake();
    return run.promise;
  }

  /** Stops the loop after the current pass; at once if none is running. */
  stop(): void {
    if (!this.#run || this.#run.stopping) return;
    this.#run.stopping = true;
    if (this.#depth === 0) this.#halt();
  }

  /** Stops the loop, and rejects the promise of `start` with an error that has no subscriber. */
  fail(error: unknown): void {
    const run = this.#run ?? this.#ending;
    if (!run) return throwLater(error);
    run.fail(error);
    this.stop();
  }

  /** Begins a dispatch. Returns false while the loop is stopped: then nothing may be delivered. If true, {@link end} must follow. */
  begin(): boolean {
    if (!this.enter()) return false;
    if (this.#depth === 1) this.#run!.dispatched = true;
    return true;
  }

  /** Like {@link begin}, but does not count as a dispatched event: it does not end `oneTick`. */
  enter(): boolean {
    if (!this.#run) return false;
    if (this.#depth++ > 0) return true;
    const now = this.clock.now();
    this.#stall.began(now, this.now);
    this.now = now;
    this.isBatching = this.#stall.isOfSystem;
    return true;
  }

  /** Ends a dispatch: admits clients, flushes streams, sets the alarm. Never throws. */
  end(): void {
    if (this.#depth > 1) return void this.#depth--;
    try {
      if (!settle(this)) this.wake();
      this.timers.flush();
    } catch (error) {
      this.supervisor.failed(error, "dispatch");
    } finally {
      this.#depth = 0;
      this.isBatching = false;
    }
    const run = this.#run;
    if (!run) return; // a subscriber has stopped and restarted the loop, and the new run could not start
    run.isOver ||= run.once && run.dispatched;
    if (!run.stopping && !run.isOver) this.#stall.setAlarm();
    else if (this.#inPass) this.#halt();
    else this.wake(); // other handles that are ready in this iteration, and expired timers, still get their callbacks
  }

  /** Counts as a dispatched event, which ends `oneTick`. */
  dispatched(): void {
    if (this.#run) this.#run.dispatched = true;
  }

  /** Runs a task as a dispatch, or keeps it until the loop runs. */
  deliver(event: string, task: () => void): void {
    if (!this.begin()) return this.#held.push(() => this.guard.run(event, task));
    try {
      this.guard.run(event, task);
    } finally {
      this.end(); // in any case: a dispatch that never ends would block all later ones
    }
  }

  /** Like `deliver`, for events a remote peer can trigger at will: at most 1,000 are kept while the loop is stopped. */
  report(event: string, task: () => void): void {
    if (this.#run || this.#held.length < KEPT) this.deliver(event, task);
  }

  /** Makes the loop ask the core for decisions, because a connection, an acceptor or a limit has changed. */
  ask(): void {
    this.admission.isToBeAsked = true;
    this.#stall.alarm.changed = true;
    if (this.#depth === 0) this.wake();
  }

  /** Schedules a pass for the next iteration of the runtime's event loop. */
  wake(): void {
    if (this.#run) this.#turns.wake(this.admission.passesInTurn);
  }

  /** Schedules a pass because clients wait: in the same iteration of the event loop, if that may run another pass. */
  wakeForWaiting(): void {
    this.#turns.wantAnother();
    this.wake();
  }

  /** Queues a callback for the next pass. */
  nextTick(callback: Callback): void {
    this.#nextTicks.push(callback);
    this.wake();
  }

  /** Must be called when the next deadline may have changed. */
  rearm(): void {
    this.#stall.alarm.changed = true;
    if (this.#depth === 0 && this.#run) this.#stall.setAlarm();
  }

  /** Closes and removes everything, and stops. */
  reset(): void {
    this.#depth++; // keeps waiting clients from being admitted meanwhile
    try {
      this.resources.close();
      const { admission, connections, acceptors, timers, writers } = this;
      for (const part of [admission, connections, acceptors, timers, writers, this.#nextTicks, this.#held])
        part.clear();
      this.core.calls.handleReset();
    } finally {
      this.#depth--;
    }
    this.isStopped = false;
    this.stop();
  }

  // Runs a pass in the async context of `start`, not in that of the code that happened to set the alarm or to wake the loop.
  #ring(): void {
    this.#run?.context.run(() => this.#pass());
  }

  #pass(): void {
    if (!this.#run || this.#depth > 0) return;
    this.enter();
    try {
      this.#runPass(this.#run);
    } catch (error) {
      this.supervisor.failed(error, "tick");
    } finally {
      this.end(); // never throws
      this.#inPass = false;
    }
  }

  #runPass(run: Run): void {
    const { calls } = this.core;
    run.dispatched = this.#held.length + this.#nextTicks.length > 0;
    const isPutOff = this.#stall.putsOff(this.now);
    if (isPutOff) this.wake();
    else calls.handleTick(this.now);
    this.#inPass = !isPutOff; // a pass in which timers could not expire does not end a run
    this.ask();
    this.#held.run((task) => task());
    this.#nextTicks.run((callback) => this.guard.call(callback, this.subject, "nextTick"));
    if (this.resources.look()) this.wake();
    // A batch may not hold all expired timers, so poll again until it is empty.
    for (let count = calls.pollDue(); count > 0; count = calls.pollDue())
      for (let i = 0; i < count; i++) this.#expire(this.core.due[i]!);
  }

  #expire(id: number): void {
    this.timers.flushUntimed(); // earlier callbacks may have restarted it
    const answer = this.connections.due(id);
    if (answer === Due.VOID) return; // removed or restarted by a callback of this pass
    this.dispatched();
    if (answer === Due.ONCE || answer === Due.RECURRING) this.timers.fire(id, answer);
    else this.connections.expire(id, answer);
    if (this.writers.length > 0) this.writers.flush();
  }

  #halt(): void {
    this.#stall.clear();
    this.#turns.cancel();
    this.resources.suspend();
    this.#endRun();
  }

  #endRun(): void {
    const run = (this.#ending = this.#run);
    this.#run = undefined;
    if (run?.stopping) this.guard.run("stop", () => this.admission.stopped());
    this.#ending = undefined;
    this.guard.run("stop", () => run?.settle());
  }
}
