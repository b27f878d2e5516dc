// When timers fire. One core and one timer of the runtime serve them all.
//
// The core gets no time for each timer that is started: it gets one for all of them, in a microtask, after 256 of them, or at the end of
// a pass. It is later than the calls, so no timer fires early. A restart is a command, written into the core's memory. A microtask costs
// more than reading the clock a few times, so after one that was for few timers, the next ones get their time at once.

// oxlint-disable no-underscore-dangle -- `_onTimeout` is Node's name

import { noRoom } from "../base/errors.ts";
import { monotonicNow } from "../base/runtime.ts";
import { COMMANDS, Core, type CoreExports, Due } from "../core/core.ts";
import { slotOf } from "../core/ids.ts";
import { Alarm } from "./alarm.ts";
import { afterError, inAnotherTask, runQueued } from "./between.ts";
import { outside } from "./context.ts";
import { type Entry, FLAGS, NUMBERED, RECURRING, REF, SLOT_SHIFT, STOPPED, callBack } from "./entry.ts";
import { forget } from "./numbers.ts";

const FAR = 100; // milliseconds: the core has to search for a deadline that is further away
const FEW = 3; // timers, for which a microtask does not pay
const AT_ONCE = 32; // timers that get their time at once, after a microtask that did not pay

const settled = Promise.resolve();

// Fields and methods are `private`, not `#`: private names make the bytecode too long for engines to inline these hot calls.
class Schedule {
  private readonly core: Core = new Core(1);
  private readonly calls: CoreExports = this.core.calls;
  private readonly entries: (Entry | undefined)[] = []; // by slot
  private readonly alarm = new Alarm(() => this.ring());
  private readonly settle = (): void => this.settleNow();
  private readonly go = (): void => this.run();
  private refs = 0; // running timers that keep the process alive
  private commands = 0; // written, but not passed to the core yet
  private untimed = 0; // timers that the core has no start time for
  private isSettling = false; // something will pass the time to the core, and set the alarm; otherwise it has the time of all timers
  private atOnce = 0; // timers that still get their time at once
  private pass = 0; // when the latest pass began
  private now = 0; // the latest time that was read
  // What the core's next deadline is, is only asked for if it is not known here, for with many far timers it has to search for it: every
  // timer is due at `far` or later, but for `near` of them, of which none is due before `soonest`.
  private far = Infinity;
  private near = 0; // or fewer
  private soonest = Infinity;
  private least = Infinity; // the least delay of those of them that have no start time yet
  private due = 0; // ids that the core has collected
  private next = 0; // the next of them

  /** Starts a timer that is not running. */
  start(entry: Entry): void {
    const { delay, state } = entry;
    const now = this.getsTime() ? this.read() : NaN;
    const id = this.calls.handleTimer(delay, state & RECURRING, now);
    const slot = slotOf(id);
    if (id < 0 || slot >= this.entries.length) this.reach(slot, id);
    this.entries[slot] = entry;
    entry.state = (slot << SLOT_SHIFT) | (state & FLAGS);
    this.refs += state & REF;
    if (this.now + delay < this.far) {
      this.near++;
      this.least = Math.min(this.least, delay);
    }
    if (now >= 0) this.timed(now);
    else if (this.commands > 0) this.command(id); // keeps its order behind timers that were restarted before it
    else if (++this.untimed === COMMANDS) this.tell();
  }

  /** Restarts a running timer. */
  restart(entry: Entry): void {
    const id = this.core.timerId(entry.state >> SLOT_SHIFT);
    if (!this.getsTime()) return this.command(id);
    this.core.commands[0] = id;
    this.calls.handleCommands(1, this.read());
  }

  /** Stops a running timer. */
  stop(entry: Entry): void {
    const slot = entry.state >> SLOT_SHIFT;
    this.calls.handleTimerRemove(this.core.timerId(slot));
    this.end(this.entries[slot]!, slot); // not `entry`, of which that may be the prototype
    if (this.refs === 0 && !this.isSettling && this.alarm.keepsAlive) this.wake();
  }

  /** A running timer keeps the process alive from now on (1), or does not any more (-1). */
  hold(by: 1 | -1): void {
    this.refs += by;
    if (!this.isSettling) this.wake();
  }

  // Whether a timer gets its start time at once. Otherwise something will pass it.
  private getsTime(): boolean {
    if (this.isSettling) return false;
    if (this.atOnce > 0) {
      this.atOnce--;
      return true;
    }
    this.wake();
    return false;
  }

