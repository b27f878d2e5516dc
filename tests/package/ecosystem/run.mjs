// Checks the packed package with users' tools: package managers, compilers, bundlers, runtimes, test runners, workers.
//
//   npm run ecosystem [-- --short] [PART…]
//
// Tools of fixed versions are installed into build/ecosystem. With --short: the most fragile checks, in less than 90 s.

import { bundlers } from "./bundlers.mjs";
import { compilers } from "./compilers.mjs";
import { installers } from "./installers.mjs";
import { Report } from "./report.mjs";
import { runners } from "./runners.mjs";
import { runtimes } from "./runtimes.mjs";
import { workers } from "./workers.mjs";
import { Workshop } from "./workshop.mjs";

const PARTS = { installers, compilers, runtimes, bundlers, runners, workers };

const args = process.argv.slice(2);
const short = args.includes("--short");
const named = args.filter((arg) => arg !== "--short");
const unknown = named.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(", ")}; parts are ${Object.keys(PARTS).join(", ")}`);

const report = new Report();
const workshop = new Workshop();
for (const [name, part] of Object.entries(PARTS)) {
  if (named.length > 0 && !named.includes(name)) continue;
  console.log(`\n${name}`);
  await part(report, workshop, short);
}
console.log("");
report.end();
process.exitCode = report.failed > 0 ? 1 : 0;
