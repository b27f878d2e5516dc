// The core's reference: the order and the rate of admission.

import { Code, State, slotOf } from "wasm-ioloop/core";
import { type Acceptor, type Connection, ReferenceTables } from "./reference-tables.ts";
import { isDuration } from "./reference-timers.ts";

export const isLimit = (value: number): boolean => Number.isInteger(value) && value >= 0 && value < 2 ** 31;

/** One token, minus the rounding error. */
const ONE_TOKEN = 1 - 1e-9;

/** The core's settings of the waiting queue. */
export abstract class ReferenceQueue extends ReferenceTables {
  #order = { adaptive: false, target: 100, overflowed: -Infinity };
  #bucket = { rate: 0, burst: 50, level: 50, filled: 0 };

  #displace = { limit: 0, nextLook: 0 };

  override handleReset(): void {
    super.handleReset();
    this.#order.overflowed = -Infinity;
    this.#bucket.level = this.#bucket.burst;
    this.#displace.nextLook = 0;
  }

  handleDisplace(limit: number): number {
    if (!isDuration(limit)) return Code.TIME;
    this.#displace = { limit, nextLook: 0 };
    this.displacement.alarm = undefined;
    return Code.OK;
  }

  /** The connection that has been silent longest, if it has been for long enough. Otherwise there is an alarm for when it may have been. */
  protected mostSilent(): number {
    const { limit } = this.#displace;
    if (limit === 0) return 0;
    if (this.now >= this.#displace.nextLook) {
      const admitted = [...this.connections.values()].filter(({ state }) => state === State.INCOMING);
      const least = Math.min(...admitted.map(({ activity }) => activity));
      const [silent] = admitted
        .filter(({ activity }) => activity === least)
        .toSorted((a, b) => slotOf(a.id) - slotOf(b.id));
      if (!silent) return 0;
      this.#displace.nextLook = least + limit;
      if (this.now >= this.#displace.nextLook) return silent.id;
    }
    this.displacement.alarm ??= this.start(this.#displace.nextLook);
    return 0;
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

  handleQueue(adaptive: number, target: number): number {
    if (!isDuration(target)) return Code.TIME;
    Object.assign(this.#order, { adaptive: adaptive !== 0, target });
    return Code.OK;
  }

  handleRate(perSecond: number, burst: number, now: number): number {
    this.tell(now);
    if (!isDuration(perSecond) || !isLimit(burst) || burst === 0) return Code.LIMIT;
    this.#fill();
    const level = this.#bucket.rate === 0 ? burst : Math.min(burst, this.#bucket.level);
    Object.assign(this.#bucket, { rate: perSecond / 1000, burst, level });
    this.rate.alarm = undefined;
    return Code.OK;
  }

  /** Whether the oldest client of a full queue is evicted for one that has arrived. */
  protected makesRoom(acceptor: Acceptor): boolean {
    if (!this.#order.adaptive || acceptor.backlog === 0) return false;
    this.#order.overflowed = this.now;
    return true;
  }

  protected patience({ waitTimeout }: Acceptor): number {
    const { adaptive, target } = this.#order;
    return adaptive ? Math.min(waitTimeout || Infinity, 50 * target) : waitTimeout;
  }

  /** The clients in the order in which they are admitted now. */
  protected inOrder(clients: readonly Connection[]): readonly Connection[] {
    const { adaptive, target, overflowed } = this.#order;
    const isLate = this.now - overflowed <= target || this.now - clients[0]!.activity > target;
    return adaptive && isLate ? clients.toReversed() : clients;
  }

  /** Whether a client may be admitted. If not, sets an alarm for when it may. */
  protected hasToken(): boolean {
    if (this.#bucket.rate === 0) return true;
    this.#fill();
    const { level, rate } = this.#bucket;
    if (level >= ONE_TOKEN) return true;
    this.rate.alarm ??= this.start(this.now + (1 - level) / rate);
    return false;
  }

  /** Whether there was a token at the last update. */
  protected get isOpen(): boolean {
    return this.#bucket.rate === 0 || this.#bucket.level >= ONE_TOKEN;
  }

  protected takeToken(): void {
    if (this.#bucket.rate > 0) this.#bucket.level -= 1;
  }

  #fill(): void {
    const { rate, burst, level, filled } = this.#bucket;
    this.#bucket.level = Math.min(burst, level + (this.now - filled) * rate);
    this.#bucket.filled = this.now;
  }
}
