// The presets: settings that show something, what there is to see, and what to try.

import { Fairness, Queue } from "./settings.js";

/** @typedef {import("./settings.js").Settings} Settings */

/**
 * @typedef {object} Preset
 * @property {string} name
 * @property {string} label
 * @property {string} lesson
 * @property {string} tip what to try
 * @property {string} next and then
 * @property {Readonly<Settings>} settings
 */

/** @type {Readonly<Settings>} */
const CALM = {
  load: 0.8,
  patience: 4,
  queue: Queue.FIFO,
  flooder: 0,
  fairness: Fairness.NONE,
  maxPerAddress: 0,
  maxConnections: 40,
  backlog: 500,
  atOnce: 1,
  service: 1,
  fullSpeed: 40,
  silent: 0,
  multiAccept: 50,
  targetWait: 0.1,
  waitTimeout: 60,
  idleTimeout: 3,
  drainDelay: 1,
  drainTimeout: 5,
};

/** @type {readonly Preset[]} */
export const PRESETS = [
  {
    name: "calm",
    label: "Calm",
    lesson: "Fewer clients arrive than the server can serve. Hardly any client waits, and nearly all are served.",
    tip: "turn the load to 2, and watch goodput fall.",
    next: "switch the order to adaptive.",
    settings: CALM,
  },
  {
    name: "overload",
    label: "Overload",
    lesson:
      "Twice as many clients arrive as the server can serve. The queue grows until every client has left before its turn " +
      "comes (grey). The server is as busy as before, but nobody reads its answers: goodput falls to nothing.",
    tip: "switch the order to adaptive.",
    next: "shorten the patience to 2 s, or turn the load to 10.",
    settings: { ...CALM, load: 2 },
  },
  {
    name: "greedy",
    label: "One floods",
    lesson:
      "One address (pink) sends four fifths of all clients. In total they are four times as many as the server can serve, so " +
      "most of the forty other addresses’ clients find no slot.",
    tip: "let the addresses take turns.",
    next: "turn fairness off again, and set maxPerAddress to 10.",
    settings: { ...CALM, load: 4, flooder: 80, queue: Queue.ADAPTIVE },
  },
  {
    name: "short",
    label: "Short queue",
    lesson:
      "The same overload, but only 80 clients may wait. The queue is short enough to be worth waiting in, and a client " +
      "that finds it full is reset at once. This works as long as the backlog fits the patience.",
    tip: "set the patience to 2 s, which is shorter than this queue.",
    next: "switch the order to adaptive.",
    settings: { ...CALM, load: 2, backlog: 80 },
  },
  {
    name: "unlimited",
    label: "No limits",
    lesson:
      "The same overload, but all clients are admitted at once. They slow each other down until all give up before their " +
      "answer: the server is as busy as before, and its work is wasted.",
    tip: "set maxConnections to 40, which is the capacity of this server.",
    next: "switch the order to adaptive.",
    settings: { ...CALM, load: 2, maxConnections: Infinity, idleTimeout: 0 },
  },
  {
    name: "silent",
    label: "Silent",
    lesson: "One client in five connects and sends nothing (hollow). The idle timeout frees their slots.",
    tip: "set timeout to “never”, and watch them take every slot.",
    next: "set timeout back to 2 s.",
    settings: { ...CALM, load: 0.6, silent: 20, idleTimeout: 2 },
  },
  {
    name: "burst",
    label: "Burst",
    lesson:
      "Four hundred clients arrive at the same instant. multiAccept admits a few per pass, and timers fire in between.",
    tip: "raise multiAccept to 400, and the loop is late for everything else.",
    next: "set it back to 10.",
    settings: {
      ...CALM,
      load: 0.2,
      atOnce: 400,
      service: 0.3,
      fullSpeed: 200,
      maxConnections: 300,
      multiAccept: 10,
    },
  },
];
