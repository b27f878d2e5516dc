// The log of the manager: one line per event, as text or as JSON. As text, the stack of an error follows in lines that are indented.

import { isThenable } from "../base/deferred.ts";
import { asJson, asLines } from "../base/printable.ts";

/** What else a line says, by name. */
export type Facts = Readonly<Record<string, string | number | readonly string[] | undefined>>;

const LONGEST = 2000; // characters of a line, or of a text in JSON

/**
 * Prints a line to stderr. By `console.error` it would be red in a terminal, on Bun. If nobody reads stderr any more, the line is lost: an
 * error of the stream that nobody handles would end the process.
 */
export function printLine(line: string): void {
  const { stderr } = process;
  const written = (error?: Error | null): void => {
    if (error && stderr.listenerCount("error") === 0) stderr.once("error", lost); // it comes after this call
  };
  try {
    stderr.write(`${line}\n`, written);
  } catch {
    lost();
  }
}

export class ServiceLog {
  readonly #json: boolean;
  readonly #write: (line: string, event: string) => unknown;

  constructor(json: boolean, write: (line: string, event: string) => unknown) {
    this.#json = json;
    this.#write = write;
  }

  /** Writes a line. `event` names what happened, for machines; `words` tell it to people. */
  tell(event: string, words: string, facts: Facts = {}): void {
    const manager = process.pid;
    const line = this.#json
      ? asJson({ time: new Date().toISOString(), event, manager, ...facts }, LONGEST)
      : `prefork ${manager}: ${asLines(words, LONGEST)}`;
    try {
      const written = this.#write(line, event);
      if (isThenable(written)) written.then(undefined, lost);
    } catch {
      lost();
    }
  }
}

function lost(): void {
  // The service goes on without it.
}
