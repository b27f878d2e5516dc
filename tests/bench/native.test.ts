// The wheel in C, and its benchmark against libuv: that they are correct, not how fast they are.

import { execFile, spawnSync } from "node:child_process";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { harness } from "../support/harness.ts";
import { root } from "../support/paths.ts";

const test = harness("native");

const folder = join(root, "bench/native");
const program = join(root, "build/native/timers");
const OPERATIONS = ["make-random", "make-one", "restart", "cancel", "mix", "fire"];
const NO_LIBUV = 3;

const missing = ["make", "cc"].filter((tool) => spawnSync(tool, ["--version"]).status !== 0);
if (missing.length > 0) console.log(`native: no ${missing.join(", no ")}: tests that need a C compiler are skipped`);
const there = missing.length === 0;

interface Ending {
  readonly code: unknown;
  readonly output: string;
  readonly errors: string;
}

function run(file: string, ...args: string[]): Promise<Ending> {
  return new Promise((resolve) => {
    execFile(file, args, { cwd: folder, timeout: 60_000 }, (error, output, errors) => {
      resolve({ code: error ? (error.code ?? error.signal) : 0, output, errors });
    });
  });
}

/** Builds a target of the makefile. Returns the output. */
async function build(...targets: string[]): Promise<string> {
  const { code, output, errors } = await run("make", ...targets);
  assert.is(code, 0, output + errors);
  assert.is(errors, "", "it compiles without warnings");
  return output;
}

test("the wheel behaves like an array of timers, and stays within its memory", async () => {
  if (there) assert.match(await build("check"), /^\d+ steps, \d+ timers fired: same as the model$/m);
}, 90);

test("the benchmark prints a number for every round", async () => {
  if (!there) return;
  await build();
  const prints = async (rounds: number, ...args: string[]): Promise<void> => {
    const { code, output, errors } = await run(program, ...args, String(rounds));
    if (args[0] === "libuv" && code === NO_LIBUV) {
      assert.is(errors, "timers: built without libuv\n");
      console.log("native: no libuv: skipped");
      return;
    }
    assert.is(code, 0, args.join(" ") + errors);
    assert.match(output, new RegExp(`^(?:\\d+\\.\\d\\d\n){${rounds}}$`));
  };
  for (const operation of OPERATIONS) await prints(1, "wheel", "600", operation);
  await prints(2, "wheel", "600", "mix");
  for (const operation of ["mix", "fire"]) await prints(1, "libuv", "100000", operation);
}, 90);

test("unknown arguments are errors", async () => {
  if (!there) return;
  await build();
  for (const args of ["", "wheel 1000 restart", "heap 1000 restart 1", "wheel 1000 walk 1", "wheel 1 restart 1"]) {
    const { code, output, errors } = await run(program, ...args.split(" "));
    assert.is(code, 2, args);
    assert.is(output, "");
    assert.match(errors, /^timers wheel\|libuv PENDING OPERATION ROUNDS\n/);
  }
}, 60);
