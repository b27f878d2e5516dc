// Runs every test file, each in its own process, on every runtime, and prints how many tests have passed.
//
// A file fails as a whole if its process does not end by itself: then something was left open that keeps the process alive.
// `node build/tests/run.js [--runtime NAME|PATH]… [NAME]…` runs only files whose path or name begins with NAME: `stream`, `stream/write`, `write`.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NOT_FOR_DENO } from "./support/deno.ts";
import { runtimes } from "./support/runtimes.ts";
import { filesIn, root } from "./support/paths.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const FILE_SECONDS = 480; // enough for a machine that is four times as busy
const AT_A_TIME = 5; // most of them wait most of the time
const GRACE_SECONDS = 20; // from the end of the last test to the end of the process

interface Result {
  readonly passed: number;
  readonly failed: number;
  readonly output: string;
  /** Tests that the file skipped, and why. */
  readonly skipped: readonly string[];
}

const REQUIRED = new Set(["node", "bun"]);

// These do not depend on the runtime, so they run on the first one only. The replay shows that the core behaves the same on all of them.
const ONCE: ReadonlySet<string> = new Set([
  "docs/programs.test.js",
  "timers/browser.test.js",
  "docs/site.test.js",
  "docs/statements.test.js",
  "engine/reentrancy.test.js",
  "faults/foreign-throws.test.js",
  "faults/random-clients.test.js",
  "faults/random-settings.test.js",
  "faults/foreign-calls.test.js",
  "hosts/c-host.test.js",
  "hosts/c-host-build.test.js",
  "hosts/c-host-idle.test.js",
  "bench/native.test.js",
  "examples/playground.test.js",
  "examples/playground-host.test.js",
  "examples/playground-server.test.js",
  "assembly/random-admission.test.js",
  "assembly/connections.test.js",
  "assembly/module.test.js",
  "assembly/rebuild.test.js",
  "assembly/timers.test.js",
  "hosts/replay/replay.test.js",
  "bench/twin.test.js",
  "net/proxy-protocol.test.js",
  "package/packed.test.js",
  "service/cli-options.test.js",
  "service/service-log.test.js",
  "service/program.test.js",
  "package/types.test.js",
  "bench/bench.test.js",
  "bench/bench-goals.test.js",
  "bench/bench-stored.test.js",
  "bench/stop.test.js",
  "bench/overload.test.js",
]);

function runFile(runtime: string, file: string): Promise<Result> {
  return new Promise((resolve) => {
    const { program, args, env } = runtimes[runtime] ?? { program: runtime, args: [], env: {} };
    const child = spawn(program, [...args, join(here, file)], {
      cwd: root,
      detached: true, // in its own process group
      env: { ...process.env, NO_COLOR: "1", TEST_NODE: process.execPath, ...env },
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (/^\s*Duration:/m.test(output)) grace ??= setTimeout(giveUp, GRACE_SECONDS * 1000);
    });
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    let grace: ReturnType<typeof setTimeout> | undefined;
    const giveUp = (): void => {
      output += `\n${file}: does not end by itself: something is left open\n`;
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL"); // and its child processes
    };
    const limit = setTimeout(giveUp, FILE_SECONDS * 1000);
    child.on("error", (error) => (output += String(error)));
    child.on("close", (code, signal) => {
      clearTimeout(limit);
      clearTimeout(grace);
      const number = (name: string): number => {
        const found = [...output.matchAll(new RegExp(`^\\s*${name}:\\s+(\\d+)`, "gm"))];
        return found.reduce((sum, match) => sum + Number(match[1]), 0);
      };
      const passed = number("Passed");
      const failed = number("Total") - passed;
      const skipped = [...output.matchAll(/^skipped\b.*$/gm)].map(([line]) => line);
      const wrong = failed === 0 && (code !== 0 || (passed === 0 && skipped.length === 0));
      if (wrong) output += `\n${file}: ended with ${signal ?? `code ${code}`} after ${passed} tests\n`;
      resolve({ passed, failed: failed + (wrong ? 1 : 0), output, skipped });
    });
  });
}

/** Whether a name selects a file: the name is a folder, a path, or the beginning of a file name. */
function isNamed(file: string, name: string): boolean {
  return file.startsWith(name) || file.includes(`/${name}`);
}

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const named: string[] = [];
  for (let at = args.indexOf("--runtime"); at >= 0; at = args.indexOf("--runtime")) {
    named.push(args.splice(at, 2)[1] ?? "");
  }
  const files = filesIn(here).filter((file) => file.endsWith(".test.js"));
  const wanted = files.filter(
    (file) =>
      args.length === 0 ||
      args.some((arg) => isNamed(file, arg.replace(/^.*tests\//, "").replace(/\.test\.[jt]s$/, ""))),
  );
  const total = { passed: 0, failed: 0 };
  const asked = named.length > 0 ? named : Object.keys(runtimes);
  const queue: [runtime: string, file: string][] = [];
  for (const runtime of asked) {
    if (!existsSync(runtimes[runtime]?.program ?? runtime)) {
      const optional = named.length === 0 && !REQUIRED.has(runtime);
      console.log(`${runtime}: not installed${optional ? ", skipped" : ""}`);
      if (!optional) total.failed++;
      continue;
    }
    const its = wanted.filter(
      (file) => (runtimes[runtime]?.files?.test(file) ?? true) && (runtime === asked[0] || !ONCE.has(file)),
    );
    const able = its.filter((file) => runtime !== "deno" || !NOT_FOR_DENO.has(file));
    if (able.length < its.length) console.log(`deno: ${its.length - able.length} files are not for it`);
    for (const file of able) queue.push([runtime, file]);
  }
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [runtime, file] = next;
      const begin = performance.now();
      const { passed, failed, output, skipped } = await runFile(runtime, file);
      const seconds = ((performance.now() - begin) / 1000).toFixed(1);
      console.log(
        `${failed > 0 ? "FAIL" : "ok  "} ${runtime} ${file} ${passed} passed, ${failed} failed, ${seconds} s`,
      );
      for (const line of skipped) console.log(`     ${line}`);
      if (failed > 0) console.log(output);
      total.passed += passed;
      total.failed += failed;
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  if (total.passed === 0) {
    console.log("no test was run");
    total.failed++;
  }
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

await main();
