// The runtimes that tests run on, and where each of them is.

import { join } from "node:path";
import { root } from "./paths.ts";

/** A program, and what stands before the file that it is to run. */
export interface Runtime {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The files it runs; all where it does not say. */
  readonly files?: RegExp;
}

const bun = join(root, "node_modules/.bin/bun");
const extra = join(root, "build/runtimes/node_modules");

// Once more, all as the runtimes document it.
const DATA = {
  env: { IOLOOP_FAST: "0" },
  files:
    /^(?:engine\/stall|stream\/|socket\/bare|net\/(?:client|server|limits|drop)|loop\/graceful|faults\/(?:flood|foreign-throws|random-(?:clients|lifecycle))|reactor\/watchers)/,
};
// And with the streams of a server, wherever a test needs one.
const ACCEPTED = {
  env: { IOLOOP_TEST_STREAMS: "accepted" },
  files: /^(?:engine\/(?:stall|reset)|stream\/|socket\/fast)/,
};

// What has to do with sockets: the rest is run on the versions before and after.
const BETWEEN =
  /^(?:core|engine\/(?!reentrancy)|faults\/(?!foreign|random-clients|random-timers)|loop|net|reactor|socket|stream|time)/;
// What takes long, and is run on the first version.
const NEWEST = /^(?!docs\/programs|examples\/examples)/;

/** The runtime that runs this, and Bun, which comes with the dependencies; the others where `npm run runtimes` put them. */
export const runtimes: Readonly<Record<string, Runtime>> = {
  node: { program: process.execPath, args: [] },
  "node-data": { program: process.execPath, args: [], ...DATA },
  "node-accepted": { program: process.execPath, args: [], ...ACCEPTED },
  bun: { program: bun, args: [] },
  "bun-data": { program: bun, args: [], ...DATA },
  "bun-accepted": { program: bun, args: [], ...ACCEPTED },
  "node-22": { program: join(extra, "node-22/bin/node"), args: [], files: BETWEEN },
  "node-24": { program: join(extra, "node-24/bin/node"), args: [], files: BETWEEN },
  "node-26": { program: join(extra, "node-26/bin/node"), args: [], files: NEWEST },
  deno: { program: join(extra, ".bin/deno"), args: ["run", "--allow-all", "--quiet"] },
};
