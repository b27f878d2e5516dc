// The runtimes that tests run on, and their paths.

import { join } from "node:path";
import { root } from "./paths.ts";

/** A program, and the arguments before the file that it must run. */
export interface Runtime {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The test files it runs; default all. */
  readonly files?: RegExp;
}

const bun = join(root, "node_modules/.bin/bun");
const extra = join(root, "build/runtimes/node_modules");

// The same tests with documented APIs only.
const DATA = {
  env: { IOLOOP_FAST: "0" },
  files:
    /^(?:engine\/stall|stream\/|socket\/bare|net\/(?:client|server|limits|drop)|loop\/graceful|faults\/(?:flood|foreign-throws|random-(?:clients|lifecycle))|reactor\/watchers)/,
};
// And with streams of a server wherever a test needs a stream.
const ACCEPTED = {
  env: { IOLOOP_TEST_STREAMS: "accepted" },
  files: /^(?:engine\/(?:stall|reset)|stream\/|socket\/fast)/,
};

// Tests about sockets. The others run on the oldest and newest version only.
const BETWEEN =
  /^(?:core|engine\/(?!reentrancy)|faults\/(?!foreign|random-clients|random-timers)|loop|net|reactor|socket|stream|time)/;
// Slow tests, which run on the first version only.
const NEWEST = /^(?!docs\/programs|examples\/examples)/;

/** The runtime that runs this file, Bun from the dependencies, and the others, as installed by `npm run runtimes`. */
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
