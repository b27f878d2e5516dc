// A host of the core, which works like the library's own, with simulated clients instead of sockets.
//
// It reports events to the core, and carries out its decisions. The core decides which client is admitted, which has waited or been
// silent for too long, which timer is due, and when a drain has ended. Time is virtual.

import { Code, Core, Decision, Due, State, slotOf } from "wasm-ioloop/core";
import { Client, FLOODER, PIECES, addressOf, capacityOf, gapAfter } from "./clients.js";
import { Fate, INTERVAL, Ledger } from "./ledger.js";
import { DESCRIPTORS, Places } from "./places.js";
import { Queue } from "./settings.js";
import { Purpose, Timers } from "./timers.js";

/** Milliseconds for which the admission of one client blocks the loop. */
export const ADMISSION_COST = 0.2;

/** @typedef {Readonly<import("./settings.js").Settings>} Settings */
/** @typedef {{ left(client: Client, fate: number): void, refused(): void }} Watcher */

// The settings on which the time of arrivals depends, and the order of admission.
const ARRIVALS = /** @type {const} */ (["load", "fullSpeed", "service", "atOnce"]);
const ORDER = /** @type {const} */ (["queue", "targetWait", "fairness", "maxPerAddress"]);

const NO_LIMIT = 2 ** 31 - 1;
const BUDGET_CHECK = 32; // passes between two reads of the real clock

export class Host {
  /** Virtual time, in milliseconds. */
  now = 0;
  core;
  timers;
  ledger = new Ledger();
  places = new Places();
  isRunning = true;
  /** @type {Watcher | undefined} */
  watcher = undefined;

  #settings;
  #seed;
  #calls;
  #acceptor;
  #arrivals;
  // When the loop is free again: the admission of clients takes time.
  #free = 0;
  #again = false;

