// Loads a program file, and explains errors that say too little.

import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isError } from "../base/errors.ts";
import { type Program, ProgramError, recognize } from "./program.ts";
import { placeOfSyntaxError } from "./program-errors.ts";
import { watchingListen } from "./program-listen.ts";

/** Imports a program file, and finds out what it exports. */
export async function load(file: string): Promise<Program> {
  const { href } = pathToFileURL(resolve(file));
  let namespace: Record<string, unknown>;
  try {
    namespace = (await watchingListen(() => import(href))) as Record<string, unknown>;
  } catch (error) {
    throw explained(error, href);
  }
  return recognize(namespace, file);
}

const TYPESCRIPT = /\.[cm]?tsx?(?:["']|$)/;

function explained(error: unknown, href: string): unknown {
  const { code = "", message = "" } = (isError(error) ? error : {}) as Partial<NodeJS.ErrnoException>;
  if (code === "ERR_UNKNOWN_FILE_EXTENSION" && TYPESCRIPT.test(message)) {
    const [path = "the program"] = /(?<= for ).*$/.exec(message) ?? [];
    if (extname(path).endsWith("x"))
      return new ProgramError(`${path}: Node does not run JSX: compile it first, or use Bun or Deno`);
    const why = `Node ${process.versions.node} does not run TypeScript`;
    return new ProgramError(`${path}: ${why}: use Node 22.18 or newer, Bun or Deno, or compile it first`);
  }
  if (code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX" && isError(error)) {
    error.message += "\nNode runs only TypeScript whose types can be erased: no enum, namespace or parameter property";
  }
  const place = placeOfSyntaxError(error, href);
  return place === undefined ? error : new ProgramError(place);
}
