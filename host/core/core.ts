// The binding of the core: the one file that touches WebAssembly. It runs in every engine and needs nothing of `node:`.
//
// Its declarations need neither the types of the DOM nor those of Node: what is WebAssembly's is described here.

import { KIND_UNIT, Kind, kindOf, slotOf } from "./ids.ts";
import { wasm } from "./wasm.ts";

export { Kind, kindOf, slotOf };

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

const FIRST_TIMER = Kind.TIMER * KIND_UNIT;
// What the first word of a timer's record has besides flags, that it is one and its generation; and how that differs from what
// stands in its id above the slot.
const NAMED = 0x9f_ff_ff_ff;
const NAME = 0xc0_00_00_00;

let compiled: WebAssembly.Module | undefined;

/** One instance of the core, with views of its memory that stay valid. */
export class Core {
  /** The exports, to be called directly. */
  readonly calls: CoreExports;
  /** The ids that `pollDue` collected. */
  due!: Float64Array;
  /** The commands that `handleCommands` takes; to be written by the host. */
  commands!: Float64Array;
  /** The time of the last activity of each connection slot, in milliseconds; to be stored by the host. */
  activity!: Float64Array;
  #timers!: Int32Array; // from the first timer's record on

  /**
   * `seed`: for the random cut of maxAccepts; a whole number. `module`: `core.wasm` as a compiled `WebAssembly.Module`, for
   * hosts that refuse to compile code from bytes; default the one that is built in, compiled at the first use.
   */
  constructor(seed: number, module: object = (compiled ??= new WebAssembly.Module(bytes(wasm)))) {
    this.calls = new WebAssembly.Instance(module, {}).exports as unknown as CoreExports;
    this.calls.handleSeed(seed);
    this.#view();
  }

  /** Whether an id names a timer: read in the core's memory, at a fraction of the price of a call. */
  isTimer(id: number): boolean {
    if (!(id >= FIRST_TIMER && id < FIRST_TIMER + KIND_UNIT)) return false;
    return (this.#timers[slotOf(id) << 3]! & NAMED) === ((id * 2 ** -22) ^ NAME);
  }

  /** To be called after every call that makes a timer, or sets a timeout: memory may have grown, and the views with it. */
  refresh(): void {
    if (this.due.length === 0) this.#view();
  }

  /** To be called with the id of every new connection or acceptor, or the code in its place; returns it. Tables may have moved. */
  opened(id: number): number {
    const isGrown = kindOf(id) === Kind.CONNECTION ? slotOf(id) >= this.activity.length : id > 0;
    if (isGrown || this.due.length === 0) this.#view();
    return id;
  }

  #view(): void {
    const { buffer } = this.calls.memory;
    const [timers] = new Uint32Array(buffer, this.calls.timerAddress(), 1);
    this.#timers = new Int32Array(buffer, timers);
    this.due = new Float64Array(buffer, this.calls.dueAddress(), BATCH);
    this.commands = new Float64Array(buffer, this.calls.commandAddress(), COMMANDS);
    this.activity = new Float64Array(buffer, this.calls.activityAddress(), this.calls.connectionCapacity());
  }
}

function bytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
