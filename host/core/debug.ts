// Diagnostics: with IOLOOP_DEBUG=1 in the environment, every connection, acceptor, timer and decision goes to stderr.
//
// Off, `debug` is undefined: written `debug?.(…)`, not even the words are put together.

import { type Core, State } from "./core.ts";
import { slotOf } from "./ids.ts";
import { asLine } from "../base/printable.ts";
import { setting } from "../base/runtime.ts";

/** Tells what a loop does, and what it has to do with at that moment. */
export const debug: ((core: Core, what: string) => void) | undefined = setting("IOLOOP_DEBUG")
  ? (core, what) => console.error(`IOLoop: ${asLine(what)} [${counts(core)}]`)
  : undefined;

/** An id for people: slot and generation. */
export function show(id: number): string {
  return `${slotOf(id)}.${Math.floor(id / 2 ** 22) % 2 ** 29}`;
}

function counts({ calls }: Core): string {
  const connections = Object.entries(State)
    .filter(([, state]) => state !== State.FREE)
    .map(([name, state]) => `${name.toLowerCase()} ${calls.connectionsIn(state)}`);
  return [`timers ${calls.timerCount()}`, `acceptors ${calls.acceptorCount()}`, ...connections].join(", ");
}
