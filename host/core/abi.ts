// What crosses between a host and the core: its exports, and what the numbers mean. docs/internals/abi.md has the whole of it.

/** The memory of an instance, as far as a host needs it: a `WebAssembly.Memory`. */
export interface CoreMemory {
  readonly buffer: ArrayBuffer;
}

/** The exports of the core. Times and durations in milliseconds, ids as numbers below 2^53; results below zero are {@link Code}s. */
export interface CoreExports {
  readonly memory: CoreMemory;
  version(): number;
  handleSeed(seed: number): void;
  handleReset(): void;
  handleTick(now: number): void;
  handleTimer(after: number, recurring: number, now: number): number;
  handleTimerAgain(id: number, after: number, now: number): number;
  handleTimerRemove(id: number): number;
  handleCommands(count: number, now: number): number;
  pollDeadline(): number;
  pollDue(): number;
  handleDue(id: number): number;
  handleAcceptor(): number;
  handleAcceptorLimits(id: number, backlog: number, waitTimeout: number, single: number): number;
  handleAcceptorListen(id: number, on: number): number;
  handleAcceptorEnd(id: number): number;
  handleAcceptorClose(id: number): number;
  pollEvicted(): number;
  handleAccept(acceptor: number, now: number): number;
  pollAdmission(now: number): number;
  handleConnect(timeout: number, now: number): number;
  handleTrack(timeout: number, now: number): number;
  handleConnected(id: number, now: number): number;
  handleAdopt(id: number): number;
  handleTimeout(id: number, timeout: number, now: number): number;
  handleLifetime(id: number, lifetime: number, now: number): number;
  handleLinger(id: number, now: number): number;
  pollLinger(): number;
  handleClose(id: number): number;
  handleLimits(maxConnections: number, maxAccepts: number, multiAccept: number): number;
  handleDrain(delay: number, timeout: number, now: number, reset: number): number;
  handleHurry(): number;
  handleStop(): void;
  pollDecision(watched: number, running: number): number;
  stateOf(id: number): number;
  nextState(state: number, event: number): number;
  connectionsIn(state: number): number;
  timerCount(): number;
  acceptorCount(): number;
  acceptedCount(): number;
  phase(): number;
  timerAddress(): number;
  dueAddress(): number;
  commandAddress(): number;
  activityAddress(): number;
  connectionCapacity(): number;
}

/** Result codes. */
export const Code = {
  OK: 0,
  STALE: -1,
  TIME: -2,
  FULL: -3,
  STATE: -4,
  LIMIT: -5,
  DROP_BACKLOG: -6,
  DROP_STOPPING: -7,
} as const;

/** What `handleDue` answers. */
export const Due = { VOID: 0, ONCE: 1, RECURRING: 2, WAIT: 3, CONNECT: 4, IDLE: 5, LINGER: 6, LIFETIME: 7 } as const;

/** What `pollDecision` answers. */
export const Decision = { NOTHING: 0, FINISH: 1, STOP: 2, CLOSE: 3, CLOSING: 4, RESET: 5, FULL: 6, FREE: 7 } as const;

/** States of a connection. */
export const State = { FREE: 0, WAITING: 1, CONNECTING: 2, INCOMING: 3, OUTGOING: 4, LOOSE: 5, LINGERING: 6 } as const;

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
} as const;

/** Phases of shutting down. */
export const Phase = { ADMITTING: 0, FINISHING: 1, DRAINING: 2, FINISHED: 3 } as const;

/** How many ids a batch holds. */
export const BATCH = 512;

/** How many commands `handleCommands` takes at once. */
export const COMMANDS = 256;
