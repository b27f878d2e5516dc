// A host of the core without sockets: clients are objects, and time is what the caller says. It asks the core as a loop does.

import { Code, Core, Decision, State, slotOf } from "wasm-ioloop/core";

const MOST_AT_ONCE = 2 ** 31 - 1;
const SEED = 1; // for maxAccepts, which is not used

/**
 * What the core is set to. Times are in milliseconds.
 * @typedef {object} Settings
 * @property {number} places
 * @property {boolean} adaptive
 * @property {number} [targetWait] @property {number} [backlog] @property {number} [waitTimeout]
 * @property {"start" | "end"} [tells] when the core learns that a client is there: when it is admitted, or when it has been served; it learns
 * at once that one had left. Default: never
 * @property {boolean} [fair] @property {number} [perAddress]
 */

export class VirtualHost {
  #core = new Core(SEED);
  #acceptor;
  #waiting = []; // attempts by slot, waiting or admitted
  #owner;
  #tells;

  /**
   * @param {Settings} settings
   * @param {{ admitted(attempt: any, now: number): void, dropped(attempt: any, now: number, reason: string): void }} owner
   */
  constructor(settings, owner) {
    const {
      places,
      adaptive,
      targetWait = 100,
      backlog = 511,
      waitTimeout = 60_000,
      tells,
      fair,
      perAddress = 0,
    } = settings;
    this.#owner = owner;
    this.#tells = adaptive && tells !== undefined;
    const { calls } = this.#core;
    check(calls.handleLimits(places, 0, MOST_AT_ONCE));
    check(calls.handleQueue(adaptive ? 1 : 0, targetWait, fair ? 1 : 0, perAddress, 0));
    this.#acceptor = this.#core.opened(calls.handleAcceptor(0));
    check(calls.handleAcceptorLimits(this.#acceptor, backlog, waitTimeout, 0, MOST_AT_ONCE));
    calls.handleAcceptorListen(this.#acceptor, 1);
  }

  /** When the core wants to be asked again; Infinity if never. */
  get deadline() {
    return this.#core.calls.pollDeadline();
  }

  /** A client has arrived. `attempt.key` is its address, a whole number; NaN if it has none. */
  arrive(attempt, now) {
    const { calls } = this.#core;
    const id = this.#core.opened(calls.handleAccept(this.#acceptor, now, attempt.key));
    attempt.id = id > 0 ? id : 0;
    if (id > 0) this.#waiting[slotOf(id)] = attempt;
    else this.#owner.dropped(attempt, now, id === Code.DROP_BACKLOG ? "backlog" : "address");
    this.#evict(now, "backlog");
  }

  /** Whether a client has neither been admitted nor dropped. */
  isWaiting(attempt) {
    return attempt.id > 0 && this.#core.calls.stateOf(attempt.id) === State.WAITING;
  }

  /** A connection has ended. */
  close(attempt) {
    this.#core.calls.handleClose(attempt.id);
  }

  /** Reports to the core whether a client that had waited has gone. */
  found(attempt, isGone) {
    if (this.#tells) this.#core.calls.handleFound(attempt.id, isGone ? 1 : 0);
  }

  /** One pass of a loop: what is due, then admissions and decisions. */
  pass(now) {
    const { calls } = this.#core;
    calls.handleTick(now);
    for (let count = calls.pollDue(); count > 0; count = calls.pollDue()) {
      for (let at = 0; at < count; at++) calls.handleDue(this.#core.due[at]);
    }
    do {
      for (let id = calls.pollAdmission(now); id > 0; id = calls.pollAdmission(now)) {
        this.#owner.admitted(this.#waiting[slotOf(id)], now);
      }
    } while (this.#decide(now));
    this.#core.refresh();
  }

  #decide(now) {
    const decision = this.#core.calls.pollDecision(1, 1);
    if (decision === Decision.EXPIRED) this.#evict(now, "timeout");
    return decision !== Decision.NOTHING;
  }

  #evict(now, reason) {
    const { calls } = this.#core;
    for (let id = calls.pollEvicted(); id > 0; id = calls.pollEvicted()) this.#drop(id, now, reason);
  }

  #drop(id, now, reason) {
    const attempt = this.#waiting[slotOf(id)];
    this.#core.calls.handleClose(id);
    this.#owner.dropped(attempt, now, reason);
  }
}

function check(code) {
  if (code !== Code.OK) throw new Error(`The core refuses a setting: code ${code}`);
}