  /** @param {Settings} settings @param {number} seed */
  constructor(settings, seed) {
    this.#settings = settings;
    this.#seed = seed;
    this.core = new Core(seed);
    this.#calls = this.core.calls;
    this.timers = new Timers(this.core);
    this.#acceptor = this.#calls.handleAcceptor(0);
    this.core.refresh();
    this.#calls.handleAcceptorListen(this.#acceptor, 1);
    this.#limit();
    this.#order();
    const first = { after: gapAfter(seed, 0, settings), now: 0, isRecurring: true };
    this.#arrivals = this.timers.make(Purpose.PLAN, first, undefined, this.#arrive);
    this.timers.make(Purpose.PLAN, { after: INTERVAL, now: 0, isRecurring: true }, undefined, this.#sample);
  }

  get phase() {
    return this.#calls.phase();
  }

  get inside() {
    return this.#calls.connectionsIn(State.INCOMING);
  }

  get waiting() {
    return this.#calls.connectionsIn(State.WAITING);
  }

  /** When the oldest waiting client has waited for too long. Infinity if never, or if the core decides it by what it has learned. */
  get waitEnds() {
    const [oldest] = this.places.line;
    const { queue, waitTimeout } = this.#settings;
    return !oldest || queue === Queue.ADAPTIVE || waitTimeout === 0 ? Infinity : oldest.arrived + waitTimeout * 1000;
  }

  /** The time of the next pass; Infinity once the loop has stopped. */
  get next() {
    if (!this.isRunning) return Infinity;
    return this.#again ? this.#free : Math.max(this.#free, this.#calls.pollDeadline());
  }

  /**
   * Advances virtual time. The result does not depend on the size of the steps.
   *
   * @param {number} to
   * @param {number} [until] the real time, as of performance.now, at which to give up
   * @returns {boolean} whether it got there
   */
  advance(to, until = Infinity) {
    for (let passes = 1; this.next <= to; passes++) {
      this.step();
      if (passes % BUDGET_CHECK === 0 && performance.now() > until) return false;
    }
    if (this.isRunning) this.now = Math.max(this.now, to);
    return true;
  }

  /** One pass: advances to the next deadline, and runs what is due. */
  step() {
    if (this.next === Infinity) return;
    this.#free = this.next;
    this.now = Math.max(this.now, this.#free);
    this.#calls.handleTick(this.#free);
    for (let count = this.#calls.pollDue(); count > 0; count = this.#calls.pollDue()) {
      for (let i = 0; i < count; i++) this.#fire(this.core.due[i] ?? 0);
    }
    this.#settle();
  }

  /** Changes the settings. @param {Settings} settings */
  set(settings) {
    const before = this.#settings;
    this.#settings = settings;
    if (!this.isRunning) return;
    this.#free = this.#time;
    this.#limit();
    if (ORDER.some((name) => settings[name] !== before[name])) this.#order();
    if (ARRIVALS.some((name) => settings[name] !== before[name])) this.#awaitArrival();
    if (settings.idleTimeout !== before.idleTimeout) {
      for (const client of this.places.seats) if (client) this.#limitSilence(client);
    }
    this.#settle();
  }

  /** A graceful stop. */
  drain() {
    this.#calls.handleDrain(this.#settings.drainDelay * 1000, this.#settings.drainTimeout * 1000, this.#time, 0);
    this.#settle();
  }

  /** Cuts the graceful stop short. */
  hurry() {
    if (this.#calls.handleHurry() === Code.OK) this.#settle();
  }

  /** @param {number} id */
  #fire(id) {
    const answer = this.#calls.handleDue(id);
    if (answer === Due.VOID) return;
    if (answer === Due.ONCE || answer === Due.RECURRING) {
      this.ledger.fired(this.timers.fire(id, answer, this.#free));
      return;
    }
    const client = this.places.of(id);
    if (client) this.#end(client, Fate.SILENT);
  }

  // Admits clients, and carries out decisions. Called after everything that may have changed them.
  #settle() {
    this.#free = this.#time;
    this.#again = false;
    for (let id = this.#calls.pollAdmission(this.#free); id > 0; id = this.#calls.pollAdmission(this.#free)) {
      const client = this.places.of(id);
      if (client) this.#admit(client);
      this.#free += ADMISSION_COST;
      this.#again = true; // the next pass has a full budget again
    }
    this.now = Math.max(this.now, this.#free);
    for (let more = true; more;) {
      const decision = this.#calls.pollDecision(0, this.isRunning ? 1 : 0);
      if (decision === Decision.EXPIRED) this.#evict(Fate.WAITED);
      if (decision === Decision.CLOSING) this.#calls.handleAcceptorEnd(this.#acceptor);
      if (decision === Decision.CLOSE) this.#closeAll();
      if (decision === Decision.STOP) this.isRunning = false;
      more = decision !== Decision.NOTHING && decision !== Decision.STOP;
    }
  }

  #arrive = () => {
    for (let i = 0; i < this.#settings.atOnce; i++) this.#accept(this.ledger.arrived++);
    this.#awaitArrival();
  };

  #awaitArrival() {
    this.timers.again(this.#arrivals, gapAfter(this.#seed, this.ledger.arrived, this.#settings), this.#free);
  }

  /** @param {number} serial */
  #accept(serial) {
    const hasDescriptor = this.waiting + this.inside < DESCRIPTORS - 1;
    const address = addressOf(this.#seed, serial, this.#settings);
    const accept = () => this.core.opened(this.#calls.handleAccept(this.#acceptor, this.#free, address));
    const id = hasDescriptor ? accept() : Code.FULL;
    this.#evict(Fate.TURNED_AWAY);
    if (id < 0) {
      this.ledger.end(Fate.TURNED_AWAY, 0, address === FLOODER);
      this.watcher?.refused();
      return;
    }
    const client = new Client(id, serial, this.#free, this.#seed, this.#settings);
    this.places.add(client);
    const { patience } = client;
    if (patience === Infinity) return;
    client.leaving = this.timers.make(Purpose.PLAN, { after: patience, now: this.#free }, client, this.#giveUp);
  }

  // A client disconnects. Its request has been sent, so it keeps its place in the queue, or its slot, until it is answered.
  /** @param {Client} client */
  #giveUp = (client) => {
    client.isGone = true;
    client.leaving = undefined;
  };

  // Resets the clients that the core has removed from the queue.
  /** @param {number} fate */
  #evict(fate) {
    for (let id = this.#calls.pollEvicted(); id > 0; id = this.#calls.pollEvicted()) {
      const client = this.places.of(id);
      if (client) this.#end(client, fate);
    }
  }

  /** @param {Client} client */
  #admit(client) {
    this.places.admit(client);
    this.ledger.waited(this.#free - client.arrived);
    this.ledger.mostInside = Math.max(this.ledger.mostInside, this.inside);
    this.#limitSilence(client);
    if (client.isSilent) return;
    const after = this.#timeOfPiece(client);
    client.working = this.timers.make(Purpose.WORK, { after, now: this.#free, isRecurring: true }, client, this.#work);
  }

  // A piece of the answer is done. The activity is one store; the core reads it when the deadline comes up.
  /** @param {Client} client */
  #work = (client) => {
    client.pieces++;
    if (client.pieces === PIECES || !client.working) {
      this.ledger.answered();
      // Only now: a client that was still there when it was admitted may have left while it was served.
      this.#calls.handleFound(client.id, client.isGone ? 1 : 0);
      return this.#end(client, Fate.SERVED);
    }
    this.core.activity[slotOf(client.id)] = this.#free;
    if (this.#settings.idleTimeout > 0) client.deadline = this.#free + this.#settings.idleTimeout * 1000;
    this.timers.again(client.working, this.#timeOfPiece(client), this.#free);
  };

  // Clients share the server once there are more of them than it can serve at full speed.
  /** @param {Client} client */
  #timeOfPiece(client) {
    const crowding = Math.max(1, (this.inside - this.places.silent) / this.#settings.fullSpeed);
    client.pieceFrom = this.#free;
    client.pieceTo = this.#free + (client.work / PIECES) * crowding;
    return client.pieceTo - client.pieceFrom;
  }

  /** @param {Client} client */
  #limitSilence(client) {
    const timeout = this.#settings.idleTimeout * 1000;
    this.#calls.handleTimeout(client.id, timeout, this.#free);
    this.core.refresh();
    client.deadline = timeout > 0 ? this.#free + timeout : Infinity;
  }

  /** @param {Client} client @param {number} why its fate, unless it has given up */
  #end(client, why) {
    const fate = client.isGone ? Fate.GAVE_UP : why;
    this.watcher?.left(client, fate);
    this.#calls.handleClose(client.id);
    this.places.remove(client);
    this.timers.remove(client.working);
    this.timers.remove(client.leaving);
    if (client.seat < 0) this.ledger.waited(this.#free - client.arrived);
    this.ledger.end(fate, this.#free - client.arrived, client.isFlooder);
  }

  // The graceful stop no longer waits: closes admitted clients and resets waiting ones.
  #closeAll() {
    for (const client of this.places.seats) if (client) this.#end(client, Fate.CLOSED);
    for (const client of this.places.line.slice()) this.#end(client, Fate.TURNED_AWAY);
  }

  #limit() {
    const { maxConnections, multiAccept, backlog, waitTimeout } = this.#settings;
    this.#calls.handleLimits(Math.min(maxConnections, NO_LIMIT), 0, multiAccept);
    this.#calls.handleAcceptorLimits(this.#acceptor, backlog, waitTimeout * 1000, 0, NO_LIMIT);
  }

  #order() {
    const { queue, targetWait, fairness, maxPerAddress } = this.#settings;
    this.#calls.handleQueue(queue, targetWait * 1000, fairness, maxPerAddress, 0);
  }

  #sample = () => this.ledger.sample(this.waiting, this.inside, capacityOf(this.#settings));

  get #time() {
    return Math.max(this.#free, this.now);
  }
}
