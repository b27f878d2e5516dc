// The complete reference of the core: admission and the graceful stop.

import { Code, Decision, Phase, State } from "wasm-ioloop/core";
import { isLimit } from "./reference-queue.ts";
import type { Connection } from "./reference-tables.ts";
import { isDuration } from "./reference-timers.ts";
import { ReferenceWaiting } from "./reference-waiting.ts";

/** Everything that the core does. */
export class Reference extends ReferenceWaiting {
  #phase: number = Phase.ADMITTING;
  #arrived = 0;
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
    this.#endDrain();
    this.#told.clear();
    this.#isFull = false;
    this.#recount();
    this.#budget = this.#limits.atOnce;
  }

  override handleTick(now: number): void {
    super.handleTick(now);
    this.passes++;
    this.#budget = this.#limits.atOnce;
  }

  handleAccept(of: number, now: number, key: number, id: number): number {
    const acceptor = this.acceptors.get(of);
    if (!acceptor || acceptor.hasEnded) return Code.STALE;
    const { isExempt } = acceptor;
    if (this.#isResetting && !isExempt) return Code.DROP_STOPPING;
    this.tell(now);
    const isCounted = !isExempt && (this.takesTurns || this.addressLimit > 0);
    if (isCounted && this.isOver(key)) return Code.DROP_ADDRESS;
    const its = this.waitersOf(acceptor).length;
    const hasRoom = its < this.roomOf(acceptor) && (isExempt || this.#waiting().length < this.#places());
    if (its >= acceptor.backlog && !hasRoom && !this.makeRoom(acceptor)) return Code.DROP_BACKLOG;
    this.open(State.WAITING, 0, now, id);
    this.join(this.connections.get(id)!, acceptor, isCounted, key);
    if (isExempt) return id;
    this.#arrived++;
    this.#limitArrivals();
    return id;
  }

  pollAdmission(now: number): number {
    this.tell(now);
    let client = this.next(true, true);
    if (!client) {
      if (this.#budget === 0 || this.#places() <= 0 || this.#waiting().length === 0 || !this.hasToken()) return 0;
      client = this.next(true, false);
      if (!client) return 0;
      this.takeToken();
      this.#budget--;
    }
    this.take(client);
    this.begin(client);
    return client.id;
  }

  pollDisplacement(now: number): number {
    this.tell(now);
    return this.next(false, false) && !this.#isShut && this.#places() <= 0 ? this.mostSilent() : 0;
  }

  override handleClose(id: number): number {
    const client = this.connections.get(id);
    if (client?.state === State.WAITING) {
      if (!this.evicted.includes(client)) this.givenUp(client);
      this.leave(client);
    }
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
    const couldEnter = this.next(false, false) !== undefined;
    const places = this.#places();
    if (running && (this.#isFull ? !couldEnter : couldEnter && places <= 0 && !this.#isShut)) {
      this.#isFull = !this.#isFull;
      return this.#isFull ? Decision.FULL : Decision.FREE;
    }
    const isHeldUp = couldEnter && places > 0 && this.isOpen;
    const isBeginning = this.#told.has(Decision.FINISH) || this.#told.has(Decision.CLOSING);
    if (!isHeldUp && !isBeginning && this.expire(this.#isResetting))
      return this.#isResetting ? Decision.RESET : Decision.EXPIRED;
    const inStates = (...states: number[]): boolean => states.some((state) => this.connectionsIn(state) > 0);
    const isOpen = inStates(State.CONNECTING, State.INCOMING, State.OUTGOING, State.LINGERING);
    const isLeft =
      isOpen ||
      this.#waiting().length + this.evicted.length > 0 ||
      [...this.acceptors.values()].some(({ hasEnded, isExempt }) => !hasEnded && !isExempt);
    for (const decision of [Decision.FINISH, Decision.CLOSING, Decision.CLOSE])
      if (this.#told.delete(decision) && (decision !== Decision.CLOSE || isLeft)) return decision;
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
      inStates(State.LOOSE, State.EXEMPT);
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

  protected givenUp({ acceptor }: Connection): void {
    if (!acceptor!.isExempt && this.#phase < Phase.DRAINING) this.#arrived--;
  }

  get #isResetting(): boolean {
    return this.#resets && this.#phase >= Phase.DRAINING;
  }

  get #isShut(): boolean {
    return this.#phase === Phase.FINISHED || this.#isResetting;
  }

  /** The clients that count against the limits. */
  #waiting(): Connection[] {
    return this.line.filter(({ acceptor }) => !acceptor!.isExempt);
  }

  #places(): number {
    if (this.#isShut) return 0;
    return this.#limits.connections - this.connectionsIn(State.INCOMING);
  }

  #recount(): void {
    this.#arrived = this.#waiting().length;
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
    this.drain.alarm = this.#drainTimeout < Infinity ? this.start(this.now + this.#drainTimeout) : undefined;
  }

  #endDrain(): void {
    this.drain.alarm = undefined;
    this.#phase = Phase.ADMITTING;
    this.#drainTimeout = Infinity;
    this.#resets = this.#isHurried = false;
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
