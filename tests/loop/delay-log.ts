// Runs a delay to its end, and logs its steps.

import type { Delay, IOLoop } from "wasm-ioloop";
import { quietLoop } from "../support/harness.ts";

/** Runs a delay to its end, and returns its log. */
export async function log(
  make: (delay: Delay, say: (what: unknown) => void, loop: IOLoop) => void,
): Promise<unknown[]> {
  const { loop } = quietLoop();
  const said: unknown[] = [];
  const delay = loop.delay();
  delay.on("finish", (_delay, ...args) => void said.push(["finish", ...args]));
  make(delay, (what) => void said.push(what), loop);
  await delay.wait();
  return said;
}
