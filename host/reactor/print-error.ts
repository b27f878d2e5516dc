// Prints errors that have no subscriber to stderr.

import { asLine, asLines } from "../base/printable.ts";
import { util } from "../socket/builtin.ts";

/** Prints an error and its event. The text is escaped, because it may contain data from a peer. */
export function printError(_reactor: unknown, error: unknown, event: string): void {
  console.error(`IOLoop: ${asLine(event)}: ${asLines(describe(error))}`);
}

function describe(error: unknown): string {
  try {
    return util().inspect(error, { maxArrayLength: 20, maxStringLength: 1000 });
  } catch {
    return "a value that cannot be shown"; // a getter throws, for example
  }
}
