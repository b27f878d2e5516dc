// What the command prints to stderr: errors, notes, and the log of the manager.

import { asJson, asLines } from "../base/printable.ts";
import { printLine } from "./service-log.ts";

const LONGEST = 8000; // characters of a message, stack included

/** Prints a line of the command itself, as text or as JSON. `who`: the manager or the worker that says it. */
export function say(json: boolean, event: string, message: string, who: "manager" | "worker" = "manager"): void {
  const facts = { time: new Date().toISOString(), event, [who]: process.pid, message };
  printLine(json ? asJson(facts, LONGEST) : `wasm-ioloop: ${asLines(message)}`);
}

/** Prints the log of the manager. Until the first workers are up it is held back: if they cannot start, their error says it all. */
export class StartLog {
  #held: string[] | undefined = [];

  /** Receives a line of the log, and the name of its event. */
  readonly write = (line: string, event: string): void => {
    if (event === "started") this.flush();
    if (this.#held && event !== "start") this.#held.push(line);
    else printLine(line);
  };

  /** Prints what was held back, and holds back no more. */
  flush(): void {
    for (const line of this.#held ?? []) printLine(line);
    this.#held = undefined;
  }
}
