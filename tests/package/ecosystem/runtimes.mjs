// Every installed runtime: by import, by require, and with frozen intrinsics.

import { MODULE, REQUIRING, SAID } from "./talk.mjs";
import { prints, programs, run } from "./workshop.mjs";

const NAMES = ["node", "node-22", "node-24", "node-26", "bun", "deno"];

/** @param {import("./report.mjs").Report} report @param {import("./workshop.mjs").Workshop} workshop @param {boolean} short */
export async function runtimes(report, workshop, short) {
  const folder = workshop.with("runtimes", {}, { "talk.mjs": MODULE, "talk.cjs": REQUIRING });
  report.leaveOut("Node 20.0 to 20.18, require", "they cannot require an ES module; import is the same as in 20.19");
  for (const name of NAMES) {
    if (short && /22|24/.test(name)) continue; // the oldest and the newest
    const program = programs[name];
    if (!program) {
      report.leaveOut(name, "not installed: npm run runtimes");
      continue;
    }
    const { output } = await run(folder, [program, "--version"]);
    const title = `${name.replace(/-.*/, "")} ${/[\d.]+/.exec(output)?.[0]}`;
    const before = name === "deno" ? ["run", "--allow-all", "--no-prompt"] : [];
    await report.check(`${title}: import`, () => prints(SAID, folder, [program, ...before, "talk.mjs"]));
    await report.check(`${title}: require`, () => prints(SAID, folder, [program, ...before, "talk.cjs"]));
    if (!name.startsWith("node")) continue;
    const frozen = [program, "--frozen-intrinsics", "--no-warnings", "talk.mjs"];
    await report.check(`${title}: --frozen-intrinsics`, () => prints(SAID, folder, frozen));
    const mapped = [program, "--enable-source-maps", "trace.mjs"];
    await report.check(`${title}: --enable-source-maps shows the sources`, async () => {
      workshop.with("runtimes", {}, { "trace.mjs": TRACE });
      const { output } = await run(folder, mapped);
      if (!/wasm-ioloop[\\/]host[\\/]\S+\.ts:\d+/.test(output)) throw new Error(output);
    });
  }
}

const TRACE = `import { IOLoop } from "wasm-ioloop";
try {
  new IOLoop().timer(-1, () => {});
} catch (error) {
  console.log(error.stack);
}
`;
