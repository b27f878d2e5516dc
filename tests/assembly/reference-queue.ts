// The core's reference: the order and the rate of admission, and displacement.

import { Code, State, slotOf } from "wasm-ioloop/core";
import { ReferenceTables } from "./reference-tables.ts";
import { isDuration } from "./reference-timers.ts";

export const isLimit = (value: number): boolean => Number.isInteger(value) && value >= 0 && value < 2 ** 31;

/** One token, minus the rounding error. */
const ONE_TOKEN = 1 - 1e-9;

/** The core's settings of the waiting queue. */
export abstract class ReferenceQueue extends ReferenceTables {
  protected readonly order = { adaptive: false, target: 100, boundary: 100, overflowed: -Infinity };
  protected takesTurns = false;
  protected addressLimit = 0;
  #bucket = { rate: 0, burst: 50, level: 50, filled: 0 };
  #displaceAfter = 0;

  override handleReset(): void {
    super.handleReset();
    this.#bucket.level = this.#bucket.burst;
  }

  handleQueue(
    adaptive: number,
    target: number,
    takesTurns: number,
    addressLimit: number,
    displaceAfter: number,
  ): number {
    if (!isDuration(target) || !isDuration(displaceAfter)) return Code.TIME;
    if (!isLimit(addressLimit)) return Code.LIMIT;
    Object.assign(this.order, { adaptive: adaptive !== 0, target, boundary: target });
    this.takesTurns = takesTurns !== 0;
    this.addressLimit = addressLimit;
    this.#displaceAfter = displaceAfter;
    this.displacement.alarm = undefined;
    this.waitsPassed();
    return Code.OK;
  }

  /** The connection that has been silent longest, if it has been for long enough. Otherwise there is an alarm for when it may have been. */
  protected mostSilent(): number {
    if (this.#displaceAfter === 0 || this.displacement.alarm) return 0;
    const admitted = [...this.connections.values()].filter(({ state }) => state === State.INCOMING);
    const least = Math.min(...admitted.map(({ activity }) => activity));
    const [silent] = admitted
      .filter(({ activity }) => activity === least)
      .toSorted((a, b) => slotOf(a.id) - slotOf(b.id));
    if (!silent) return 0;
    if (this.now >= least + this.#displaceAfter) return silent.id;
    this.displacement.alarm = this.start(least + this.#displaceAfter);
    return 0;
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

  /** Learns whether a client had gone that was admitted after a wait. */
  protected learn(wait: number, isGone: boolean, waitTimeout: number): void {
    const { target, boundary } = this.order;
    if (isGone ? wait <= target : wait <= boundary / 2) return;
    const most = Math.min(50 * target, (waitTimeout || Infinity) / 12);
    this.order.boundary = Math.max(target, Math.min(most, boundary * (isGone ? 0.8 : 1.05)));
  }

  /** Whether the newest is admitted while the oldest has waited since a time. */
  protected isNewestFirst(since: number): boolean {
    const { adaptive, boundary, overflowed } = this.order;
    return adaptive && (this.now - since > boundary || this.now - overflowed <= boundary);
  }

  /** How long a client may wait. */
  protected patience(waitTimeout: number): number {
    const { adaptive, target, boundary } = this.order;
    const most = adaptive ? Math.max(50 * target, 12 * boundary) : Infinity;
    return Math.min(waitTimeout || Infinity, most);
  }

  /** Whether a client may be admitted. If not, sets an alarm for when it may. */
  protected hasToken(): boolean {
    if (this.#bucket.rate === 0) return true;
    this.#fill();
    const { level, rate } = this.#bucket;
    if (level >= ONE_TOKEN) return true;
    this.rate.alarm = this.start(this.now + (1 - level) / rate);
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
