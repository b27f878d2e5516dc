// Describes errors of a program for its author: message, file and line, and no frames but those of the program.

import { spawnSync } from "node:child_process";
import { inspect } from "node:util";
import { isError } from "../base/errors.ts";
import { text } from "../base/show.ts";
import { hasFrames, ownFrames } from "./frames.ts";
import { ProgramError } from "./program.ts";

/** An error as its author needs it: a message of ours alone, any other error with the frames of the program. */
export function describe(error: unknown): string {
  try {
    return described(error);
  } catch {
    return text(error); // its members, or its own way to be shown, throw
  }
}

function described(error: unknown): string {
  if (error instanceof ProgramError) return error.message;
  const built = ofBun(error);
  if (built !== undefined) return built;
  strip(error, new Set());
  const { code, message, stack = "" } = (isError(error) ? error : {}) as NodeJS.ErrnoException;
  const isOurs = typeof code === "string" && code.startsWith("ERR_IOLOOP_"); // other libraries have numbers
  if (isOurs && message !== undefined && !hasFrames(stack)) return message; // of a call of ours
  const shown = inspect(error, { maxArrayLength: 20, maxStringLength: 1000 });
  return shown.replace(/^\[(.*)\](?= \{|$)/s, "$1"); // `inspect` puts errors without frames into brackets
}

// `inspect` prints the stack of an error, and of its causes.
function strip(error: unknown, seen: Set<unknown>): void {
  if (!isError(error) || seen.has(error)) return;
  seen.add(error);
  const { stack = "" } = error as { stack?: unknown };
  try {
    error.stack = ownFrames(typeof stack === "string" ? stack : "");
  } catch {
    // A frozen error is printed as it is.
  }
  strip(error.cause, seen);
  const { errors } = error as Partial<AggregateError>;
  if (Array.isArray(errors)) for (const one of errors) strip(one, seen);
}

/** A syntax error that Bun has found: the place is in its members. */
interface BuildMessage {
  readonly message: string;
  readonly position?: {
    readonly file: string;
    readonly line: number;
    readonly column: number;
    readonly lineText: string;
  } | null;
}

function ofBun(error: unknown): string | undefined {
  const { message, position } = ((error as Partial<AggregateError> | undefined)?.errors?.[0] ??
    error ??
    {}) as BuildMessage;
  if (typeof position?.line !== "number") return undefined;
  const { file, line, column, lineText } = position;
  return `${file}:${line}:${column}\n${lineText}\n${" ".repeat(Math.max(0, column - 1))}^\n\nSyntaxError: ${message}`;
}

/**
 * Where a syntax error of a module is. Node knows that only where it prints the error itself, when it ends a process: so another process
 * imports the module. It runs nothing of it, as no module runs before all are parsed. Undefined if that is not known.
 */
export function placeOfSyntaxError(error: unknown, url: string): string | undefined {
  const { versions, execPath } = process;
  const isKnown =
    !isError(error) || error.name !== "SyntaxError" || /\bfile:|^\s+at (?!.*node:)/m.test(error.stack ?? "");
  if (isKnown || versions["bun"] !== undefined || versions["deno"] !== undefined) return undefined;
  const args = ["--input-type=module", "--eval", `import ${JSON.stringify(url)}`];
  const { stderr } = spawnSync(execPath, args, { encoding: "utf8", timeout: 10_000 });
  const [place = ""] = (stderr ?? "").split(/^\s+at /m);
  return place.includes("SyntaxError") && place.includes(error.message) ? place.trim() : undefined;
}
