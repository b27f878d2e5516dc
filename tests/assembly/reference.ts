// The core's reference, completed: acceptors, admission and the graceful stop.

import { Code, Decision, Kind, Phase, State } from "wasm-ioloop/core";
import { type Connection, ReferenceTables, isDuration } from "./reference-tables.ts";

const isLimit = (value: number): boolean => Number.isInteger(value) && value >= 0 && value < 2 ** 31;

/** All that the core does. */
export class Reference extends ReferenceTables {
  #phase: number = Phase.ADMITTING;
  #accepted = 0;
  #line: Connection[] = [];
  #passes = 0;
  #limits = { connections: 1000, accepts: 0, atOnce: 50 };
  #budget = 50;
  #cut: number | undefined;
  #random: number;
  #drainTimeout = 0;
  #finishIsDue = false;
  #isHurried = false; // what is left is closed, and nothing waited for any more
  #closeIsDue = false;

  constructor(seed: number) {
    super();
    this.#random = seed;
  }

  override handleReset(): void {
    super.handleReset();
    this.#line = [];
    this.#accepted = 0;
    this.#cut = undefined;
    this.#phase = Phase.ADMITTING;
    this.#budget = this.#limits.atOnce;
    this.#finishIsDue = false;
    this.#closeIsDue = this.#isHurried = false;
  }

  override handleTick(now: number): void {
    super.handleTick(now);
    this.#passes++;
    this.#budget = this.#limits.atOnce;
  }

  handleAcceptor(id: number): number {
    const turn = this.#passes - 1;
    const acceptor = { id, backlog: 511, waitTimeout: 60000, single: false, listening: false, turn };
    return this.add(Kind.ACCEPTOR, this.acceptors, acceptor);
  }

  handleAcceptorLimits(id: number, backlog: number, waitTimeout: number, single: number): number {
    const acceptor = this.acceptors.get(id);
    if (!acceptor) return Code.STALE;
    if (!isLimit(backlog)) return Code.LIMIT;
    if (!isDuration(waitTimeout)) return Code.TIME;
    Object.assign(acceptor, { backlog, waitTimeout, single: single !== 0 });
    return Code.OK;
  }

  handleAcceptorListen(id: number, on: number): number {
    const acceptor = this.acceptors.get(id);
    if (!acceptor) return Code.STALE;
    acceptor.listening = on !== 0;
    return Code.OK;
  }

