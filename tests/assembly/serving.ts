// Twins that accept clients.

import { Decision } from "wasm-ioloop/core";
import { Twin } from "./model.ts";

/** A twin with listening acceptors. */
export function serve(acceptors: number, limits: [number, number, number] = [1000, 0, 50], seed = 1): [Twin, number[]] {
  const twin = new Twin(seed);
  twin.call("handleLimits", ...limits);
  const ids = Array.from({ length: acceptors }, () => twin.make("handleAcceptor", 0));
  for (const id of ids) twin.call("handleAcceptorListen", id, 1);
  return [twin, ids];
}

/** Admits as many clients as possible, and returns their ids. */
export function admitted(twin: Twin): number[] {
  const ids: number[] = [];
  for (let id = twin.call("pollAdmission", 0); id > 0; id = twin.call("pollAdmission", 0)) ids.push(id);
  return ids;
}

/** Runs a pass, and closes the clients that have waited too long. Returns their ids. */
export function expired(twin: Twin, now: number): number[] {
  const ids: number[] = [];
  twin.pass(now);
  while (twin.call("pollDecision", 1, 1) === Decision.EXPIRED) {
    const id = twin.call("pollEvicted");
    ids.push(id);
    twin.call("handleClose", id);
  }
  return ids;
}
