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
    /^(?:stream\/(?!linger|endings)|socket\/bare|net\/(?:client|server|drop|proxy\.|proxy-tls)|loop\/(?:graceful\.|serve-tls)|faults\/random-lifecycle|reactor\/watchers)/,
};
// And with streams of a server wherever a test needs a stream.
const ACCEPTED = {
  env: { IOLOOP_TEST_STREAMS: "accepted" },
  files: /^(?:engine\/reset|stream\/(?!linger|endings)|socket\/fast)/,
};

// What differs most between versions. The rest runs on the oldest and newest version only.
const FEW = /^(?:loop\/(?:ioloop|serve\.|serve-tls)|net\/server\.|socket|stream\/(?:stream|write|start-tls))/;
// All but what is slow, or does not depend on the version.
const NEWEST =
  /^(?!docs|examples|bench|package|engine\/reentrancy|service\/(?:prefork-(?:signals|upgrade)|pid-file)|faults\/(?:foreign|garbage|random-clients|random-timers)|service\/cli\.)/;

/** The runtime that runs this file, Bun from the dependencies, and the others, as installed by `npm run runtimes`. */
export const runtimes: Readonly<Record<string, Runtime>> = {
  node: { program: process.execPath, args: [] },
  "node-data": { program: process.execPath, args: [], ...DATA },
  "node-accepted": { program: process.execPath, args: [], ...ACCEPTED },
  bun: { program: bun, args: [] },
  "bun-data": { program: bun, args: [], ...DATA },
  "bun-accepted": { program: bun, args: [], ...ACCEPTED },
  "node-22": { program: join(extra, "node-22/bin/node"), args: [], files: FEW },
  "node-24": { program: join(extra, "node-24/bin/node"), args: [], files: FEW },
  "node-26": { program: join(extra, "node-26/bin/node"), args: [], files: NEWEST },
  deno: { program: join(extra, ".bin/deno"), args: ["run", "--allow-all", "--quiet"] },
};