  handleAcceptorClose(id: number): number {
    const acceptor = this.acceptors.get(id);
    for (const client of this.#line) if (client.acceptor === acceptor) client.acceptor = undefined;
    return this.acceptors.delete(id) ? Code.OK : Code.STALE;
  }

  pollEvicted(): number {
    return this.#line.find(({ acceptor }) => !acceptor)?.id ?? 0;
  }

  handleAccept(of: number, now: number, id: number): number {
    const acceptor = this.acceptors.get(of);
    if (!acceptor) return Code.STALE;
    const waiting = this.#line.filter((client) => client.acceptor === acceptor).length;
    if (waiting >= acceptor.backlog && this.#line.length >= this.#places()) return Code.DROP_BACKLOG;
    this.open(State.WAITING, acceptor.waitTimeout, now, id);
    const client = this.connections.get(id)!;
    client.acceptor = acceptor;
    this.#line.push(client);
    return id;
  }

  pollAdmission(now: number): number {
    this.tell(now);
    if (this.#budget === 0 || this.#places() <= 0) return 0;
    const at = this.#line.findIndex(
      ({ acceptor }) => acceptor?.listening && !(acceptor.single && acceptor.turn === this.#passes),
    );
    const [client] = at < 0 ? [] : this.#line.splice(at, 1);
    if (!client) return 0;
    client.acceptor!.turn = this.#passes;
    client.state = State.INCOMING;
    this.setTimeout(client, 0);
    this.#budget--;
    this.#accepted++;
    const max = this.#limits.accepts;
    if (max === 0) return client.id;
    this.#cut ??= max - Math.floor((this.#nextRandom() * max) / 2);
    if (this.#accepted < this.#cut) return client.id;
    if (this.#phase === Phase.ADMITTING) this.#finishIsDue = true;
    this.#shut(0);
    return client.id;
  }

  handleClose(id: number): number {
    this.#line = this.#line.filter((client) => client.id !== id);
    return this.connections.delete(id) ? Code.OK : Code.STALE;
  }

  handleLimits(connections: number, accepts: number, atOnce: number): number {
    if (!isLimit(connections) || !isLimit(accepts) || !isLimit(atOnce) || atOnce === 0) return Code.LIMIT;
    if (accepts !== this.#limits.accepts) [this.#accepted, this.#cut] = [0, undefined];
    this.#budget = Math.max(0, this.#budget + atOnce - this.#limits.atOnce);
    this.#limits = { connections, accepts, atOnce };
    return Code.OK;
  }

  handleDrain(delay: number, timeout: number, now: number): number {
    this.tell(now);
    if (!isDuration(delay) || !isDuration(timeout)) return Code.TIME;
    if (this.#phase === Phase.LINGERING || this.#phase === Phase.DRAINING) {
      if (delay === 0) this.#shut(timeout);
      return Code.OK;
    }
    this.#finishIsDue = true;
    this.#drainTimeout = timeout;
    if (delay > 0 && this.#phase === Phase.ADMITTING) {
      this.#phase = Phase.LINGERING;
      this.drain.alarm = this.start(this.now + delay);
    } else {
      this.#shut(timeout);
    }
    return Code.OK;
  }

  handleHurry(): number {
    if (this.#phase !== Phase.LINGERING && this.#phase !== Phase.DRAINING) return Code.STATE;
    this.#phase = Phase.DRAINING;
    this.drain.alarm = undefined;
    this.#closeIsDue = this.#isHurried = true;
    return Code.OK;
  }

  pollDecision(watched: number, running: number): number {
    if (this.#finishIsDue) {
      this.#finishIsDue = false;
      return Decision.FINISH;
    }
    const open = [...this.connections.values()].filter(
      ({ state }) => state !== State.WAITING && state !== State.LOOSE,
    ).length;
    const closeIsDue = this.#closeIsDue;
    this.#closeIsDue = false;
    if (closeIsDue && open > 0) return Decision.CLOSE;
    if (!running) return Decision.NOTHING;
    if (this.#phase === Phase.DRAINING) {
      if (open > 0 && !this.#isHurried) return Decision.NOTHING;
      this.drain.alarm = undefined;
      this.#isHurried = false;
      this.#phase = Phase.FINISHED;
      return Decision.STOP;
    }
    const busy =
      watched > 0 ||
      this.#phase === Phase.LINGERING ||
      this.timers.size > 0 ||
      [...this.acceptors.values()].some(({ listening }) => listening) ||
      open + this.connectionsIn(State.LOOSE) > 0;
    return busy ? Decision.NOTHING : Decision.STOP;
  }

  acceptorCount(): number {
    return this.acceptors.size;
  }

  acceptedCount(): number {
    return this.#accepted;
  }

  phase(): number {
    return this.#phase;
  }

  protected drainTimerPassed(): void {
    if (this.#phase === Phase.LINGERING) this.#shut(0);
    else this.handleHurry();
  }

  #places(): number {
    if (this.#phase > Phase.LINGERING) return 0;
    const places = this.#limits.connections - this.connectionsIn(State.INCOMING);
    return Math.min(places, (this.#cut ?? Infinity) - this.#accepted);
  }

  // What was promised sooner stands.
  #shut(timeout: number): void {
    const waits = [timeout, this.#phase === Phase.LINGERING ? this.#drainTimeout : 0].filter((wait) => wait > 0);
    const before = this.#phase === Phase.DRAINING ? this.drain.alarm : undefined;
    const deadline = this.now + Math.min(...waits);
    this.#phase = Phase.DRAINING;
    if (before && before.deadline <= deadline) return;
    this.drain.alarm = waits.length > 0 ? this.start(deadline) : undefined;
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
