// Whether a loop is alive and ready, for the probes of service managers and load balancers.

import type { Rule } from "../base/checks.ts";
import type { IOLoop } from "../index.ts";

/** Checked by its members: an application may have two copies of the package. */
export const LOOP: Rule = {
  allowed: "an IOLoop",
  type: (value) => typeof (value as IOLoop).serve === "function" && typeof (value as IOLoop).isAccepting === "boolean",
};

/**
 * Loops of workers that stop, and no longer listen. They may still be asked by a connection that was handed to them a moment before: the
 * question was for the service, which the other workers go on with.
 */
export const leaving: WeakSet<IOLoop> = new WeakSet();

/** The answer to a probe. */
export interface Health {
  readonly isWell: boolean;
  readonly status: string;
}

/** Alive: the loop has admitted the request. A process that is only full, or about to end, must not be restarted. */
export function liveness(): Health {
  return { isWell: true, status: "alive" };
}

/** Ready: new clients can be admitted, now or when a slot is free. A full loop is ready: otherwise its load would move on to the next one, until none is left. */
export function readiness(loop: IOLoop): Health {
  const isWell = loop.isAccepting || leaving.has(loop);
  return { isWell, status: isWell ? "ready" : "not ready" };
}
