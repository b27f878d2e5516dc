// The ABI: every export of the core, and nothing else.
//
// `handle…` reports to the core what happened. `poll…` asks what the host must do. `now` is the time in milliseconds, from a
// monotonic clock. Results below zero are codes (memory.ts). No call traps, re-enters, or reads a clock.

import * as acceptors from "./acceptors";
import * as alarms from "./alarms";
import * as admission from "./admission";
import * as connections from "./connections";
import * as due from "./due";
import * as lifetimes from "./lifetimes";
import * as memory from "./memory";
import * as rate from "./rate";
import * as stopping from "./stopping";
import * as timers from "./timers";
import * as waiting from "./waiting";
import * as wheel from "./wheel";

/** The version of this interface: major * 1000 + minor. */
export function version(): i32 {
  return 2002;
}

memory.layOut((__heap_base + 31) & ~31);
timers.reset();

/** Seeds the random cut of maxAccepts, so that a run can be replayed. */
export function handleSeed(seed: u32): void {
  admission.seed(seed);
}

/** Removes every timer, connection and acceptor. All ids are spent; limits and seed stay. */
export function handleReset(): void {
  admission.reset();
  acceptors.reset();
  alarms.reset();
  timers.reset();
  rate.reset();
}

/** Begins a pass at `now`: `pollDue` returns what is due by then, and up to multiAccept clients may be admitted. */
export function handleTick(now: f64): void {
  timers.beginPass(now);
  admission.refill();
}

// The hottest functions are exported directly: a wrapper would cost one more call.
export { handleTimer } from "./timers";

/** Restarts a timer, with a new interval unless `after` is NaN. If `now` is NaN, only sets the interval. Returns OK, ERR_STALE or ERR_TIME. */
export function handleTimerAgain(id: f64, after: f64, now: f64): i32 {
  return timers.again(id, after, now);
}

export { handleTimerRemove } from "./timers";

/** Restarts the timers named by the first `count` f64 at `commandAddress`, from `now`. If `now` is NaN, they start at the next time passed to this function, `handleTimer`, `handleTimerAgain` or `handleTick`. Returns how many commands named no timer. */
export function handleCommands(count: i32, now: f64): i32 {
  return timers.command(count, now);
}

/** A time before which nothing is due; Infinity if nothing is scheduled. */
export function pollDeadline(): f64 {
  return wheel.bound();
}

/** Collects the ids that are due in this pass. Returns how many are at `dueAddress`; to be called again until it returns 0. */
export function pollDue(): i32 {
  return due.poll();
}

/** What to do for an id that `pollDue` collected: FIRE_… or EXPIRED_…. */
export function handleDue(id: f64): i32 {
  return due.answer(id);
}

/** Creates an acceptor, paused; up to 511 clients may wait, for 60,000 ms each. With `exempt` (1) its clients count against no limit of the loop, wait for no rate, and delay no graceful stop. Returns its id or ERR_FULL. */
export function handleAcceptor(exempt: i32): f64 {
  return acceptors.open(exempt != 0);
}

/** Sets how many of an acceptor's clients may wait, for how many ms (0 = unlimited), whether at most one is admitted per pass (1), and how many may be inside (2,147,483,647 by default). Returns OK, ERR_STALE, ERR_LIMIT or ERR_TIME. */
export function handleAcceptorLimits(id: f64, backlog: f64, waitTimeout: f64, single: i32, maxConnections: f64): i32 {
  waiting.lookAgain();
  return acceptors.setLimits(id, backlog, waitTimeout, single != 0, maxConnections);
}

/** Pauses (0) or resumes (1) an acceptor. Returns OK or ERR_STALE. */
export function handleAcceptorListen(id: f64, on: i32): i32 {
  return acceptors.listen(id, on != 0);
}

/** The listening socket of an acceptor has closed: no more clients arrive, and those that wait can still be admitted. Its id is spent when the last of them has left the queue. Returns OK or ERR_STALE. */
export function handleAcceptorEnd(id: f64): i32 {
  return acceptors.end(id);
}

/** Closes an acceptor. `pollEvicted` returns its waiting clients. Returns OK or ERR_STALE. */
export function handleAcceptorClose(id: f64): i32 {
  return waiting.closeAcceptor(id);
}

/** A waiting client that the host must reset, because its acceptor was closed, it was evicted for a newer one, or a graceful stop resets waiting clients; 0 if there is none. */
export function pollEvicted(): f64 {
  return idOf(waiting.firstEvicted());
}

