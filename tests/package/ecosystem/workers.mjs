// Cloudflare's runtime, which has neither Node nor a file system, and does not compile WebAssembly from bytes.

import { join } from "node:path";
import { newest, prints } from "./workshop.mjs";

const TOOLS = { miniflare: "4.20260730.0", esbuild: "0.28.2" };

const FILES = {
  "worker.mjs": `import { Core, Due } from "wasm-ioloop/core";
import module from "wasm-ioloop/core.wasm";
import { VirtualClock } from "wasm-ioloop/testing";

export default {
  async fetch() {
    const core = new Core(1, module);
    core.calls.handleTimer(1000, 0, 0);
    core.refresh();
    core.calls.handleTick(core.calls.pollDeadline());
    const count = core.calls.pollDue();
    const isDue = core.calls.handleDue(core.due[0]) === Due.ONCE;
    const clock = new VirtualClock();
    let rung = 0;
    clock.alarm(() => rung++).set(60_000);
    await clock.advance(60);
    let refused = "compiled";
    try {
      new Core(1);
    } catch (error) {
      refused = error.name;
    }
    return new Response([count, isDue, rung, clock.now(), refused].join());
  },
};
`,
  "serve.mjs": `import { build } from "esbuild";
import { Miniflare } from "miniflare";
const common = { bundle: true, format: "esm", conditions: ["workerd", "worker"], loader: { ".wasm": "copy" } };
await build({ ...common, entryPoints: ["worker.mjs"], outfile: "out/worker.mjs", assetNames: "[name]", logLevel: "warning" });
const modules = [
  { type: "ESModule", path: "out/worker.mjs" },
  { type: "CompiledWasm", path: "out/core.wasm" },
];
const worker = new Miniflare({ modules, modulesRoot: "out", compatibilityDate: "2026-01-01", cf: false });
try {
  console.log(await (await worker.dispatchFetch("http://worker/")).text());
} finally {
  await worker.dispose();
}
`,
};

/** @param {import("./report.mjs").Report} report @param {import("./workshop.mjs").Workshop} workshop @param {boolean} short */
export async function workers(report, workshop, short) {
  if (short) return report.leaveOut("Cloudflare's runtime", "its installation is large; run without --short");
  if (!newest) return report.leaveOut("Cloudflare's runtime", "Miniflare needs Node 22: npm run runtimes");
  const folder = workshop.with("workers", TOOLS, FILES);
  await report.check("Cloudflare's runtime: core with a module, testing", () =>
    prints("1,true,1,60000,CompileError\n", folder, [newest, join(folder, "serve.mjs")]),
  );
}
