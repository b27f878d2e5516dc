// The interface between a host and the core: its exports, and the meaning of their numbers. docs/internals/abi.md has all details.

/** The part of a `WebAssembly.Memory` that a host needs. */
export interface CoreMemory {
  readonly buffer: ArrayBuffer;
}

/**
 * The exports of the core. Times and durations are in milliseconds, ids are whole numbers below 2^53, and flags are 0 or 1. `now`
 * is the time of a monotonic clock. No call throws: a result below zero is one of {@link Code}.
 */
export interface CoreExports {
  readonly memory: CoreMemory;
  /** The version of this interface: major * 1000 + minor. */
  version(): number;
  /** Seeds the random cut of maxAccepts, so that a run can be repeated. */
  handleSeed(seed: number): void;
  /** Removes every timer, connection and acceptor. Limits, settings, what the order has learned, and the seed stay. */
  handleReset(): void;
  /** Begins a pass: timers due by `now` expire, and up to multiAccept clients may be admitted. */
  handleTick(now: number): void;
  /**
   * Creates a timer of `after` ms, `recurring` if not 0. If `now` is NaN, it starts at the next time that the core is given.
   * Returns its id, `TIME` or `FULL`.
   */
  handleTimer(after: number, recurring: number, now: number): number;
  /** Restarts a timer, with a new interval unless `after` is NaN. If `now` is NaN, only sets the interval. Returns `OK`, `STALE` or `TIME`. */
  handleTimerAgain(id: number, after: number, now: number): number;
  /** Removes a timer. Returns `OK` or `STALE`. */
  handleTimerRemove(id: number): number;
  /**
   * Restarts the timers named by the first `count` commands. If `now` is NaN, they start at the next time that the core is given.
   * Returns how many commands named no timer.
   */
  handleCommands(count: number, now: number): number;
  /** A time before which nothing is due; `Infinity` if nothing is scheduled. */
  pollDeadline(): number;
  /** Collects the ids that are due in this pass. Returns how many are in {@link Core.due}. Call it again until it returns 0. */
  pollDue(): number;
  /** What to do for an id that `pollDue` collected: one of {@link Due}. */
  handleDue(id: number): number;
  /**
   * Creates an acceptor, paused; up to 511 clients may wait, for 60,000 ms each. The clients of an `exempt` one count against no limit
   * of the loop, wait for no rate, and delay no graceful stop. Returns its id or `FULL`.
   */
  handleAcceptor(exempt: number): number;
  /**
   * Sets how many clients of an acceptor may wait, for how many ms (0 = unlimited), whether at most one is admitted per pass, and how
   * many may be open after they were admitted (2,147,483,647 by default). Returns `OK`, `STALE`, `LIMIT` or `TIME`.
   */
  handleAcceptorLimits(
    id: number,
    backlog: number,
    waitTimeout: number,
    single: number,
    maxConnections: number,
  ): number;
  /** Pauses (0) or resumes (1) an acceptor. Returns `OK` or `STALE`. */
  handleAcceptorListen(id: number, on: number): number;
  /** The listening socket of an acceptor has closed: clients that wait can still be admitted. Returns `OK` or `STALE`. */
  handleAcceptorEnd(id: number): number;
  /** Closes an acceptor; `pollEvicted` returns its waiting clients. Returns `OK` or `STALE`. */
  handleAcceptorClose(id: number): number;
  /**
   * A waiting client that the host must reset, and report with `handleClose`, or 0: its acceptor was closed, it was evicted for another
   * one, it has waited too long, or a graceful stop resets waiting clients.
   */
  pollEvicted(): number;
  /**
   * The system has accepted a client. `address`: a number that the host has made of its address, or NaN if it has none. Returns its id,
   * `STALE`, `FULL`, or `DROP_BACKLOG`, `DROP_ADDRESS` or `DROP_STOPPING`: reset it.
   */
  handleAccept(acceptor: number, now: number, address: number): number;
  /** Admits the next client and returns its id; 0 if no client waits, or the limits allow no more. */
  pollAdmission(now: number): number;
  /**
   * Whether an admitted client was found `gone` (1), or still there (0). To be reported once for each client that had waited.
   * Returns `OK` or `STALE`.
   */
  handleFound(id: number, gone: number): number;
  /** A connection attempt that may take `timeout` ms (0 = unlimited). Returns its id, `TIME` or `FULL`. */
  handleConnect(timeout: number, now: number): number;
  /** A stream that is in no loop, idle after `timeout` ms (0 = never). Returns its id, `TIME` or `FULL`. */
  handleTrack(timeout: number, now: number): number;
  /** A connection attempt has succeeded. Returns `OK`, `STALE` or `STATE`. */
  handleConnected(id: number, now: number): number;
  /** A tracked stream becomes a connection of the loop. Returns `OK`, `STALE` or `STATE`. */
  handleAdopt(id: number): number;
  /** Sets the idle timeout of a connection in ms (0 = none), counted from `now`. Returns `OK`, `STALE`, `STATE`, `TIME` or `FULL`. */
  handleTimeout(id: number, timeout: number, now: number): number;
  /**
   * Sets how many ms a connection may be open at all (0 = unlimited), counted from when it was admitted, connected or tracked.
   * Returns `OK`, `STALE`, `STATE`, `TIME` or `FULL`.
   */
  handleLifetime(id: number, lifetime: number, now: number): number;
  /** Our side of a connection has ended; it may linger for 2,000 ms. Returns `OK`, `STALE`, `STATE` or `FULL`. */
  handleLinger(id: number, now: number): number;
  /** A lingering connection that the host must close because more than maxConnections linger, or 0. */
  pollLinger(): number;
  /** A connection has closed. Returns `OK` or `STALE`. */
  handleClose(id: number): number;
  /** Sets the limits; 0 for `maxAccepts` is unlimited. Returns `OK` or `LIMIT`. */
  handleLimits(maxConnections: number, maxAccepts: number, multiAccept: number): number;
  /**
   * Sets the order of admission: adaptive (1), or first come, first served (0); `targetWait` in ms; whether addresses with waiting
   * clients take turns (1), and how many connections of one address may be open (0 = unlimited), both for clients that arrive from now
   * on; and for how many ms a connection must have been silent to make room for a waiting client (0 = never). With all but the default
   * order, `pollEvicted` may return a client after `handleAccept`: it was evicted for the new one. Returns `OK`, `TIME` or `LIMIT`.
   */
  handleQueue(
    adaptive: number,
    targetWait: number,
    takeTurns: number,
    addressLimit: number,
    displaceIdle: number,
  ): number;
  /** Sets how many clients are admitted per second (0 = unlimited), and how many at once after a pause. Returns `OK` or `LIMIT`. */
  handleRate(perSecond: number, burst: number, now: number): number;
  /** The connection that must make room: close it, or record activity on it if it must stay. 0 if there is none. */
  pollDisplacement(now: number): number;
  /**
   * Begins a graceful stop: accepting ends after `delay` ms; the rest is closed `timeout` ms later (0 = never). With `reset`, clients
   * that still wait when accepting ends are reset. A second call can only make the first one end sooner. Returns `OK` or `TIME`.
   */
  handleDrain(delay: number, timeout: number, now: number, reset: number): number;
  /** Cuts a graceful stop short: the rest is closed now. Returns `OK`, or `STATE` if none is under way. */
  handleHurry(): number;
  /** The run has ended, and with it any graceful stop. Waiting clients stay in the queue. */
  handleStop(): void;
  /**
   * What the host must do now: one of {@link Decision}. `watched`: the number of things it waits for that the core does not know.
   * If the loop is not `running`, the result is never `STOP`.
   */
  pollDecision(watched: number, running: number): number;
  /** The state of a connection: one of {@link State}, or `STALE`. */
  stateOf(id: number): number;
  /** The state that an event of {@link Transition} leads to, or `STATE` if it is not allowed. */
  nextState(state: number, event: number): number;
  /** The number of connections in a state; `STATE` if there is no such state. */
  connectionsIn(state: number): number;
  /** The number of timers that have neither fired nor been removed. */
  timerCount(): number;
  /** The number of acceptors that have not ended, exempt ones included. */
  acceptorCount(): number;
  /** The number of clients that have arrived since maxAccepts was set: admitted, or waiting. Those of exempt acceptors do not count. */
  acceptedCount(): number;
  /** The phase of the graceful stop: one of {@link Phase}. */
  phase(): number;
  /** The address of a u32 that holds the address of the timers' records. */
  timerAddress(): number;
  /** The address of the batch of due ids. {@link Core.due} is a view of it. */
  dueAddress(): number;
  /** The address of the commands. {@link Core.commands} is a view of it. */
  commandAddress(): number;
  /** The address of the times of activity. {@link Core.activity} is a view of it. */
  activityAddress(): number;
  /** The number of connection slots before the table grows. */
  connectionCapacity(): number;
}