  private read(): number {
    return (this.now = monotonicNow());
  }

  // All timers have a start time.
  private timed(at: number): void {
    this.soonest = Math.min(this.soonest, at + this.least);
    this.least = Infinity;
    if (this.isSettling) return;
    if (this.soonest < this.alarm.at || this.alarm.keepsAlive !== this.refs > 0) this.wake();
  }

  private end(entry: Entry, slot: number): void {
    this.entries[slot] = undefined;
    const flags = entry.state & FLAGS;
    entry.state = STOPPED | flags;
    this.refs -= flags & REF;
    if ((flags & NUMBERED) !== 0) forget(entry);
  }

  private command(id: number): void {
    this.core.commands[this.commands++] = id;
    if (this.commands === COMMANDS) this.tell();
  }

  // Makes room for the first timer in a slot.
  private reach(slot: number, id: number): void {
    if (id < 0) throw noRoom("start another timer");
    this.core.refresh();
    while (slot >= this.entries.length) this.entries.push(undefined);
  }

  private wake(): void {
    this.isSettling = true;
    void settled.then(this.settle);
  }

  // Passes the commands to the core, and the start time of all timers that have none.
  private tell(): void {
    this.calls.handleCommands(this.commands, this.read());
    this.commands = this.untimed = 0;
    this.timed(this.now);
  }

  private settleNow(): void {
    const waiting = this.commands + this.untimed;
    if (waiting > 0) this.tell();
    if (waiting > 0 && waiting < FEW) this.atOnce = AT_ONCE;
    this.isSettling = false;
    const at = Math.min(this.far, this.soonest);
    this.alarm.keepAlive(this.refs > 0);
    if (at < this.alarm.at) this.alarm.set(at);
  }

  private ring(): void {
    this.isSettling = true; // at the end of the pass
    if (this.commands > 0) this.giveUntimed();
    this.pass = this.read();
    this.calls.handleTick(this.pass);
    this.untimed = 0;
    this.timed(this.pass);
    this.due = this.calls.pollDue();
    this.next = 0;
    this.run();
  }

  // Runs what is due. If a callback throws, the runtime gets its error, and the others run in another task.
  private run(): void {
    let isOver: boolean | undefined; // undefined if a callback throws
    try {
      isOver = this.fireAll();
    } finally {
      if (isOver) this.finish();
      else outside(() => (isOver === undefined ? afterError : inAnotherTask)(this.go));
    }
  }

  // Looks when the next timer is due, after a pass.
  private finish(): void {
    if (this.commands + this.untimed > 0) this.tell();
    if (this.near > 0 || this.pass >= this.far) {
      const at = this.calls.pollDeadline();
      const isFar = this.pass >= this.far || at >= this.far || at > this.pass + FAR;
      if (isFar) this.far = at;
      if (isFar) this.near = 0;
      this.soonest = at;
    }
    if (this.near === 0) this.soonest = Infinity;
    this.settleNow();
  }

  // Returns false if it must be continued in another task.
  private fireAll(): boolean {
    for (let isFirst = true; ;) {
      if (this.next === this.due) {
        if (this.commands + this.untimed > 0) this.tell();
        this.due = this.calls.pollDue();
        this.next = 0;
        if (this.due === 0) return true;
      }
      if (!isFirst && !runQueued()) return false;
      isFirst = !this.fire(this.core.due[this.next++]!);
    }
  }

  // Returns whether its callback has run.
  private fire(id: number): boolean {
    if (this.commands > 0) this.giveUntimed(); // a callback may have restarted it
    const answer = this.calls.handleDue(id);
    if (answer === Due.VOID) return false; // cleared or restarted by a callback of this pass
    const slot = slotOf(id);
    const entry = this.entries[slot]!;
    if (answer === Due.ONCE && this.near > 0) this.near--; // it was near, or the core will be asked after this pass
    if (answer === Due.ONCE) this.end(entry, slot); // before the callback, which may start a timer in the same slot
    if (entry._onTimeout === null) {
      if (entry.state >= 0) this.stop(entry); // an interval that the runtime's own clearInterval was called with
      return false;
    }
    callBack(entry);
    return true;
  }

  // Passes the commands to the core without a start time.
  private giveUntimed(): void {
    this.untimed += this.commands;
    const count = this.commands;
    this.commands = 0;
    this.calls.handleCommands(count, NaN);
  }
}

export const schedule: Schedule = new Schedule();
