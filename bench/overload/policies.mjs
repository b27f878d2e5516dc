// The orders of admission that are compared.

/** First come, first served. */
export const FIFO = { key: "fifo", title: "fifo", settings: { adaptive: false } };

/** Adaptive, and the core is not told which clients had left. */
export const FIXED = { key: "fixed", title: "fixed", settings: { adaptive: true } };

/** Adaptive, and the core learns when a client is admitted whether it is there, as the design has it. */
export const ADAPTIVE = { key: "adaptive", title: "adaptive", settings: { adaptive: true, tells: "start" } };

/** The same, but the core learns that a client is there only when it has been served. A loop reports it with the first bytes of its answer. */
export const PATIENT = {
  key: "patient",
  title: "adaptive, told at the end",
  settings: { adaptive: true, tells: "end" },
};

/** Those that every table compares. */
export const POLICIES = [FIFO, FIXED, ADAPTIVE];

/** The seeds over which outcomes are averaged; a single one would depend on chance, most of all near load 1. */
export const [SEEDS, QUICK_SEEDS] = [[1, 2, 3, 4, 5, 6, 7, 8], [1]];

/** The policy that is judged. */
export const JUDGED = ADAPTIVE;
