// The outcomes of clients: counts, and samples of the last minute.

/** How a client ended. */
export const Fate = Object.freeze({ SERVED: 0, TURNED_AWAY: 1, WAITED: 2, GAVE_UP: 3, SILENT: 4, CLOSED: 5 });

/** Milliseconds from sample to sample. */
export const INTERVAL = 250;

/** The number of samples that are kept, a minute. */
export const KEPT = 240;

// Rates are computed over the latest samples, so that they do not flicker.
const LATEST = 8;

/** A series of samples; the oldest are overwritten. */
export class Series {
  #values = new Float64Array(KEPT).fill(NaN);
  #count = 0;

  /** The number of samples. */
  get length() {
    return Math.min(this.#count, KEPT);
  }

  /** @param {number} value */
  push(value) {
    this.#values[this.#count++ % KEPT] = value;
  }

  /** The sample `age` before the latest one; NaN if there is none. @param {number} age */
  ago(age) {
    return age < this.length ? (this.#values[(this.#count - 1 - age) % KEPT] ?? NaN) : NaN;
  }

  /** The sum of the latest samples. */
  lately() {
    let sum = 0;
    for (let age = 0; age < LATEST; age++) sum += this.ago(age) || 0;
    return sum;
  }

  /** The greatest of the latest samples; 0 if there are none. */
  greatest(count = KEPT) {
    let greatest = 0;
    for (let age = 0; age < Math.min(count, this.length); age++) greatest = Math.max(greatest, this.ago(age) || 0);
    return greatest;
  }
}

/** The counts of one run. */
export class Ledger {
  /** How many clients have ended, by fate. */
  ended = Object.values(Fate).map(() => 0);
  arrived = 0;
  /** The longest wait of a client, in milliseconds. */
  longestWait = 0;
  mostInside = 0;
  waiting = new Series();
  inside = new Series();
  /** Clients served per second. */
  rate = new Series();
  /** Milliseconds from arrival to answer, on average. */
  answer = new Series();
  /** Milliseconds by which the latest timer fired too late. */
  delay = new Series();

  #served = new Series();
  #took = new Series();
  #newlyServed = 0;
  #newlyTook = 0;
  #latest = 0;

  /** A client has ended. @param {number} fate @param {number} took milliseconds since its arrival */
  end(fate, took) {
    this.ended[fate] = (this.ended[fate] ?? 0) + 1;
    if (fate !== Fate.SERVED) return;
    this.#newlyServed++;
    this.#newlyTook += took;
  }

  /** A client has stopped waiting. @param {number} time milliseconds it has waited */
  waited(time) {
    this.longestWait = Math.max(this.longestWait, time);
  }

  /** A timer has fired. @param {number} late by how many milliseconds */
  fired(late) {
    this.#latest = Math.max(this.#latest, late);
  }

  /** Takes a sample. @param {number} waiting @param {number} inside */
  sample(waiting, inside) {
    this.waiting.push(waiting);
    this.inside.push(inside);
    this.#served.push(this.#newlyServed);
    this.#took.push(this.#newlyTook);
    this.delay.push(this.#latest);
    const served = this.#served.lately();
    this.rate.push((served * 1000) / (INTERVAL * Math.min(LATEST, this.#served.length)));
    this.answer.push(served > 0 ? this.#took.lately() / served : NaN);
    this.#newlyServed = 0;
    this.#newlyTook = 0;
    this.#latest = 0;
  }
}
