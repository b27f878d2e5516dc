// The build of the module is reproducible.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { harness } from "../support/harness.ts";
import { root } from "../support/paths.ts";

const test = harness("rebuild");

mkdirSync(join(root, "build"), { recursive: true });

test("the same source gives the same bytes", () => {
  const folder = mkdtempSync(join(root, "build/rebuild-"));
  try {
    const file = join(folder, "again.wasm");
    const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
    execFileSync(process.env["TEST_NODE"] ?? "node", [asc, "--target", "release", "--outFile", file], {
      cwd: root,
      stdio: ["ignore", "ignore", "pipe"],
    });
    assert.ok(readFileSync(file).equals(readFileSync(join(root, "dist/core.wasm"))));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
