// The ABI: every export of the core, and nothing else.
//
// `handle…` tells the core what the host saw. `poll…` asks what the host must do. `now` is the time in milliseconds, as a
// monotonic clock gives it. Results below zero are codes (memory.ts). No call traps, re-enters, or reads a clock.

import * as acceptors from "./acceptors";
import * as admission from "./admission";
import * as connections from "./connections";
import * as due from "./due";
import * as lifetimes from "./lifetimes";
import * as memory from "./memory";
import * as stopping from "./stopping";
import * as timers from "./timers";
import * as wheel from "./wheel";

/** The version of this interface: major * 1000 + minor. */
export function version(): i32 {
  return 2000;
}

memory.layOut((__heap_base + 31) & ~31);
timers.reset();

/** Seeds the random cut of maxAccepts, so that a run can be replayed. */
export function handleSeed(seed: u32): void {
  admission.seed(seed);
}

/** Removes every timer, connection and acceptor; ids given so far stay spent. Limits and seed stay. */
export function handleReset(): void {
  admission.reset();
  acceptors.reset();
  timers.reset();
}

/** A pass begins: `pollDue` goes by this time, and as many clients as multiAccept allows may be admitted again. */
export function handleTick(now: f64): void {
  timers.beginPass(now);
  admission.refill();
}

// What is called by the million is exported as it stands: a function around it would be one call more.
export { handleTimer } from "./timers";

/** Restarts a timer, with a new interval unless `after` is NaN; where `now` is NaN it only gets the interval. Gives OK, ERR_STALE or ERR_TIME. */
export function handleTimerAgain(id: f64, after: f64, now: f64): i32 {
  return timers.again(id, after, now);
}

export { handleTimerRemove } from "./timers";

/** Restarts the timers that the first `count` f64 at `commandAddress` name, from `now` or, where that is NaN, from the time told next by this, `handleTimer`, `handleTimerAgain` or `handleTick`. Gives how many named none. */
export function handleCommands(count: i32, now: f64): i32 {
  return timers.command(count, now);
}

/** The time before which nothing is due; Infinity when nothing ever is. */
export function pollDeadline(): f64 {
  return wheel.bound();
}

/** Collects what is due in this pass. Gives how many ids stand at `dueAddress`; asked again until it gives 0. */
export function pollDue(): i32 {
  return due.poll();
}

/** Answers for an id that was collected: what to do with it. */
export function handleDue(id: f64): i32 {
  return due.answer(id);
}

/** An acceptor, paused; 511 clients may wait, 60,000 ms. Gives its id or ERR_FULL. */
export function handleAcceptor(): f64 {
  return acceptors.open();
}

/** How many of an acceptor's clients may wait, how many ms (0 = for ever), and whether one a pass is let in (1). Gives OK, ERR_STALE, ERR_LIMIT or ERR_TIME. */
export function handleAcceptorLimits(id: f64, backlog: f64, waitTimeout: f64, single: i32): i32 {
  return acceptors.setLimits(id, backlog, waitTimeout, single != 0);
}

/** An acceptor pauses (0) or goes on (1). Gives OK or ERR_STALE. */
export function handleAcceptorListen(id: f64, on: i32): i32 {
  return acceptors.listen(id, on != 0);
}

/** The listening socket of an acceptor has closed: nobody arrives any more, and clients that wait are still let in. Its id is spent with the last of them. Gives OK or ERR_STALE. */
export function handleAcceptorEnd(id: f64): i32 {
  return acceptors.end(id);
}

/** An acceptor is closed. Gives OK or ERR_STALE. Its waiting clients come out of `pollEvicted`. */
export function handleAcceptorClose(id: f64): i32 {
  return acceptors.close(id);
}

/** A waiting client that is to be reset, as its acceptor was closed, or nobody is let in any more; 0 when there is none. */
export function pollEvicted(): f64 {
  return idOrNone(admission.firstEvicted());
}

/** The system accepted a client. Gives its id, ERR_STALE, ERR_FULL, or DROP_BACKLOG or DROP_STOPPING: reset it. */
export function handleAccept(acceptor: f64, now: f64): f64 {
  return admission.arrive(acceptor, now);
}

/** The next client to be let in; 0 when there is none or the gate is shut. */
export function pollAdmission(now: f64): f64 {
  return admission.admit(now);
}

/** An outgoing attempt that may take `timeout` ms, 0 for ever. Gives its id, ERR_TIME or ERR_FULL. */
export function handleConnect(timeout: f64, now: f64): f64 {
  return openConnection(connections.CONNECT, timeout, now);
}

/** A stream of no loop, idle after `timeout` ms, 0 never. Gives its id, ERR_TIME or ERR_FULL. */
export function handleTrack(timeout: f64, now: f64): f64 {
  return openConnection(connections.TRACK, timeout, now);
}

/** An attempt has succeeded. It has no deadline until `handleTimeout`. Gives OK, ERR_STALE or ERR_STATE. */
export function handleConnected(id: f64, now: f64): i32 {
  const slot = connections.slotOf(id);
  return slot < 0 ? slot : connections.begin(slot, connections.CONNECTED, now);
}

/** A tracked stream becomes a connection of the loop. Gives OK, ERR_STALE or ERR_STATE. */
export function handleAdopt(id: f64): i32 {
  const slot = connections.slotOf(id);
  return slot < 0 ? slot : connections.apply(slot, connections.ADOPT);
}

