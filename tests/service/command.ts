// Runs the command as a user starts it.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { request as secureRequest } from "node:https";
import { join } from "node:path";
import { Program } from "../examples/example-process.ts";
import { deferred, isDeno, script } from "../support/harness.ts";
import { root } from "../support/paths.ts";

/** How it ends by TERM. Deno reports the signal that was sent, even if the process has ended by itself. */
export const STOPPED = isDeno ? "SIGTERM" : "code 0";
/** Its file. */
export const COMMAND = join(root, "dist/cli.js");
mkdirSync(join(root, "build"), { recursive: true });
/** Where its programs are. */
export const folder = mkdtempSync(join(root, "build/cli-")); // here, so that programs can import the package by name
process.on("exit", () => rmSync(folder, { recursive: true }));

/** Writes a program, and returns its path, relative to the root as a user would give it. */
export function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name).slice(root.length);
}

/** A program that says hello. */
export const HELLO = file(
  "hello.mjs",
  "export default (request, response) => response.end(`Hello from ${process.pid}\\n`);\n",
);

/** Runs the command while `use` runs. Without a manager, unless the arguments have `--workers`. */
export async function running<T>(args: readonly string[], use: (it: Program) => Promise<T>): Promise<T> {
  const alone = args.includes("--workers") ? [] : ["--workers", "0"];
  const it = new Program(process.execPath, [
    ...script(COMMAND),
    ...alone,
    "--port",
    "0",
    "--address",
    "127.0.0.1",
    ...args,
  ]);
  try {
    return await use(it);
  } finally {
    it.kill("SIGKILL");
    await it.ending();
  }
}

/** Runs the command until it ends. */
export async function result(...args: string[]): Promise<{ how: string; output: string; errors: string }> {
  const it = new Program(process.execPath, [...script(COMMAND), ...args]);
  const how = await it.ending();
  return { how, output: it.output, errors: it.errors };
}

/** Where it listens. */
export async function url(it: Program): Promise<string> {
  return (await it.says(/^Listening on (\S+)$/m))[1]!;
}

/** The body of an answer. */
export async function get(address: string, options: object = {}): Promise<string> {
  const answer = deferred<IncomingMessage>();
  const send = address.startsWith("https:") ? secureRequest : request;
  send(address, { agent: false, ...options }, answer.resolve)
    .on("error", answer.reject)
    .end();
  const response = await answer.promise;
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return text;
}
