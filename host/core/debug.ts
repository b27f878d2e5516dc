// Diagnostics: with IOLOOP_DEBUG=1 in the environment, every connection, acceptor, timer and decision is printed to stderr.
//
// Without it, `debug` is undefined, so that `debug?.(…)` does not even build the message.

import { type Core, State } from "./core.ts";
import { slotOf } from "./ids.ts";
import { asLine } from "../base/printable.ts";
import { setting } from "../base/runtime.ts";

/** Prints what a loop does, with the counts of its timers, acceptors and connections. */
export const debug: ((core: Core, what: string) => void) | undefined = setting("IOLOOP_DEBUG")
  ? (core, what) => console.error(`IOLoop: ${asLine(what)} [${counts(core)}]`)
  : undefined;

/** An id in readable form: slot and generation. */
export function show(id: number): string {
  return `${slotOf(id)}.${Math.floor(id / 2 ** 22) % 2 ** 29}`;
}

/** The numbers of timers, of acceptors, and of connections in each state. */
export function tally({ calls }: Core): Record<string, number> {
  const states = Object.entries(State).filter(([, state]) => state !== State.FREE);
  const connections = states.map(([name, state]) => [name.toLowerCase(), calls.connectionsIn(state)] as const);
  return { timers: calls.timerCount(), acceptors: calls.acceptorCount(), ...Object.fromEntries(connections) };
}

function counts(core: Core): string {
  return Object.entries(tally(core))
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}
