// The complete reference of the core: acceptors, admission and the graceful stop.

import { Code, Decision, Kind, Phase, State } from "wasm-ioloop/core";
import { ReferenceQueue, isLimit } from "./reference-queue.ts";
import type { Connection } from "./reference-tables.ts";
import { isDuration } from "./reference-timers.ts";

/** Everything that the core does. */
export class Reference extends ReferenceQueue {
  #phase: number = Phase.ADMITTING;
  #arrived = 0;
  #line: Connection[] = [];
  #passes = 0;
  #limits = { connections: 1000, accepts: 0, atOnce: 50 };
  #budget = 50;
  #cut: number | undefined;
  #random: number;
  #drainTimeout = Infinity;
  #resets = false; // waiting clients are reset once accepting has ended
  #isHurried = false; // the rest is closed, and the stop no longer waits
  /** Pending decisions, each returned once. */
  #told = new Set<number>();
  #isFull = false;

  constructor(seed: number) {
    super();
    this.#random = seed;
  }

  override handleReset(): void {
    super.handleReset();
    this.#line = [];
    this.#endDrain();
    this.#told.clear();
    this.#isFull = false;
    this.#recount();
    this.#budget = this.#limits.atOnce;
  }

  override handleTick(now: number): void {
    super.handleTick(now);
    this.#passes++;
    this.#budget = this.#limits.atOnce;
  }

