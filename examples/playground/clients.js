// The clients that come: the same ones for the same seed, whatever the limits and however the run is watched.

/** How many pieces an answer is made of: after each the client's bytes have moved. */
export const PIECES = 4;

/** One client, from its arrival to its end. */
export class Client {
  /** Its place inside, the lowest that was free; -1 while it waits. */
  seat = -1;
  /** When its wait, or its silence, has lasted too long; Infinity where that is never. */
  deadline = Infinity;
  /** How many pieces of its answer are done, and from when to when the present one takes. */
  pieces = 0;
  pieceFrom = 0;
  pieceTo = 0;
  /** @type {import("./timers.js").Timer<Client> | undefined} */
  working = undefined;
  /** @type {import("./timers.js").Timer<Client> | undefined} */
  leaving = undefined;

  /**
   * @param {number} id of its connection in the core
   * @param {number} serial counts the clients
   * @param {number} arrived in milliseconds
   * @param {number} seed
   * @param {Readonly<import("./settings.js").Settings>} settings
   */
  constructor(id, serial, arrived, seed, settings) {
    this.id = id;
    this.serial = serial;
    this.arrived = arrived;
    this.isSilent = chance(seed, serial, 1) * 100 < settings.silent;
    /** Milliseconds of work: half to one and a half times what is usual. */
    this.work = settings.service * 1000 * (0.5 + chance(seed, serial, 2));
    /** Milliseconds after which it goes, unanswered. */
    this.patience = this.isSilent ? Infinity : settings.patience * 1000;
  }
}

/**
 * Milliseconds from one arrival to the next. Three times the square of a number from 0 to 1 is 1 on average, and about as
 * irregular as real arrivals are; and it is the same to the bit in every engine, as a logarithm need not be.
 *
 * @param {number} seed
 * @param {number} serial
 * @param {Readonly<import("./settings.js").Settings>} settings
 */
export function gapAfter(seed, serial, { arrivals, atOnce }) {
  const even = chance(seed, serial, 3);
  return 3 * even * even * ((1000 * atOnce) / arrivals);
}

/**
 * A number from 0 to 1, without 1, that depends on nothing but its arguments: no draw shifts another.
 *
 * @param {number} seed
 * @param {number} serial
 * @param {number} purpose
 */
export function chance(seed, serial, purpose) {
  let bits =
    Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) ^ Math.imul(serial + 1, 0x85ebca6b) ^ Math.imul(purpose, 0xc2b2ae35);
  for (let round = 0; round < 3; round++) {
    bits = Math.imul(bits ^ (bits >>> 15), 0x2c1b3c6d);
    bits = Math.imul(bits ^ (bits >>> 12), 0x297a2d39);
  }
  return ((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32;
}
