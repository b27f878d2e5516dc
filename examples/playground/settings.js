// The settings: the load, and the limits. Every slider has a list of round values.

/** Values of the setting `queue`. */
export const Queue = Object.freeze({ FIFO: 0, ADAPTIVE: 1 });

/** Values of the setting `fairness`. */
export const Fairness = Object.freeze({ NONE: 0, ADDRESS: 1 });

/**
 * @typedef {object} Settings
 * @property {number} load clients that arrive, as a multiple of what the server can serve
 * @property {number} patience seconds after which an unanswered client disconnects
 * @property {number} queue the order of admission, one of Queue
 * @property {number} flooder percentage of clients that come from one address; the others come from forty
 * @property {number} fairness one of Fairness
 * @property {number} maxPerAddress connections of one address, 0 for no limit
 * @property {number} maxConnections
 * @property {number} backlog
 * @property {number} atOnce how many clients arrive at the same instant
 * @property {number} service seconds of work for one client, when the server is not crowded
 * @property {number} fullSpeed how many clients the server can work on before they slow each other down
 * @property {number} silent percentage of clients that connect and send nothing
 * @property {number} multiAccept
 * @property {number} targetWait seconds
 * @property {number} waitTimeout seconds, 0 for never
 * @property {number} idleTimeout seconds, 0 for never
 * @property {number} drainDelay seconds
 * @property {number} drainTimeout seconds, 0 for never
 */

/**
 * @typedef {object} Control
 * @property {keyof Settings} name
 * @property {string} label
 * @property {boolean} isOption whether the label is the name of an option of the library
 * @property {string} hint
 */

/** @typedef {Control & { stops: readonly number[], show: (value: number) => string }} Slider */

/** @typedef {Control & { choices: readonly (readonly [value: number, label: string])[] }} Switch */

const COUNTS = [1, 2, 3, 5, 8, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200, 250, 300, 400, 500, 700, 1000];
const SECONDS = [0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 60];

const number = (/** @type {number} */ value) => value.toLocaleString("en");

const percent = (/** @type {number} */ value) => `${value} %`;

const seconds = (/** @type {number} */ value) => (value < 1 ? `${Math.round(value * 1000)} ms` : `${value} s`);

const orNone = (/** @type {(value: number) => string} */ show, /** @type {string} */ none) =>
  /** @type {(value: number) => string} */ ((value) => (value === 0 || value === Infinity ? none : show(value)));

/** @type {(name: keyof Settings, label: string, stops: readonly number[], show: (value: number) => string, hint: string) => Slider} */
const slider = (name, label, stops, show, hint) => ({ name, label, isOption: false, stops, show, hint });

/** @type {typeof slider} */
const option = (...args) => ({ ...slider(...args), isOption: true });

/** What to play with first: the load, the order of the queue, and who gets the slots. @type {readonly (Slider | Switch)[]} */
export const MAIN = [
  slider(
    "load",
    "Load",
    [0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1, 1.1, 1.2, 1.5, 2, 3, 4, 6, 10],
    (value) => `${value} ×`,
    "How many clients arrive, compared to what the server can serve. Above 1 some cannot be served, whatever it does.",
  ),
  slider(
    "patience",
    "Patience",
    [...SECONDS, Infinity],
    orNone(seconds, "endless"),
    "A client leaves if it has no answer by then. The server cannot see that while the client waits (grey).",
  ),
  {
    name: "queue",
    label: "Order of the queue",
    isOption: false,
    choices: [
      [Queue.FIFO, "first come, first served"],
      [Queue.ADAPTIVE, "adaptive"],
    ],
    hint: "Adaptive: first come, first served while waits are short. While they are long, the newest first, which is still there.",
  },
  slider(
    "flooder",
    "One address sends",
    [0, 20, 40, 50, 60, 80, 90, 95],
    orNone(percent, "its share"),
    "How many of all clients come from a single address (pink). Forty others share the rest.",
  ),
  {
    name: "fairness",
    label: "Fairness",
    isOption: false,
    choices: [
      [Fairness.NONE, "off"],
      [Fairness.ADDRESS, "addresses take turns"],
    ],
    hint: "Each address with waiting clients is served in its turn, however many clients it has in the queue.",
  },
  option(
    "maxPerAddress",
    "maxPerAddress",
    [0, 1, 2, 3, 5, 8, 10, 15, 20, 30, 40],
    orNone(number, "no limit"),
    "How many slots one address may have. Its further clients wait, as many again at most, without holding up others.",
  ),
];

/** The rest of the load. */
export const LOAD = [
  slider("service", "Service time", SECONDS, seconds, "The time for an answer while the server is not crowded."),
  slider(
    "fullSpeed",
    "Capacity",
    COUNTS,
    number,
    "How many clients are served at full speed. With more, all slow down.",
  ),
  slider("atOnce", "At once", COUNTS, number, "How many clients arrive at the same instant."),
  slider(
    "silent",
    "Silent clients",
    [0, 1, 2, 5, 10, 15, 20, 30, 50],
    percent,
    "Clients that connect and send nothing. They hold a slot.",
  ),
];

/** The rest of the limits, which are passed to the core. */
export const LIMITS = [
  option(
    "maxConnections",
    "maxConnections",
    [...COUNTS, Infinity],
    orNone(number, "none"),
    "How many clients are admitted at once. The others wait.",
  ),
  option("backlog", "backlog", [0, ...COUNTS], number, "How many clients may wait. If more come, one is reset."),
  option("targetWait", "targetWait", SECONDS, seconds, "Up to this wait, an adaptive queue always keeps the order."),
  option(
    "waitTimeout",
    "waitTimeout",
    [0, ...SECONDS],
    orNone(seconds, "never"),
    "A client that waits longer is reset.",
  ),
  option("multiAccept", "multiAccept", COUNTS, number, "How many clients are admitted in one pass of the loop."),
  option(
    "idleTimeout",
    "timeout",
    [0, ...SECONDS],
    orNone(seconds, "never"),
    "An admitted client that is silent for longer is closed.",
  ),
  option(
    "drainDelay",
    "drain: delay",
    [0, ...SECONDS],
    orNone(seconds, "none"),
    "How long a drain, a graceful stop, still accepts clients.",
  ),
  option(
    "drainTimeout",
    "drain: timeout",
    [0, ...SECONDS],
    orNone(seconds, "never"),
    "After this time a drain closes what is still open.",
  ),
];

/** The speeds of virtual time. */
export const SPEEDS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