/** Result codes of the core's calls. All but `OK` are below zero. */
export const Code = {
  OK: 0,
  STALE: -1,
  TIME: -2,
  FULL: -3,
  STATE: -4,
  LIMIT: -5,
  DROP_BACKLOG: -6,
  DROP_STOPPING: -7,
  DROP_ADDRESS: -8,
} as const;

/** Results of `handleDue`. */
export const Due = { VOID: 0, ONCE: 1, RECURRING: 2, CONNECT: 4, IDLE: 5, LINGER: 6, LIFETIME: 7 } as const;

/** Results of `pollDecision`. After `RESET` and `EXPIRED`, `pollEvicted` returns the client that the host must reset. */
export const Decision = {
  NOTHING: 0,
  FINISH: 1,
  STOP: 2,
  CLOSE: 3,
  CLOSING: 4,
  RESET: 5,
  FULL: 6,
  FREE: 7,
  EXPIRED: 8,
} as const;

/** States of a connection. */
export const State = {
  FREE: 0,
  WAITING: 1,
  CONNECTING: 2,
  INCOMING: 3,
  OUTGOING: 4,
  LOOSE: 5,
  EXEMPT: 6,
  LINGERING: 7,
} as const;

/** Events that move a connection from state to state. */
export const Transition = {
  ACCEPT: 0,
  CONNECT: 1,
  TRACK: 2,
  ADMIT: 3,
  CONNECTED: 4,
  ADOPT: 5,
  CLOSE: 6,
  LINGER: 7,
  ADMIT_EXEMPT: 8,
} as const;

/** Phases of a graceful stop. */
export const Phase = { ADMITTING: 0, FINISHING: 1, DRAINING: 2, FINISHED: 3 } as const;

/** The maximum number of ids in a batch. */
export const BATCH = 512;

/** The maximum number of commands for one call of `handleCommands`. */
export const COMMANDS = 256;
