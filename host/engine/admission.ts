// Admission: carries out the core's decisions about which clients are admitted, and about shutting down.

import { Code, type Core, Decision, State } from "../core/core.ts";
import { debug } from "../core/debug.ts";
import { slotOf } from "../core/ids.ts";
import { SystemClock, TURNS_TO_READ } from "../time/clock.ts";
import { Arrivals } from "./arrivals.ts";
import type { Client, DropReason } from "./connections.ts";
import { Patience } from "./patience.ts";
import { afterTurns } from "./turns.ts";

/** About how many clients are admitted in one iteration of the runtime's event loop, over all its passes. */
const PER_TURN = 50;
/** How many events `full` and `free` are emitted before others have their turn: a subscriber to one may cause the other. */
const MOST_TOLD = 2;
/** The core's decisions in words, for IOLOOP_DEBUG. */
const WORDS = ["", "finish", "stop", "close all", "closing", "reset a client", "full", "free", "a client timed out"];

/** Why a client was reset before it was admitted, and its address. */
export interface DropInfo {
  /**
   * `backlog`: the waiting queue is full. `timeout`: it waited longer than `waitTimeout`. `full`: the core has no room.
   * `stopping`: a graceful stop resets waiting clients. `closed`: its server was removed. `address`: `maxPerAddress` clients of its address
   * wait already. `proxy`: its address is not in `proxyTrust`, or its PROXY header is missing or malformed, or was not complete in time.
   */
  readonly reason: DropReason;
  /** The client's address; undefined for UNIX sockets, and if the client has disconnected. */
  readonly remoteAddress: string | undefined;
  /** The client's port; undefined in the same cases. */
  readonly remotePort: number | undefined;
}

/** An object that must act when a graceful stop begins, and when it has ended accepting, before the loop emits these events. */
export interface Drained {
  finishing(): void;
  closing(): void;
}

/** The settings of the waiting queue; times in seconds. */
export interface Order {
  readonly adaptive: boolean;
  readonly targetWait: number;
  /** Whether addresses with waiting clients take turns. */
  readonly fair: boolean;
  readonly maxPerAddress: number;
  readonly displaceIdle: number;
}

export type LoopEvent = "finish" | "closing" | "full" | "free"; // without arguments

interface Owner {
  readonly core: Core;
  readonly clock: { now(): number };
  readonly now: number;
  /** Whether the loop runs and is not about to stop: then clients may be admitted. */
  readonly admits: boolean;
  readonly unknownToCore: number;
  readonly connections: {
    readonly connections: readonly unknown[];
    abortAll(exempt: boolean): void;
    displace(id: number): void;
  };
  readonly acceptors: {
    endAll(): void;
    endNow(): void;
    closeAll(): void;
    closeExempt(): void;
    evict(reason: DropReason): void;
    givesUp: boolean;
    tellsAddresses: boolean;
  };
  readonly supervisor: { tell(event: LoopEvent): void; failed(error: unknown, event: string): void };
  readonly guard: { run(event: string, task: () => void): void };
  readonly isDispatching: boolean;
  isStopped: boolean;
  begin(): boolean;
  enter(): boolean;
  end(): void;
  dispatched(): void;
  ask(): void;
  rearm(): void;
  wakeForWaiting(): void;
  stop(): void;
}

export class Admission {
  readonly #owner: Owner;
  readonly patience: Patience;
  /** Whether a connection, an acceptor or a limit has changed since the core was last asked. */
  isToBeAsked = false;
  /** Whether a graceful stop has ended accepting. */
  hasEnded = false;
  /** Whether a graceful stop has begun. */
  isFinishing = false;
  /** Whether a graceful stop resets waiting clients. */
  resetsWaiting = false;
  readonly drained: Set<Drained> = new Set();
  /** How many passes may run in one iteration of the runtime's event loop while clients wait. */
  passesInTurn = 1;
  #told = 0; // events `full` and `free` since the core was last asked
  #displaces = false;
  #hasSlots = true;
  #isReading = false; // a connection is to make room as soon as input has been read
  #hasRead = false;
  readonly #arrivals: Arrivals | undefined; // with a test's clock, no time passes while the process is busy

  constructor(owner: Owner) {
    this.#owner = owner;
    this.patience = new Patience(owner);
    if (owner.clock.constructor === SystemClock) this.#arrivals = new Arrivals(owner);
  }

  /** Sets the loop's limits. */
  limits(maxConnections: number, maxAccepts: number, multiAccept: number): void {
    this.#owner.core.calls.handleLimits(maxConnections, maxAccepts, multiAccept);
    this.#hasSlots = maxConnections > 0;
    this.passesInTurn = Math.ceil(PER_TURN / multiAccept);
    this.#owner.ask();
  }

  /** Sets the order of admission, and who must make room. */
  order({ adaptive, targetWait, fair, maxPerAddress, displaceIdle }: Order): void {
    const { core, acceptors } = this.#owner;
    // At least a millisecond: a connection that stays counts as active for a moment, and each client may wait for a moment.
    const [target, idle] = [targetWait, displaceIdle].map((seconds) => Math.max(seconds * 1000, 1)) as [number, number];
    core.calls.handleQueue(adaptive ? 1 : 0, target, fair ? 1 : 0, maxPerAddress, displaceIdle > 0 ? idle : 0);
    this.patience.learns = adaptive;
    this.#displaces = displaceIdle > 0;
    acceptors.givesUp = adaptive || fair;
    acceptors.tellsAddresses = fair || maxPerAddress > 0;
    this.#owner.ask();
  }

  /** Sets how many clients are admitted per second (0 = unlimited), and how many at once after a pause. */
  rate(perSecond: number, burst: number): void {
    const { core, clock } = this.#owner;
    core.calls.handleRate(perSecond, burst, clock.now());
    core.refresh();
    this.#owner.ask();
  }