/** The system has accepted a client. `address`: a number that the host has made of the client's address, or that no other client has. Returns its id, ERR_STALE, ERR_FULL, or DROP_BACKLOG, DROP_ADDRESS or DROP_STOPPING: reset it. */
export function handleAccept(acceptor: f64, now: f64, address: f64): f64 {
  return idOf(admission.arrive(acceptor, now, address));
}

/** Admits the next client and returns its id; 0 if no client waits, or the limits allow no more. */
export function pollAdmission(now: f64): f64 {
  return idOf(admission.admit(now));
}

/** What an admitted client has shown: that it has gone (1), or that it is there (0). To be told once for each that had waited: that it is there, once it was answered. Returns OK or ERR_STALE. */
export function handleFound(id: f64, gone: i32): i32 {
  const slot = connections.slotOf(id);
  return slot < 0 ? slot : admission.found(slot, gone != 0);
}

/** An outgoing connection attempt that may take `timeout` ms (0 = unlimited). Returns its id, ERR_TIME or ERR_FULL. */
export function handleConnect(timeout: f64, now: f64): f64 {
  return idOf(connections.open(connections.CONNECT, timeout, now));
}

/** A stream that is in no loop, idle after `timeout` ms (0 = never). Returns its id, ERR_TIME or ERR_FULL. */
export function handleTrack(timeout: f64, now: f64): f64 {
  return idOf(connections.open(connections.TRACK, timeout, now));
}

/** A connection attempt has succeeded. The connection has no deadline until `handleTimeout`. Returns OK, ERR_STALE or ERR_STATE. */
export function handleConnected(id: f64, now: f64): i32 {
  const slot = connections.slotOf(id);
  return slot < 0 ? slot : connections.begin(slot, connections.CONNECTED, now);
}

/** A tracked stream becomes a connection of the loop. Returns OK, ERR_STALE or ERR_STATE. */
export function handleAdopt(id: f64): i32 {
  const slot = connections.slotOf(id);
  return slot < 0 ? slot : connections.apply(slot, connections.ADOPT);
}

/** Sets a connection's timeout in ms (0 = none), counted from `now`; not while it waits or lingers. Returns OK, ERR_STALE, ERR_STATE, ERR_TIME or ERR_FULL. */
export function handleTimeout(id: f64, timeout: f64, now: f64): i32 {
  const slot = connections.slotOf(id);
  if (slot < 0) return slot;
  const at = memory.tell(now);
  const state = connections.stateOf(slot);
  if (state == connections.WAITING || state == connections.LINGERING) return memory.ERR_STATE;
  return connections.setTimeout(slot, timeout, at);
}

/** Sets how many ms a connection may be open at all (0 = unlimited), counted from when it was admitted, connected or tracked. Returns OK, ERR_STALE, ERR_STATE, ERR_TIME or ERR_FULL. */
export function handleLifetime(id: f64, lifetime: f64, now: f64): i32 {
  const slot = connections.slotOf(id);
  if (slot < 0) return slot;
  memory.tell(now);
  return lifetimes.set(slot, lifetime);
}

/** Our side of a connection has ended, and the host only reads now: it counts against no limit, and expires after 2,000 ms. Returns OK, ERR_STALE, ERR_STATE or ERR_FULL. */
export function handleLinger(id: f64, now: f64): i32 {
  const slot = connections.slotOf(id);
  return slot < 0 ? slot : admission.linger(slot, memory.tell(now));
}

/** The connection that has lingered longest, if more than maxConnections linger: the host must close it. Otherwise 0. */
export function pollLinger(): f64 {
  return idOf(admission.firstTooMany());
}

/** A connection has closed. Returns OK or ERR_STALE. */
export function handleClose(id: f64): i32 {
  const slot = connections.slotOf(id);
  if (slot < 0) return slot;
  admission.close(slot);
  return memory.OK;
}

/** Sets maxConnections, maxAccepts (0 = unlimited) and multiAccept. Returns OK or ERR_LIMIT. */
export function handleLimits(maxConnections: f64, maxAccepts: f64, multiAccept: f64): i32 {
  return admission.setLimits(maxConnections, maxAccepts, multiAccept);
}

