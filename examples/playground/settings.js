// What one can set: the load that comes, and the limits that meet it. Every slider goes over a list of round values.

/**
 * @typedef {object} Settings
 * @property {number} arrivals clients per second
 * @property {number} atOnce how many of them come at the same instant
 * @property {number} service seconds of work for one client, when the server is not crowded
 * @property {number} fullSpeed how many clients the server works on before they slow each other down
 * @property {number} patience seconds after which an unanswered client goes away
 * @property {number} silent percent of the clients that connect and say nothing
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
  slider("arrivals", "Arrivals", COUNTS, (value) => `${number(value)} /s`, "Clients that come in a second."),
  slider("atOnce", "At once", COUNTS, number, "So many come at the same instant."),
  slider("service", "Service time", SECONDS, seconds, "What an answer takes while the server is not crowded."),
  slider(
    "fullSpeed",
    "Capacity",
    COUNTS,
    number,
    "So many at a time are served at full speed; with more, all slow down.",
  ),
  slider(
    "patience",
    "Patience",
    [...SECONDS, Infinity],
    orNone(seconds, "endless"),
    "After this a client goes away, unanswered.",
  ),
  slider(
    "silent",
    "Silent clients",
    [0, 1, 2, 5, 10, 15, 20, 30, 50],
    (value) => `${value} %`,
    "They connect, and say nothing.",
  ),
];

/** The limits: what the core is told. */
export const LIMITS = [
  option(
    "maxConnections",
    "maxConnections",
    [...COUNTS, Infinity],
    orNone(number, "none"),
    "How many may be inside. The others wait in line.",
  ),
  option("backlog", "backlog", [0, ...COUNTS], number, "How many may wait. Who finds no seat is turned away."),
  option("multiAccept", "multiAccept", COUNTS, number, "How many may come in in one pass of the loop."),
  option("waitTimeout", "waitTimeout", [0, ...SECONDS], orNone(seconds, "never"), "Who waits longer is turned away."),
  option(
    "idleTimeout",
    "timeout",
    [0, ...SECONDS],
    orNone(seconds, "never"),
    "Who is inside and silent for longer is cut off.",
  ),
  option(
    "drainDelay",
    "drain: delay",
    [0, ...SECONDS],
    orNone(seconds, "none"),
    "For so long a drain still lets clients in.",
  ),
  option(
    "drainTimeout",
    "drain: timeout",
    [0, ...SECONDS],
    orNone(seconds, "never"),
    "After so long it closes who is left inside.",
  ),
];

/** How fast virtual time goes. */
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
    lesson: "Fewer come than can be served. Nobody waits, and the limits are not felt.",
    settings: CALM,
  },
  {
    name: "rush",
    label: "Rush hour",
    lesson:
      "Twice as many come as can be served. Those inside still get full speed; the line is short enough to be worth " +
      "waiting in; and whoever finds it full is told at once.",
    settings: { ...CALM, arrivals: 80 },
  },
  {
    name: "unlimited",
    label: "No limits",
    lesson:
      "The same rush, and everybody is let in at once. They slow each other down until most give up before their " +
      "answer: the server is as busy as ever, and its work is wasted.",
    settings: { ...CALM, arrivals: 80, maxConnections: Infinity, idleTimeout: 0 },
  },
  {
    name: "silent",
    label: "Silent",
    lesson:
      "One in five connects and says nothing. The idle timeout takes their places back. Set it to “never” and " +
      "watch them take every place there is.",
    settings: { ...CALM, arrivals: 25, silent: 20, idleTimeout: 2 },
  },
  {
    name: "flood",
    label: "Flood",
    lesson:
      "Four hundred come at the same instant. multiAccept lets in a few a pass, and timers fire in between. Raise " +
      "it, and the loop is late for everything else.",
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
