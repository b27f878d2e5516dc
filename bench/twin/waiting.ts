// The waiting clients: who is admitted next, who is evicted, and who has waited too long.
//
// I1  Every client that waits is in the queue of its acceptor, in order of arrival; and in that of its address, if it is counted. One that was
//     evicted is in `#evicted` instead, without an acceptor, until the host has reset it.
// I2  The client that is admitted is the oldest, or the newest (order.ts), of those that may come in: over all acceptors, or among those of
//     the address whose turn it is.
// I3  There is one timer while a client with a limited wait waits. It is due no later than the first of them.
// It never admits a client: admission.ts does.

import { Code } from "wasm-ioloop/core";
import type { Acceptors } from "./acceptors.ts";
import { Addresses } from "./addresses.ts";
import { Alarm, type Alarms } from "./alarms.ts";
import type { Clock } from "./clock.ts";
import type { Connections } from "./connections.ts";
import { Order } from "./order.ts";
import { Queue } from "./queue.ts";
import type { Stopping } from "./stopping.ts";

export class Waiting {
  /** Clients that have arrived since maxAccepts was set. */
  arrived = 0;
  readonly addresses: Addresses;
  readonly order: Order = new Order();
  readonly #acceptors: Acceptors;
  readonly #connections: Connections;
  readonly #alarms: Alarms;
  readonly #stopping: Stopping;
  readonly #clock: Clock;
  readonly #evicted: Queue;
  #arrivals = 0;
  #isDue = false; // a client may have waited too long, and nobody has looked

  constructor(acceptors: Acceptors, connections: Connections, alarms: Alarms, stopping: Stopping, clock: Clock) {
    this.addresses = new Addresses(connections);
    this.#acceptors = acceptors;
    this.#connections = connections;
    this.#alarms = alarms;
    this.#stopping = stopping;
    this.#clock = clock;
    this.#evicted = new Queue(connections.links);
  }

  /** Appends a client to the queues. Returns false, with nothing changed, if there is no room. */
  join(client: number, acceptor: number, isCounted: boolean, key: number): boolean {
    if (isCounted && !this.addresses.join(client, key)) return false;
    const connections = this.#connections;
    connections.acceptor[client] = acceptor;
    connections.sequence[client] = this.#arrivals++;
    this.#acceptors.join(acceptor, client);
    this.#setTimer(this.#deadlineOf(client));
    return true;
  }