/** Sets the order of admission: adaptive (1), or first come, first served (0); targetWait in ms; whether addresses with waiting clients take turns (1), and how many connections of one address may be open (0 = unlimited), both for clients that arrive from now on; and for how many ms a connection must have been silent to make room for a waiting client (0 = never). Returns OK, or ERR_TIME or ERR_LIMIT with nothing changed. With all but the default order, `pollEvicted` may return a client after `handleAccept`: it was evicted for the new one. */
export function handleQueue(adaptive: i32, targetWait: f64, takeTurns: i32, addressLimit: f64, displaceIdle: f64): i32 {
  return admission.setPolicy(adaptive != 0, targetWait, takeTurns != 0, addressLimit, displaceIdle);
}

/** Sets how many clients are admitted per second (0 = unlimited), and how many at once after a pause. Returns OK or ERR_LIMIT. */
export function handleRate(perSecond: f64, burst: f64, now: f64): i32 {
  return rate.set(perSecond, burst, memory.tell(now));
}

/** The connection that must make room for a waiting client: the host closes it, or records activity on it if it must stay. Otherwise 0. */
export function pollDisplacement(now: f64): f64 {
  return idOf(admission.displaced(now));
}

/** Begins a graceful stop: accepting ends after `delay` ms; the rest is closed `timeout` ms later (0 = never). With `reset` (1), clients that still wait when accepting ends are reset instead of served. A second call can only make the first one end sooner. Returns OK or ERR_TIME. */
export function handleDrain(delay: f64, timeout: f64, now: f64, reset: i32): i32 {
  return stopping.drain(delay, timeout, now, reset != 0);
}

/** Cuts a graceful stop short: the rest is closed now. Returns OK, or ERR_STATE if none is under way. */
export function handleHurry(): i32 {
  return stopping.hurry();
}

/** The run has ended, and with it any graceful stop. Waiting clients stay in the queue. */
export function handleStop(): void {
  admission.stop();
}

/** What the host must do now: one of DECIDE_…. `watched`: the number of things it waits for that the core does not know. If the loop is not `running` (0), the result is never DECIDE_STOP. */
export function pollDecision(watched: i32, running: i32): i32 {
  return admission.decide(watched, running != 0);
}

/** The state of a connection, or ERR_STALE. */
export function stateOf(id: f64): i32 {
  const slot = connections.slotOf(id);
  return slot < 0 ? slot : connections.stateOf(slot);
}

/** The state that `event` leads to from `state`, or ERR_STATE: the transition table. */
export function nextState(state: i32, event: i32): i32 {
  return connections.nextState(state, event);
}

/** The number of connections in a state; ERR_STATE if there is no such state. */
export function connectionsIn(state: i32): i32 {
  return <u32>state < <u32>connections.STATES ? connections.countOf(state) : memory.ERR_STATE;
}

/** The number of the host's timers: created, and neither fired nor removed. */
export function timerCount(): i32 {
  return timers.userTimers();
}

/** The number of acceptors that have not ended. */
export function acceptorCount(): i32 {
  return acceptors.acceptors();
}

/** The number of clients that have arrived since maxAccepts was set: admitted, or in the queue. */
export function acceptedCount(): f64 {
  return load<f64>(memory.ARRIVED);
}

/** The phase of the graceful stop. */
export function phase(): i32 {
  return stopping.phaseOf();
}

/** The address of a u32 that holds the address of the first timer's record. Records have 32 bytes each, and move when tables grow. In the first word of each, the top bit is set while an id names the timer, and the 29 lowest bits are its generation. */
export function timerAddress(): usize {
  return memory.TIMERS + memory.BASE;
}

/** The address of the batch of due ids, f64 each. It is fixed. */
export function dueAddress(): usize {
  return memory.DUE;
}

/** The address at which the host writes commands, up to 256 f64. It is fixed. */
export function commandAddress(): usize {
  return memory.COMMANDS;
}

/** The address of the times of activity, one f64 per connection slot, written by the host. It is fixed; the array gets longer when the table grows. */
export function activityAddress(): usize {
  return <usize>load<u32>(memory.ACTIVITY);
}

/** The number of connection slots before the table grows. */
export function connectionCapacity(): i32 {
  return load<i32>(memory.CONNECTIONS, memory.CAPACITY);
}

// The id of a slot; 0 and codes are returned as they are.
function idOf(slot: i32): f64 {
  return slot <= 0 ? <f64>slot : connections.connectionId(slot);
}
