// The orders of admission that are compared.

import { learns } from "./virtual-host.mjs";

/** First come, first served. */
export const FIFO = { key: "fifo", title: "fifo", settings: { adaptive: false } };

/** Adaptive, and the core is not told which clients had left. */
export const FIXED = { key: "fixed", title: "fixed", settings: { adaptive: true } };

/** Adaptive, as a loop uses it. */
export const ADAPTIVE = { key: "adaptive", title: "adaptive", settings: { adaptive: true, tells: "start" } };

/** The same, and the core learns that a client is there only when it has been served. */
export const PATIENT = {
  key: "patient",
  title: "adaptive, told at the end",
  settings: { adaptive: true, tells: "end" },
};

/** Those of them that this core knows. */
export const POLICIES = learns ? [FIFO, FIXED, ADAPTIVE] : [FIFO, FIXED];

/** Why one is left out. */
export const LEFT_OUT = learns
  ? []
  : [{ name: "adaptive, in virtual time", reason: "this core does not learn who had left: it has no handleFound" }];

/** The seeds over which outcomes are averaged; a single one would depend on chance, most of all near load 1. */
export const [SEEDS, QUICK_SEEDS] = [[1, 2, 3, 4, 5, 6, 7, 8], [1]];

/** The policy that is judged: the last one that this core knows. */
export const JUDGED = POLICIES.at(-1);
