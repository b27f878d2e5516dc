// The clients: the same ones for the same seed, whatever the limits and the speed.

/** The number of pieces of an answer. Each is activity of the client. */
export const PIECES = 4;

/** The address that floods, and the number of others. */
export const FLOODER = 1;
const OTHERS = 40;

/** One client, from its arrival to its end. */
export class Client {
  /** Its place among admitted clients, the lowest free one; -1 while it waits. */
  seat = -1;
  /** Whether it has disconnected. The server notices that only when it sends the answer. */
  isGone = false;
  /** When it has been silent for too long; Infinity if never. */
  deadline = Infinity;
  /** The number of finished pieces of its answer, and the start and end of the current one. */
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
    this.isFlooder = addressOf(seed, serial, settings) === FLOODER;
    this.isSilent = chance(seed, serial, 1) * 100 < settings.silent;
    /** Milliseconds of work: half to one and a half times the usual. */
    this.work = settings.service * 1000 * (0.5 + chance(seed, serial, 2));
    /** Milliseconds after which it disconnects, unanswered. */
    this.patience = this.isSilent ? Infinity : settings.patience * 1000;
  }
}

/** How many clients per second the server can serve. @param {Readonly<import("./settings.js").Settings>} settings */
export function capacityOf({ fullSpeed, service }) {
  return fullSpeed / service;
}

/** A number for the address of a client. @param {number} seed @param {number} serial @param {Readonly<import("./settings.js").Settings>} settings */
export function addressOf(seed, serial, { flooder }) {
  if (chance(seed, serial, 4) * 100 < flooder) return FLOODER;
  return FLOODER + 1 + Math.floor(chance(seed, serial, 5) * OTHERS);
}

/**
 * Milliseconds from one arrival to the next. Three times the square of a number from 0 to 1 is 1 on average, and about as
 * irregular as real arrivals; and unlike a logarithm it is exactly the same in every engine.
 *
 * @param {number} seed
 * @param {number} serial
 * @param {Readonly<import("./settings.js").Settings>} settings
 */
export function gapAfter(seed, serial, settings) {
  const even = chance(seed, serial, 3);
  return 3 * even * even * ((1000 * settings.atOnce) / (settings.load * capacityOf(settings)));
}

/**
 * A number, at least 0 and less than 1, that depends only on its arguments, so that draws do not affect each other.
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
