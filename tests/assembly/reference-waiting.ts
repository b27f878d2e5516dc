// The core's reference: acceptors, the clients that wait, and whose turn it is.

import { Code, Kind, State, slotOf } from "wasm-ioloop/core";
import { ReferenceQueue, isLimit } from "./reference-queue.ts";
import type { Acceptor, Address, Connection } from "./reference-tables.ts";
import { isDuration } from "./reference-timers.ts";

/** The waiting clients of the core. */
export abstract class ReferenceWaiting extends ReferenceQueue {
  /** Clients that wait, in order of arrival, without those that were evicted. */
  protected line: Connection[] = [];
  /** Clients that were evicted and not closed yet, in that order. */
  protected evicted: Connection[] = [];
  protected passes = 1;
  #turns: Address[] = []; // the addresses with waiting clients
  #isDue = false; // a client may have waited too long

  override handleReset(): void {
    super.handleReset();
    this.line = [];
    this.evicted = [];
    this.#turns = [];
  }

  handleAcceptor(exempt: number, id: number): number {
    const rest = {
      single: false,
      most: 2 ** 31 - 1,
      isExempt: exempt !== 0,
      listening: false,
      hasEnded: false,
      turn: 0,
    };
    return this.add(Kind.ACCEPTOR, this.acceptors, { id, backlog: 511, waitTimeout: 60000, ...rest });
  }

  handleAcceptorLimits(id: number, backlog: number, waitTimeout: number, single: number, most: number): number {
    this.waitsPassed();
    const acceptor = this.acceptors.get(id);
    if (!acceptor) return Code.STALE;
    if (!isLimit(backlog) || !isLimit(most)) return Code.LIMIT;
    if (!isDuration(waitTimeout)) return Code.TIME;
    Object.assign(acceptor, { backlog, waitTimeout, single: single !== 0, most });
    return Code.OK;
  }

  handleAcceptorListen(id: number, on: number): number {
    const acceptor = this.acceptors.get(id);
    if (!acceptor) return Code.STALE;
    acceptor.listening = on !== 0;
    return Code.OK;
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
    if (!acceptor) return Code.STALE;
    acceptor.hasEnded = true;
    for (const client of this.waitersOf(acceptor)) this.evict(client);
    this.#forgetAcceptors();
    return Code.OK;
  }

  pollEvicted(): number {
    return this.evicted[0]?.id ?? 0;
  }

  handleFound(id: number, gone: number): number {
    const connection = this.connections.get(id);
    if (!connection) return Code.STALE;
    if (connection.state !== State.INCOMING && connection.state !== State.EXEMPT) return Code.OK;
    const { waited } = connection;
    connection.waited = 0;
    this.waitsPassed();
    this.learn(waited, gone !== 0, connection.acceptor!.waitTimeout);
    return Code.OK;
  }

  /** The clients of an acceptor that wait. */
  protected waitersOf(acceptor: Acceptor): Connection[] {
    return this.line.filter((client) => client.acceptor === acceptor);
  }

  /** How many more clients of an acceptor its own limit admits. */
  protected roomOf(acceptor: Acceptor): number {
    return acceptor.most - this.#inside((connection) => connection.acceptor === acceptor);
  }

  /** The address of a key, if its clients are counted and there are any. */
  protected addressOf(key: number): Address | undefined {
    return [...this.connections.values()].find(({ address }) => address?.key === key)?.address;
  }

  /** Whether no further client of a key may wait. */
  protected isOver(key: number): boolean {
    const address = this.addressOf(key);
    if (!address || this.addressLimit === 0) return false;
    const waiting = this.line.filter((client) => client.address === address).length;
    return this.#insideOf(address) + waiting >= 2 * this.addressLimit;
  }

