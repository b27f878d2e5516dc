// The settings: the load, and the limits. Every slider has a list of round values.

/**
 * @typedef {object} Settings
 * @property {number} arrivals clients per second
 * @property {number} atOnce how many of them arrive at the same instant
 * @property {number} service seconds of work for one client, when the server is not crowded
 * @property {number} fullSpeed how many clients the server can work on before they slow each other down
 * @property {number} patience seconds after which an unanswered client disconnects
 * @property {number} silent percentage of clients that connect and send nothing
 * @property {number} maxConnections
 * @property {number} backlog
 * @property {number} multiAccept
 * @property {number} waitTimeout seconds, 0 for never
 * @property {number} idleTimeout seconds, 0 for never
 * @property {number} drainDelay seconds
 * @property {number} drainTimeout seconds, 0 for never
 */

/**
 * @typedef {object} Slider
 * @property {keyof Settings} name
 * @property {string} label
 * @property {boolean} isOption whether the label is the name of an option of the library
 * @property {readonly number[]} stops
 * @property {(value: number) => string} show
 * @property {string} hint
 */

/**
 * @typedef {object} Preset
 * @property {string} name
 * @property {string} label
 * @property {string} lesson
 * @property {Readonly<Settings>} settings
 */

const COUNTS = [1, 2, 3, 5, 8, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200, 250, 300, 400, 500, 700, 1000];
const SECONDS = [0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 60];

const number = (/** @type {number} */ value) => value.toLocaleString("en");

const seconds = (/** @type {number} */ value) => (value < 1 ? `${Math.round(value * 1000)} ms` : `${value} s`);

const orNone = (/** @type {(value: number) => string} */ show, /** @type {string} */ none) =>
  /** @type {(value: number) => string} */ ((value) => (value === 0 || value === Infinity ? none : show(value)));

/** @type {(name: keyof Settings, label: string, stops: readonly number[], show: (value: number) => string, hint: string) => Slider} */
const slider = (name, label, stops, show, hint) => ({ name, label, isOption: false, stops, show, hint });

/** @type {typeof slider} */
const option = (...args) => ({ ...slider(...args), isOption: true });

/** The load. */
export const LOAD = [
  slider("arrivals", "Arrivals", COUNTS, (value) => `${number(value)} /s`, "New clients per second."),
  slider("atOnce", "At once", COUNTS, number, "How many clients arrive at the same instant."),
  slider("service", "Service time", SECONDS, seconds, "The time for an answer while the server is not overloaded."),
  slider(
    "fullSpeed",
    "Capacity",
    COUNTS,
    number,
    "How many clients are served at full speed; with more, all of them slow down.",
  ),
  slider(
    "patience",
    "Patience",
    [...SECONDS, Infinity],
    orNone(seconds, "endless"),
    "After this time an unanswered client disconnects.",
  ),
  slider(
    "silent",
    "Silent clients",
    [0, 1, 2, 5, 10, 15, 20, 30, 50],
    (value) => `${value} %`,
    "Clients that connect and send nothing.",
  ),
];

/** The limits, which are passed to the core. */
export const LIMITS = [
  option(
    "maxConnections",
    "maxConnections",
    [...COUNTS, Infinity],
    orNone(number, "none"),
    "How many clients may be admitted at once. The others wait in the queue.",
  ),
  option("backlog", "backlog", [0, ...COUNTS], number, "How many clients may wait. Further ones are dropped."),
  option("multiAccept", "multiAccept", COUNTS, number, "How many clients may be admitted in one pass of the loop."),
  option(
    "waitTimeout",
    "waitTimeout",
    [0, ...SECONDS],
    orNone(seconds, "never"),
    "A client that waits longer is dropped.",
  ),
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
    "How long a drain still accepts clients.",
  ),
  option(
    "drainTimeout",
    "drain: timeout",
    [0, ...SECONDS],
    orNone(seconds, "never"),
    "After this time a drain closes the remaining connections.",
  ),
];

/** The speeds of virtual time. */
export const SPEEDS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];

/** @type {Readonly<Settings>} */
const CALM = {
  arrivals: 30,
  atOnce: 1,
  service: 1,
  fullSpeed: 40,
  patience: 4,
  silent: 2,
  maxConnections: 40,
  backlog: 80,
  multiAccept: 50,
  waitTimeout: 3,
  idleTimeout: 3,
  drainDelay: 1,
  drainTimeout: 5,
};

/** @type {readonly Preset[]} */
export const PRESETS = [
  {
    name: "calm",
    label: "Calm",
    lesson: "Fewer clients arrive than can be served. No client waits, and the limits have no effect.",
    settings: CALM,
  },
  {
    name: "rush",
    label: "Rush hour",
    lesson:
      "Twice as many clients arrive as can be served. Admitted ones are still served at full speed; the queue is short " +
      "enough to be worth waiting in; and a client that finds it full is dropped at once.",
    settings: { ...CALM, arrivals: 80 },
  },
  {
    name: "unlimited",
    label: "No limits",
    lesson:
      "The same rush, but all clients are admitted at once. They slow each other down until most give up before their " +
      "answer: the server is as busy as before, and its work is wasted.",
    settings: { ...CALM, arrivals: 80, maxConnections: Infinity, idleTimeout: 0 },
  },
  {
    name: "silent",
    label: "Silent",
    lesson:
      "One client in five connects and sends nothing. The idle timeout frees their slots. Set it to “never” and " +
      "watch them take every slot.",
    settings: { ...CALM, arrivals: 25, silent: 20, idleTimeout: 2 },
  },
  {
    name: "flood",
    label: "Flood",
    lesson:
      "Four hundred clients arrive at the same instant. multiAccept admits a few per pass, and timers fire in between. " +
      "Raise it, and the loop is late for everything else.",
    settings: {
      ...CALM,
      arrivals: 150,
      atOnce: 400,
      service: 0.3,
      fullSpeed: 200,
      maxConnections: 300,
      backlog: 400,
      multiAccept: 10,
    },
  },
];
