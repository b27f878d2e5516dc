// What USR2 puts in service: the program, behind a symlink that was moved, and its settings as they are then.

import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Program } from "../examples/example-process.ts";
import { harness, isBun, isDeno, script } from "../support/harness.ts";
import { root } from "../support/paths.ts";

const test = harness("prefork-upgrade");

const SOURCE = `import { readFileSync } from "node:fs";
import { prefork } from "wasm-ioloop/prefork";
import { RELEASE } from "./release.mjs";
await prefork({ workers: 1 }, () => console.log("release", RELEASE, "settings", readFileSync(process.argv[2], "utf8")));
`;

test("a symlink that was moved, and settings that were changed", async () => {
  if (isDeno) return; // its cluster loses connections
  mkdirSync(join(root, "build"), { recursive: true });
  const folder = mkdtempSync(join(root, "build/upgrade-")); // here, so that the program can import the package by name
  const [current, settings] = [join(folder, "current"), join(folder, "settings")];
  let it: Program | undefined;
  try {
    for (const release of ["1", "2"]) {
      mkdirSync(join(folder, release));
      writeFileSync(join(folder, release, "app.mjs"), SOURCE);
      writeFileSync(join(folder, release, "release.mjs"), `export const RELEASE = ${release};\n`);
    }
    writeFileSync(settings, "old\n");
    symlinkSync("1", current);
    it = new Program(process.execPath, [...script(join(current, "app.mjs")), settings]);
    await it.says(/^release 1 settings old$/m);
    await it.errorsSay(/ 1 worker is up$/m);
    symlinkSync("2", `${current}.new`);
    renameSync(`${current}.new`, current);
    writeFileSync(settings, "new\n");
    it.kill("SIGUSR2");
    // Bun resolves the path of the program when it starts.
    await it.says(isBun ? /^release 1 settings new$/m : /^release 2 settings new$/m);
  } finally {
    it?.kill("SIGKILL");
    await it?.ending();
    rmSync(folder, { recursive: true });
  }
});
