// The outcomes of clients: counts, and samples of the last minute.

/** How a client ended. */
export const Fate = Object.freeze({ SERVED: 0, TURNED_AWAY: 1, WAITED: 2, GAVE_UP: 3, SILENT: 4, CLOSED: 5 });

/** Milliseconds from sample to sample. */
export const INTERVAL = 250;

/** The number of samples that are kept, a minute. */
export const KEPT = 240;

// Rates are computed over the latest samples, so that they do not flicker; shares of few clients over more of them.
const LATEST = 12;
const LONG = 24;

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
  lately(count = LATEST) {
    let sum = 0;
    for (let age = 0; age < count; age++) sum += this.ago(age) || 0;
    return sum;
  }

  /** The greatest of the latest samples; 0 if there are none. */
  greatest(count = KEPT) {
    let greatest = 0;
    for (let age = 0; age < Math.min(count, this.length); age++) greatest = Math.max(greatest, this.ago(age) || 0);
    return greatest;
  }
}

/** How many clients of a group have ended lately, and were served. */
class Group {
  #ended = new Series();
  #served = new Series();
  #newlyEnded = 0;
  #newlyServed = 0;

  /** The share of clients that were served, from 0 to 1; NaN if none has ended lately. */
  get share() {
    return this.#served.lately(LONG) / this.#ended.lately(LONG);
  }

  /** @param {number} fate */
  end(fate) {
    this.#newlyEnded++;
    if (fate === Fate.SERVED) this.#newlyServed++;
  }

  sample() {
    this.#ended.push(this.#newlyEnded);
    this.#served.push(this.#newlyServed);
    this.#newlyEnded = 0;
    this.#newlyServed = 0;
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
  /** Answers per second, whether anybody was still there to read them. */
  rate = new Series();
  /** Clients served within their patience, as a share of what the server could serve. */
  goodput = new Series();
  /** Milliseconds from arrival to answer, on average, of clients that were served. */
  answer = new Series();
  /** Milliseconds by which the latest timer fired too late. */
  delay = new Series();
  /** The clients of the address that floods, and of all others. */
  flooder = new Group();
  others = new Group();

  #answers = new Series();
  #served = new Series();
  #took = new Series();
  #newlyAnswered = 0;
  #newlyServed = 0;
  #newlyTook = 0;
  #latest = 0;

  /** A client has ended. @param {number} fate @param {number} took milliseconds since its arrival @param {boolean} isFlooder */
  end(fate, took, isFlooder) {
    this.ended[fate] = (this.ended[fate] ?? 0) + 1;
    (isFlooder ? this.flooder : this.others).end(fate);
    if (fate !== Fate.SERVED) return;
    this.#newlyServed++;
    this.#newlyTook += took;
  }

  /** An answer has been sent. */
  answered() {
    this.#newlyAnswered++;
  }

  /** A client has stopped waiting. @param {number} time milliseconds it has waited */
  waited(time) {
    this.longestWait = Math.max(this.longestWait, time);
  }

  /** A timer has fired. @param {number} late by how many milliseconds */
  fired(late) {
    this.#latest = Math.max(this.#latest, late);
  }

  /** Takes a sample. @param {number} waiting @param {number} inside @param {number} capacity clients per second */
  sample(waiting, inside, capacity) {
    this.waiting.push(waiting);
    this.inside.push(inside);
    this.#answers.push(this.#newlyAnswered);
    this.#served.push(this.#newlyServed);
    this.#took.push(this.#newlyTook);
    this.delay.push(this.#latest);
    this.flooder.sample();
    this.others.sample();
    const seconds = (INTERVAL * Math.min(LATEST, this.#served.length)) / 1000;
    const served = this.#served.lately();
    this.rate.push(this.#answers.lately() / seconds);
    this.goodput.push(Math.min(1, served / seconds / capacity)); // short answers in a row would make it more
    this.answer.push(served > 0 ? this.#took.lately() / served : NaN);
    this.#newlyAnswered = 0;
    this.#newlyServed = 0;
    this.#newlyTook = 0;
    this.#latest = 0;
  }
}