/** A connection's timeout, 0 for never, counted from now. Gives OK, ERR_STALE, ERR_STATE, ERR_TIME or ERR_FULL. */
export function handleTimeout(id: f64, timeout: f64, now: f64): i32 {
  const slot = connections.slotOf(id);
  if (slot < 0) return slot;
  const at = memory.tell(now);
  if (connections.stateOf(slot) == connections.LINGERING) return memory.ERR_STATE;
  return connections.setTimeout(slot, timeout, at);
}

/** How many ms a connection may be there at all, 0 for no bound, counted from when it was admitted, connected or tracked. Gives OK, ERR_STALE, ERR_STATE, ERR_TIME or ERR_FULL. */
export function handleLifetime(id: f64, lifetime: f64, now: f64): i32 {
  const slot = connections.slotOf(id);
  if (slot < 0) return slot;
  memory.tell(now);
  return lifetimes.set(slot, lifetime);
}

/** A connection has ended its side and only reads now: it counts against no limit, and has 2,000 ms. Gives OK, ERR_STALE, ERR_STATE or ERR_FULL. */
export function handleLinger(id: f64, now: f64): i32 {
  const slot = connections.slotOf(id);
  return slot < 0 ? slot : connections.linger(slot, memory.tell(now));
}

/** The connection that has lingered longest, when more than maxConnections do: it is to be closed. 0 when they are not as many. */
export function pollLinger(): f64 {
  return idOrNone(admission.firstTooMany());
}

/** A connection has ended. Gives OK or ERR_STALE. */
export function handleClose(id: f64): i32 {
  const slot = connections.slotOf(id);
  if (slot < 0) return slot;
  admission.close(slot);
  return memory.OK;
}

/** Sets maxConnections, maxAccepts (0 = no limit) and multiAccept. Gives OK or ERR_LIMIT. */
export function handleLimits(maxConnections: f64, maxAccepts: f64, multiAccept: f64): i32 {
  return admission.setLimits(maxConnections, maxAccepts, multiAccept);
}

/** A graceful stop: go on accepting for `delay` ms, close what is left `timeout` ms after that, 0 for never; `reset` (1): reset clients that wait by then instead of serving them. A second one can only hasten the first. Gives OK or ERR_TIME. */
export function handleDrain(delay: f64, timeout: f64, now: f64, reset: i32): i32 {
  return stopping.drain(delay, timeout, now, reset != 0);
}

/** The graceful stop may wait no longer. Gives OK, or ERR_STATE when none is under way. */
export function handleHurry(): i32 {
  return stopping.hurry();
}

/** The run has ended, and with it a graceful stop that was under way; clients that wait stay in the line. */
export function handleStop(): void {
  admission.stop();
}

/** What the host must do now: nothing, emit `finish`, stop accepting, reset clients that wait, close all, stop. `watched`: how much it waits for that the core cannot see. Where the loop is not `running` (0), it is never told to stop. */
export function pollDecision(watched: i32, running: i32): i32 {
  return admission.decide(watched, running != 0);
}

/** The state of a connection, or ERR_STALE. */
export function stateOf(id: f64): i32 {
  const slot = connections.slotOf(id);
  return slot < 0 ? slot : connections.stateOf(slot);
}

/** The state that follows a state after an event, or ERR_STATE: the transition table, readable. */
export function nextState(state: i32, event: i32): i32 {
  return connections.nextState(state, event);
}

/** How many connections are in a state; ERR_STATE when it is none. */
export function connectionsIn(state: i32): i32 {
  return <u32>state < <u32>connections.STATES ? connections.countOf(state) : memory.ERR_STATE;
}

/** How many timers the host has. */
export function timerCount(): i32 {
  return timers.userTimers();
}

/** How many acceptors there are that have not ended. */
export function acceptorCount(): i32 {
  return acceptors.acceptors();
}

/** How many clients have arrived since maxAccepts was set: admitted, or in the line. */
export function acceptedCount(): f64 {
  return load<f64>(memory.ARRIVED);
}

/** The phase of shutting down. */
export function phase(): i32 {
  return stopping.phaseOf();
}

/** Where the address of the first timer's record stands; they have 32 bytes each, and move when tables grow. The first word of each has its top bit set while a timer is there, and its generation in the 29 lowest bits. */
export function timerAddress(): usize {
  return memory.TIMERS + memory.BASE;
}

/** Where the batch of due ids stands: f64 each, at a fixed address. */
export function dueAddress(): usize {
  return memory.DUE;
}

/** Where the host writes commands: 256 f64 at most, at a fixed address. */
export function commandAddress(): usize {
  return memory.COMMANDS;
}

/** Where the times of activity stand: f64 for each connection slot, written by the host. Fixed; it gets longer when the table grows. */
export function activityAddress(): usize {
  return <usize>load<u32>(memory.ACTIVITY);
}

/** How many connection slots there are before the tables grow. */
export function connectionCapacity(): i32 {
  return load<i32>(memory.CONNECTIONS, memory.CAPACITY);
}

function idOrNone(slot: i32): f64 {
  return slot < 0 ? 0 : connections.connectionId(slot);
}

function openConnection(event: i32, timeout: f64, now: f64): f64 {
  const slot = connections.open(event, timeout, now);
  return slot < 0 ? <f64>slot : connections.connectionId(slot);
}