  protected join(client: Connection, acceptor: Acceptor, isCounted: boolean, key: number): void {
    client.acceptor = acceptor;
    if (isCounted) {
      client.address = this.addressOf(key) ?? { key };
      if (!this.#turns.includes(client.address)) this.#turns.push(client.address);
    }
    this.line.push(client);
    this.#setAlarm(this.#deadlineOf(client));
  }

  /** The client that is admitted next, apart from the limits of the loop. */
  protected next(inTurn: boolean, exempt: boolean): Connection | undefined {
    const able = this.line.filter((client) => client.acceptor!.isExempt === exempt && this.#mayComeIn(client, inTurn));
    const turn =
      exempt || !this.takesTurns ? undefined : this.#turns.find((one) => able.some(({ address }) => address === one));
    const among = turn ? able.filter(({ address }) => address === turn) : able;
    return among[0] && this.isNewestFirst(among[0].start) ? among.at(-1) : among[0];
  }

  /** A client is admitted. */
  protected take(client: Connection): void {
    const { acceptor, address } = client;
    acceptor!.turn = this.passes;
    client.state = acceptor!.isExempt ? State.EXEMPT : State.INCOMING;
    this.line = this.line.filter((one) => one !== client);
    this.#turns = this.#turns.filter((one) => one !== address);
    if (address && this.line.some((one) => one.address === address)) this.#turns.push(address);
    this.#forgetAcceptors();
    client.waited = this.#mayComeIn(client, false) ? this.now - client.start : 0;
  }

  /** A client is gone that was not admitted. Returns whether it had not been evicted. */
  protected leave(client: Connection): boolean {
    const isWaiting = this.line.includes(client);
    const { address } = client;
    this.line = this.line.filter((one) => one !== client);
    this.evicted = this.evicted.filter((one) => one !== client);
    if (!this.line.some((one) => one.address === address)) this.#turns = this.#turns.filter((one) => one !== address);
    client.acceptor = client.address = undefined;
    this.#forgetAcceptors();
    return isWaiting;
  }

  /** Evicts a client. */
  protected evict(client: Connection): void {
    this.givenUp(client);
    this.leave(client);
    this.evicted.push(client);
  }

  /** Evicts a client for one that arrives at a full queue. Returns false if none has to go. */
  protected makeRoom(acceptor: Acceptor): boolean {
    const isFair = this.takesTurns && !acceptor.isExempt;
    const its = this.waitersOf(acceptor);
    if (its.length === 0 || acceptor.backlog === 0 || !(isFair || this.order.adaptive)) return false;
    this.order.overflowed = this.now;
    const count = (address: Address): number => this.line.filter((client) => client.address === address).length;
    const most = Math.max(...this.#turns.map(count));
    const crowd = isFair ? this.#turns.find((address) => count(address) === most) : undefined;
    this.evict(its.find(({ address }) => crowd && address === crowd) ?? its[0]!);
    return true;
  }

  /** Evicts the first client that has waited too long, or that a graceful stop resets. */
  protected expire(resets: boolean): boolean {
    if (!this.#isDue && !resets) return false;
    const oldest = [...new Set(this.line.map(({ acceptor }) => acceptor!))]
      .toSorted((a, b) => slotOf(a.id) - slotOf(b.id))
      .map((acceptor) => this.waitersOf(acceptor)[0]!);
    const isOver = (client: Connection): boolean =>
      this.#deadlineOf(client) <= this.pass || (resets && !client.acceptor!.isExempt);
    const over = oldest.find(isOver);
    if (over) this.evict(over);
    else this.#isDue = false;
    if (!over) this.#setAlarm(Math.min(...oldest.map((client) => this.#deadlineOf(client))));
    return over !== undefined;
  }

  /** The alarm has passed, or may be too late. */
  protected waitsPassed(): void {
    this.#isDue = true;
  }

  /** Called before a client is evicted. */
  protected abstract givenUp(client: Connection): void;

  #mayComeIn({ acceptor, address }: Connection, inTurn: boolean): boolean {
    const { listening, single, turn } = acceptor!;
    if (!listening || this.roomOf(acceptor!) <= 0 || (inTurn && single && turn === this.passes)) return false;
    return !address || this.addressLimit === 0 || this.#insideOf(address) < this.addressLimit;
  }

  #insideOf(address: Address): number {
    return this.#inside((connection) => connection.address === address);
  }

  #inside(isOne: (connection: Connection) => boolean): number {
    const all = [...this.connections.values()].filter(
      ({ state }) => state === State.INCOMING || state === State.EXEMPT,
    );
    return all.filter(isOne).length;
  }

  #deadlineOf(client: Connection): number {
    return client.start + this.patience(client.acceptor!.waitTimeout);
  }

  #setAlarm(deadline: number): void {
    if (deadline < (this.waits.alarm?.deadline ?? Infinity)) this.waits.alarm = this.start(deadline);
  }

  #forgetAcceptors(): void {
    for (const acceptor of this.acceptors.values())
      if (acceptor.hasEnded && this.waitersOf(acceptor).length === 0) this.acceptors.delete(acceptor.id);
  }
}
