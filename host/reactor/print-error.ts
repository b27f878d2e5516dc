// What becomes of an error that nobody hears: it goes to stderr.

import { inspect } from "node:util";
import { asLine, asLines } from "../base/printable.ts";

/** Prints an error and the event it belongs to. It may hold what a peer has sent: nothing of that reaches a terminal raw. */
export function printError(_reactor: unknown, error: unknown, event: string): void {
  console.error(`IOLoop: ${asLine(event)}: ${asLines(describe(error))}`);
}

function describe(error: unknown): string {
  try {
    return inspect(error, { maxArrayLength: 20, maxStringLength: 1000 });
  } catch {
    return "a value that cannot be shown"; // a getter that throws, say
  }
}
