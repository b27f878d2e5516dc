// Test runners: a loop works in them, even while they have replaced the timers, and leaves nothing open.

import { join } from "node:path";
import { newest, programs, run } from "./workshop.mjs";

const TOOLS = { jest: "30.5.2", vitest: "5.1.2" };

const SECONDS = 20; // a test that hangs is aborted after 5 s; its runner may not end by itself

const TESTS = `import { IOLoop } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";

async function talk() {
  const said = [];
  const loop = new IOLoop();
  const id = loop.server({}, (loop, stream) => {
    stream.on("read", (stream, chunk) => stream.write(\`\${chunk} pong\`).closeGracefully());
  });
  loop.client({ port: loop.acceptor(id)?.port }, (loop, err, stream) => {
    if (err) throw err;
    stream.write("ping");
    stream.on("read", (stream, chunk) => said.push(String(chunk)));
    stream.on("close", () => {
      loop.remove(id);
      if (process.env.TIMERS === "fake") pass(10);
    });
  });
  loop.timer(0.01, () => said.push("timer"));
  await loop.start();
  return said.toSorted().join();
}

async function hour() {
  const clock = new VirtualClock();
  const loop = new IOLoop({ clock });
  const said = [];
  loop.timer(3600, () => said.push(clock.now()));
  const running = loop.start();
  await clock.advance(3600);
  await running;
  return said.join();
}

function wrong() {
  try {
    new IOLoop().timer(-1, () => {});
  } catch (error) {
    return [error instanceof RangeError || error.name, error.code].join();
  }
}
`;

const CASES = `
const cases = { talk: [talk, "ping pong,timer"], hour: [hour, "3600000"], wrong: [wrong, "true,ERR_IOLOOP_OUT_OF_RANGE"] };
for (const [name, [body, expected]] of Object.entries(cases)) {
  test(name, async () => {
    if (process.env.TIMERS === "fake") useFake();
    try {
      same(await body(), expected);
    } finally {
      if (process.env.TIMERS === "fake") useReal();
    }
  }, 5000);
}
`;

/** @param {string} begin @param {string} [pass] what lets the time of fake timers pass for the loop too, where it is theirs */
const inRunner = (begin, pass = "() => {}") => `${begin}const pass = ${pass};\n${TESTS}${CASES}`;

// Fake timers of `bun test` hold the clocks inside the runtime: those of a loop, too.
const FILES = {
  "jest/all.test.mjs": inRunner(`import { expect, jest, test } from "@jest/globals";
const [useFake, useReal] = [() => jest.useFakeTimers(), () => jest.useRealTimers()];
const same = (got, expected) => expect(got).toBe(expected);
`),
  "vitest/all.test.mjs": inRunner(`import { expect, test, vi } from "vitest";
const everything = ["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "performance", "Date"];
const [useFake, useReal] = [() => vi.useFakeTimers({ toFake: everything }), () => vi.useRealTimers()];
const same = (got, expected) => expect(got).toBe(expected);
`),
  "node/all.test.mjs": inRunner(`import * as assert from "node:assert/strict";
import { mock, test as nodeTest } from "node:test";
const test = (name, body, timeout) => nodeTest(name, { timeout }, body);
const [useFake, useReal] = [() => mock.timers.enable(), () => mock.timers.reset()];
const same = assert.equal;
`),
  "bun/all.test.mjs": inRunner(
    `import { expect, jest, test } from "bun:test";
const [useFake, useReal] = [() => jest.useFakeTimers(), () => jest.useRealTimers()];
const same = (got, expected) => expect(got).toBe(expected);
`,
    "(ms) => jest.advanceTimersByTime(ms)",
  ),
  "jest.config.json": '{ "testMatch": ["**/jest/*.test.mjs"], "transform": {} }\n',
  "vitest.config.mjs": 'export default { test: { include: ["vitest/*.test.mjs"], watch: false } };\n',
};

/** @param {import("./report.mjs").Report} report @param {import("./workshop.mjs").Workshop} workshop @param {boolean} short */
export async function runners(report, workshop, short) {
  const folder = workshop.with(short ? "runners-short" : "runners", short ? {} : TOOLS, FILES);
  const module = (/** @type {string} */ path) => join(folder, "node_modules", path);

  /** @param {string} title @param {readonly string[]} command */
  const both = async (title, command) => {
    for (const TIMERS of ["real", "fake"]) {
      await report.check(`${title}, ${TIMERS} timers`, async () => {
        const { output, errors } = await run(folder, command, { TIMERS }, SECONDS);
        const all = output + errors;
        if (!/\b3 (?:passed|pass\b)|pass 3\b/.test(all)) throw new Error(`not 3 passed:\n${all}`);
        if (/did not exit|Unhandled|warning/i.test(all)) throw new Error(all);
      });
    }
  };
  for (const name of ["node", "node-22", "node-24", "node-26"]) {
    const node = programs[name];
    if (!node || (short && name !== "node")) continue;
    const { output } = await run(folder, [node, "--version"]);
    const command = [node, "--no-warnings", "--test-reporter=tap", "--test", "node/all.test.mjs"];
    await both(`node:test, Node ${output.trim().slice(1)}`, command);
  }
  if (short) return;
  const jest = [programs.node, "--experimental-vm-modules", "--no-warnings", module("jest/bin/jest.js")];
  const command = [...jest, "--config", "jest.config.json", "--runInBand"];
  await both("Jest", command);
  await report.check("Jest, nothing is left open", async () => {
    const { output, errors } = await run(folder, [...command, "--detectOpenHandles"], {}, SECONDS);
    if (/open handle/.test(output + errors)) throw new Error(output + errors);
  });
  if (newest) await both("Vitest", [newest, module("vitest/vitest.mjs"), "run"]);
  else report.leaveOut("Vitest", "needs Node 22: npm run runtimes");
  if (programs.bun) await both("bun test", [programs.bun, "test", "bun/all.test.mjs"]);
}