  /** Begins a graceful stop, or makes the one under way end sooner. `delay` and `timeout` are in seconds; with `reset`, waiting clients are reset. */
  drain(delay: number, timeout: number, reset: boolean, now: number): void {
    const { core } = this.#owner;
    this.resetsWaiting ||= reset;
    core.calls.handleDrain(delay * 1000, timeout * 1000, now, reset ? 1 : 0);
    core.refresh();
    this.#owner.rearm();
  }

  /** Cuts a graceful stop short. Returns false if none is under way. */
  hurry(): boolean {
    return this.#owner.core.calls.handleHurry() === Code.OK;
  }

  /** The run has ended, and with it a graceful stop. */
  stopped(): void {
    this.#owner.core.calls.handleStop();
    while (this.decide());
    this.#owner.acceptors.endNow();
    this.hasEnded = this.isFinishing = this.resetsWaiting = false;
  }

  /** The loop is reset. */
  clear(): void {
    this.hasEnded = this.isFinishing = this.resetsWaiting = false;
    this.drained.clear();
    this.patience.clear();
  }

  /** Admits waiting clients and carries out the core's decisions, until nothing changes any more, or subscribers go round in circles. */
  settle(): void {
    const { supervisor } = this.#owner;
    for (this.#told = 0; this.isToBeAsked && this.#told < MOST_TOLD;) {
      this.isToBeAsked = false;
      for (let id = this.#nextAdmission(); id > 0; id = this.#nextAdmission()) {
        this.#owner.dispatched();
        this.patience.admitted(id);
        const client = this.#owner.connections.connections[slotOf(id)] as Client;
        try {
          client.admit();
        } catch (error) {
          supervisor.failed(error, "accept");
        }
        this.wakeForWaiting(); // the next pass has a full budget again
      }
      if (this.#displaces) this.#displace();
      if (this.decide()) this.isToBeAsked = true;
    }
    this.#owner.core.refresh(); // a client that has to wait for the rate sets a timer
  }

  /** Makes another pass run if clients wait. */
  wakeForWaiting(): void {
    if (this.#owner.core.calls.connectionsIn(State.WAITING) > 0) this.#owner.wakeForWaiting();
  }

  /** Asks the core whether a client that has just arrived may be admitted: now, or in the next pass if a dispatch is under way. */
  askForOne(): void {
    const owner = this.#owner;
    this.#arrivals?.add();
    if (owner.isDispatching || !owner.enter()) return owner.ask();
    this.isToBeAsked = true;
    owner.end();
    this.wakeForWaiting();
  }

  /** Carries out the core's decisions now, whether or not the loop runs. */
  askNow(): void {
    const active = this.#owner.begin();
    try {
      for (this.#told = 0; this.#told < MOST_TOLD && this.decide(););
      this.isToBeAsked = true;
    } finally {
      if (active) this.#owner.end();
    }
  }

  /** Carries out one decision of the core. Returns true if there may be another. */
  decide(): boolean {
    const owner = this.#owner;
    const decision = owner.core.calls.pollDecision(owner.unknownToCore, owner.admits ? 1 : 0);
    if (decision === Decision.NOTHING) return false;
    debug?.(owner.core, `decision: ${WORDS[decision]}`);
    switch (decision) {
      case Decision.FINISH:
        this.isFinishing = true;
        this.#drain("finishing");
        owner.supervisor.tell("finish");
        break;
      case Decision.FULL:
      case Decision.FREE:
        this.#told++;
        owner.supervisor.tell(decision === Decision.FULL ? "full" : "free");
        break;
      case Decision.CLOSING:
        this.hasEnded = true;
        owner.acceptors.endAll();
        this.#drain("closing");
        owner.supervisor.tell("closing");
        break;
      case Decision.RESET:
      case Decision.EXPIRED:
        owner.acceptors.evict(decision === Decision.RESET ? "stopping" : "timeout");
        break;
      case Decision.CLOSE:
        owner.acceptors.closeAll();
        owner.connections.abortAll(false);
        break;
      default:
        if (this.hasEnded) {
          owner.acceptors.closeExempt();
          owner.connections.abortAll(true);
        }
        owner.isStopped ||= this.isFinishing;
        owner.stop();
        return false;
    }
    return true;
  }

  #drain(what: "finishing" | "closing"): void {
    const event = what === "closing" ? what : "finish";
    for (const drained of this.drained) this.#owner.guard.run(event, () => drained[what]());
  }

  #displace(): void {
    const { core, connections, admits, now } = this.#owner;
    const hasRead = this.#hasRead;
    this.#hasRead = false;
    if (!admits || !this.#hasSlots || core.calls.pollDisplacement(now) <= 0) return;
    if (!hasRead) {
      if (!this.#isReading) this.#readFirst();
      return;
    }
    // Each connection once at most: it closes, or has been active just now. The answer after the last one sets a timer.
    for (let left = core.calls.connectionsIn(State.INCOMING); left >= 0; left--) {
      const id = core.calls.pollDisplacement(now);
      if (id <= 0) return;
      connections.displace(id);
    }
  }

  // If the process was busy, connections that seem to be silent may have unread input.
  #readFirst(): void {
    this.#isReading = afterTurns(this.#owner.guard, TURNS_TO_READ, () => {
      this.#isReading = false;
      this.#hasRead = true;
      this.#owner.ask();
    });
  }

  #nextAdmission(): number {
    const { admits, core, now } = this.#owner;
    if (!admits) return 0;
    if (this.patience.learns && this.#arrivals?.comeFirst(core.calls.connectionsIn(State.WAITING))) return 0;
    return core.calls.pollAdmission(now);
  }
}