  handleAcceptor(id: number): number {
    const rest = { single: false, listening: false, hasEnded: false, turn: this.#passes - 1 };
    return this.add(Kind.ACCEPTOR, this.acceptors, { id, backlog: 511, waitTimeout: 60000, ...rest });
  }

  handleAcceptorEnd(id: number): number {
    const acceptor = this.acceptors.get(id);
    if (!acceptor) return Code.STALE;
    acceptor.hasEnded = true;
    this.#forgetAcceptors();
    return Code.OK;
  }

  handleAcceptorClose(id: number): number {
    const acceptor = this.acceptors.get(id);
    for (const client of this.#line) if (client.acceptor === acceptor) client.acceptor = undefined;
    return this.acceptors.delete(id) ? Code.OK : Code.STALE;
  }

  pollEvicted(): number {
    return this.#line.find(({ acceptor }) => !acceptor || this.#isResetting)?.id ?? 0;
  }

  handleAccept(of: number, now: number, id: number): number {
    const acceptor = this.acceptors.get(of);
    if (!acceptor || acceptor.hasEnded) return Code.STALE;
    if (this.#isResetting) return Code.DROP_STOPPING;
    this.tell(now);
    const its = this.#line.filter((client) => client.acceptor === acceptor);
    if (its.length >= acceptor.backlog && this.#line.length >= this.#places()) {
      if (!this.makesRoom(acceptor)) return Code.DROP_BACKLOG;
      its[0]!.acceptor = undefined;
    }
    this.open(State.WAITING, this.patience(acceptor), now, id);
    const client = this.connections.get(id)!;
    client.acceptor = acceptor;
    this.#line.push(client);
    this.#arrived++;
    this.#limitArrivals();
    return id;
  }

  pollAdmission(now: number): number {
    this.tell(now);
    const listening = this.#line.filter(({ acceptor }) => acceptor?.listening);
    if (this.#budget === 0 || this.#places() <= 0 || listening.length === 0 || !this.hasToken()) return 0;
    const client = this.inOrder(listening).find(({ acceptor: a }) => !(a!.single && a!.turn === this.#passes));
    if (!client) return 0;
    this.takeToken();
    client.acceptor!.turn = this.#passes;
    client.state = State.INCOMING;
    this.#leave(client);
    this.begin(client);
    this.#budget--;
    return client.id;
  }

  pollDisplacement(now: number): number {
    this.tell(now);
    const isWanted = this.#line.some(({ acceptor }) => acceptor?.listening);
    const isShut = this.#phase === Phase.FINISHED || this.#isResetting;
    return isWanted && !isShut && this.#places() <= 0 ? this.mostSilent() : 0;
  }

  override handleClose(id: number): number {
    const client = this.#line.find((client) => client.id === id);
    if (client) this.#leave(client);
    if (client && this.#phase < Phase.DRAINING) this.#arrived--;
    return super.handleClose(id);
  }

  pollLinger(): number {
    return this.lingering.length > this.#limits.connections ? this.lingering[0]!.id : 0;
  }

  handleLimits(connections: number, accepts: number, atOnce: number): number {
    if (!isLimit(connections) || !isLimit(accepts) || !isLimit(atOnce) || atOnce === 0) return Code.LIMIT;
    const isNew = accepts !== this.#limits.accepts;
    this.#budget = Math.max(0, this.#budget + atOnce - this.#limits.atOnce);
    this.#limits = { connections, accepts, atOnce };
    if (isNew) this.#recount();
    if (isNew) this.#limitArrivals();
    return Code.OK;
  }

  handleDrain(delay: number, timeout: number, now: number, reset: number): number {
    this.tell(now);
    if (!isDuration(delay) || !isDuration(timeout)) return Code.TIME;
    if (this.#phase === Phase.FINISHED) return Code.OK;
    if (reset !== 0) this.#resets = true;
    if (this.#phase === Phase.DRAINING) {
      if (reset !== 0) this.#told.add(Decision.RESET);
      if (!this.#isHurried && timeout > 0) this.#ringBy(this.now + timeout);
      return Code.OK;
    }
    if (timeout > 0) this.#drainTimeout = Math.min(this.#drainTimeout, timeout);
    if (this.#phase === Phase.ADMITTING) this.#told.add(Decision.FINISH);
    this.#phase = Phase.FINISHING;
    if (delay > 0) this.#ringBy(this.now + delay);
    else this.#endAccepting();
    return Code.OK;
  }

  handleHurry(): number {
    if (this.#phase !== Phase.FINISHING && this.#phase !== Phase.DRAINING) return Code.STATE;
    if (this.#phase === Phase.FINISHING) this.#endAccepting();
    this.drain.alarm = undefined;
    this.#told.add(Decision.CLOSE);
    this.#resets = this.#isHurried = true;
    return Code.OK;
  }

  handleStop(): void {
    if (this.#phase === Phase.FINISHING) this.#told.add(Decision.CLOSING);
    if (this.#phase > Phase.FINISHING && this.#arrived >= (this.#cut ?? Infinity)) this.#recount();
    this.#endDrain();
  }

  pollDecision(watched: number, running: number): number {
    const waiting = this.#line.filter(({ acceptor }) => acceptor?.listening).length;
    const mayBeFull = this.#phase !== Phase.FINISHED && !this.#isResetting;
    if (running && !this.#isFull && waiting > 0 && mayBeFull && this.#places() <= 0) {
      this.#isFull = true;
      return Decision.FULL;
    }
    if (running && this.#isFull && waiting === 0) {
      this.#isFull = false;
      return Decision.FREE;
    }
    const inStates = (...states: number[]): boolean => states.some((state) => this.connectionsIn(state) > 0);
    const isOpen = inStates(State.CONNECTING, State.INCOMING, State.OUTGOING, State.LINGERING);
    const isLeft = isOpen || inStates(State.WAITING) || this.acceptorCount() > 0;
    for (const decision of [Decision.FINISH, Decision.CLOSING, Decision.RESET, Decision.CLOSE]) {
      if (!this.#told.delete(decision)) continue;
      if (decision === Decision.RESET && !inStates(State.WAITING)) continue;
      if (decision === Decision.CLOSE && !isLeft) continue;
      return decision;
    }
    if (!running) return Decision.NOTHING;
    if (this.#phase === Phase.DRAINING) {
      if (isLeft && !this.#isHurried) return Decision.NOTHING;
      this.drain.alarm = undefined;
      this.#phase = Phase.FINISHED;
      return Decision.STOP;
    }
    const busy =
      watched > 0 ||
      this.#phase === Phase.FINISHING ||
      this.timers.size > 0 ||
      [...this.acceptors.values()].some(({ listening, hasEnded }) => listening || hasEnded) ||
      isOpen ||
      inStates(State.LOOSE);
    return busy ? Decision.NOTHING : Decision.STOP;
  }

  acceptorCount(): number {
    return [...this.acceptors.values()].filter(({ hasEnded }) => !hasEnded).length;
  }

  acceptedCount(): number {
    return this.#arrived;
  }

  phase(): number {
    return this.#phase;
  }

  protected drainTimerPassed(): void {
    if (this.#phase === Phase.FINISHING) this.#endAccepting();
    else this.handleHurry();
  }

  protected couldComeIn(client: Connection): boolean {
    if (!this.isOpen) return false;
    const admissible = this.#line.filter(({ acceptor }) => acceptor?.listening);
    return admissible.slice(0, Math.max(0, this.#places())).includes(client);
  }

  get #isResetting(): boolean {
    return this.#resets && this.#phase >= Phase.DRAINING;
  }

  #places(): number {
    if (this.#phase === Phase.FINISHED || this.#isResetting) return 0;
    return this.#limits.connections - this.connectionsIn(State.INCOMING);
  }

  #leave(client: Connection): void {
    this.#line = this.#line.filter((one) => one !== client);
    this.#forgetAcceptors();
  }

  #forgetAcceptors(): void {
    for (const acceptor of this.acceptors.values()) {
      if (acceptor.hasEnded && !this.#line.some((client) => client.acceptor === acceptor)) {
        this.acceptors.delete(acceptor.id);
      }
    }
  }

  #recount(): void {
    this.#arrived = this.#line.length;
    this.#cut = undefined;
  }

  #limitArrivals(): void {
    const max = this.#limits.accepts;
    if (max === 0 || this.#arrived === 0) return;
    this.#cut ??= max - Math.floor((this.#nextRandom() * max) / 2);
    if (this.#arrived < this.#cut || this.#phase >= Phase.DRAINING) return;
    if (this.#phase === Phase.ADMITTING) this.#told.add(Decision.FINISH);
    this.#endAccepting();
  }

  #endAccepting(): void {
    this.#phase = Phase.DRAINING;
    this.#told.add(Decision.CLOSING);
    if (this.#resets) this.#told.add(Decision.RESET);
    this.drain.alarm = this.#drainTimeout < Infinity ? this.start(this.now + this.#drainTimeout) : undefined;
  }

  #endDrain(): void {
    this.drain.alarm = undefined;
    this.#phase = Phase.ADMITTING;
    this.#drainTimeout = Infinity;
    this.#resets = this.#isHurried = false;
    this.#told.delete(Decision.RESET);
    this.#told.delete(Decision.CLOSE);
  }

  // An earlier deadline stays.
  #ringBy(deadline: number): void {
    if (this.drain.alarm && this.drain.alarm.deadline <= deadline) return;
    this.drain.alarm = this.start(deadline);
  }

  // mulberry32
  #nextRandom(): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0;
    let t = this.#random;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
}