  /** Removes a client that was not admitted. */
  leave(client: number): void {
    const { acceptor } = this.#connections;
    const its = acceptor[client]!;
    if (its === 0) {
      this.#evicted.leave(client);
      return;
    }
    if (!this.#acceptors.isExempt(its) && this.#stopping.accepts) this.arrived--;
    this.addresses.leave(client, false);
    this.#acceptors.leave(its, client, false);
    acceptor[client] = 0;
  }

  /** Removes a client that is admitted at `now`. */
  take(client: number, now: number): void {
    this.addresses.leave(client, true);
    this.#acceptors.leave(this.#acceptorOf(client), client, true);
    // If the limit of its acceptor or address is reached now, it may have waited for that.
    this.#connections.waited[client] = this.#mayComeIn(client, false) ? now - this.#since(client) : 0;
  }

  /** Whether an admitted client has gone: the order learns from it, once. */
  found(client: number, isGone: boolean): void {
    const { waited } = this.#connections;
    const wait = waited[client]!;
    waited[client] = 0;
    this.lookAgain();
    this.order.found(wait, isGone, this.#acceptors.waitTimeout(this.#acceptorOf(client)));
  }

  /** The client that is admitted next, or 0, apart from the loop's limits. `inTurn`: in this pass. */
  next(now: number, inTurn: boolean, exempt: boolean): number {
    if (this.#acceptors.waitersOf(exempt) === 0) return 0;
    const { addresses } = this;
    // Clients that arrived before addresses took turns may have no address: they come in last.
    let address = exempt || !addresses.isFair ? 0 : addresses.first();
    for (; address !== 0; address = addresses.after(address)) {
      const oldest = addresses.isFull(address) ? 0 : this.#extremeOf(address, false, inTurn);
      if (oldest !== 0) return this.#isNewestFirst(oldest, now) ? this.#extremeOf(address, true, inTurn) : oldest;
    }
    const oldest = this.#extreme(false, inTurn, exempt);
    return oldest !== 0 && this.#isNewestFirst(oldest, now) ? this.#extreme(true, inTurn, exempt) : oldest;
  }

  /** A client of an acceptor arrives, and the queue is full. Returns whether a client is evicted for it: the oldest, or if addresses take turns, the
   * oldest of the address with the most clients. Otherwise the new one is dropped, always if none may wait there. */
  makeRoom(acceptor: number, now: number): boolean {
    const fair = this.addresses.isFair && !this.#acceptors.isExempt(acceptor);
    const oldest = this.#acceptors.outermost(acceptor, false);
    if (this.#acceptors.backlogOf(acceptor) === 0 || !(fair || this.order.isAdaptive)) return false;
    this.order.overflow(now);
    const { addressLinks } = this.#connections;
    let victim = fair ? this.addresses.oldestOfLargest() : 0;
    while (victim !== 0 && this.#acceptorOf(victim) !== acceptor) victim = addressLinks.neighbour(victim, false);
    this.#evict(victim === 0 ? oldest : victim);
    return true;
  }

  /** Closes an acceptor. Its waiting clients are evicted. Returns OK or STALE. */
  closeAcceptor(id: number): number {
    const slot = this.#acceptors.slots.find(id);
    if (slot < 0) return Code.STALE;
    this.#acceptors.end(id);
    while (this.#acceptors.waitersIn(slot) > 0) this.#evict(this.#acceptors.outermost(slot, false));
    return Code.OK;
  }

  /** The next client that the host must reset, or 0. */
  firstEvicted(): number {
    return this.#evicted.end(false);
  }

  /** A client may have waited too long, or the timer may be due too late: it has expired, or clients may not wait for as long as before. */
  lookAgain(): void {
    this.#isDue = true;
  }

  /** Evicts a client that has waited too long, or any if a graceful stop resets those that wait. Returns whether there was one; then there
   * may be more. */
  expire(): boolean {
    const resets = this.#stopping.isResetting;
    if (!this.#isDue && !resets) return false;
    const acceptors = this.#acceptors;
    let earliest = Infinity;
    for (let slot = 1; slot < acceptors.slots.used; slot++) {
      if (acceptors.waitersIn(slot) === 0) continue;
      const client = acceptors.outermost(slot, false);
      const deadline = this.#deadlineOf(client);
      if (deadline <= this.#clock.pass || (resets && !acceptors.isExempt(slot))) {
        this.#evict(client);
        return true;
      }
      earliest = Math.min(earliest, deadline);
    }
    this.#isDue = false;
    this.#setTimer(earliest);
    return false;
  }

  // The acceptor of a client that was not evicted.
  #acceptorOf(client: number): number {
    return this.#connections.acceptor[client]!;
  }

  #isNewestFirst(oldest: number, now: number): boolean {
    return this.order.isNewestFirst(this.#since(oldest), now);
  }

  // When a client arrived.
  #since(client: number): number {
    return this.#connections.lifetimes.startOf(client);
  }

  #mayComeIn(client: number, inTurn: boolean): boolean {
    const { acceptor, address } = this.#connections;
    return this.#acceptors.isOpen(acceptor[client]!, inTurn) && !this.addresses.isFull(address[client]!);
  }

  // The newest, or oldest, client over all acceptors that may come in, or 0.
  #extreme(isLast: boolean, inTurn: boolean, exempt: boolean): number {
    const acceptors = this.#acceptors;
    const { links, sequence } = this.#connections;
    let found = 0;
    for (let slot = 1; slot < acceptors.slots.used; slot++) {
      if (acceptors.waitersIn(slot) === 0 || acceptors.isExempt(slot) !== exempt) continue;
      if (!acceptors.isOpen(slot, inTurn)) continue;
      let client = acceptors.outermost(slot, isLast);
      while (client !== 0 && !this.#mayComeIn(client, inTurn)) client = links.neighbour(client, isLast);
      if (client === 0) continue;
      const isNewer = found !== 0 && sequence[client]! > sequence[found]!;
      if (found === 0 || isNewer === isLast) found = client;
    }
    return found;
  }

  // The newest, or oldest, client of an address that may come in, or 0.
  #extremeOf(address: number, isLast: boolean, inTurn: boolean): number {
    const { addressLinks } = this.#connections;
    let client = this.addresses.queueOf(address).end(isLast);
    while (client !== 0 && !this.#mayComeIn(client, inTurn)) client = addressLinks.neighbour(client, isLast);
    return client;
  }

  #evict(client: number): void {
    this.leave(client);
    this.#evicted.join(client);
  }

  // When a client has waited too long.
  #deadlineOf(client: number): number {
    return this.#since(client) + this.order.patience(this.#acceptors.waitTimeout(this.#acceptorOf(client)));
  }

  // Makes the timer expire at a deadline, if that is earlier. If there is no room for it, the next client that joins tries again.
  #setTimer(deadline: number): void {
    if (deadline < this.#alarms.deadline(Alarm.WAITS)) this.#alarms.set(Alarm.WAITS, deadline);
  }
}
