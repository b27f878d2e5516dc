// Runtimes with restricted permissions.

import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { harness, isBun, isDeno } from "../support/harness.ts";
import { root } from "../support/paths.ts";

const test = harness("permissions");

const NET = process.allowedNodeEnvironmentFlags.has("--allow-net");

/** The output of a program that runs with these permissions. */
function run(source: string, ...permissions: string[]): string {
  const file = fileURLToPath(new URL(`permitted-${process.pid}.mjs`, import.meta.url)); // to load the package
  writeFileSync(file, source);
  try {
    const args = isDeno ? ["run", "--quiet", "--no-prompt", ...permissions, file] : [...permissions, file];
    const { stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: root,
      encoding: "utf8",
      timeout: 20_000,
      env: { ...process.env, IOLOOP_DEBUG: "1" },
    });
    return stdout + stderr.replaceAll(/.*(ExperimentalWarning|--trace-warnings).*\n/g, "");
  } finally {
    rmSync(file);
  }
}

const ROUND_TRIP = `import { IOLoop } from "wasm-ioloop";
  const loop = new IOLoop();
  const id = loop.server({}, (loop, stream) => {
    stream.on("read", (stream, chunk) => stream.write(chunk).closeGracefully());
  });
  loop.client({ port: loop.acceptor(id).port }, (loop, error, stream) => {
    if (error) throw error;
    stream.write("hello").on("read", (_stream, chunk) => console.log(String(chunk)));
    stream.on("close", () => loop.remove(id));
  });
  await loop.start();`;

const REFUSED = `import { IOLoop } from "wasm-ioloop";
  const loop = new IOLoop();
  try {
    loop.server({}, () => {});
  } catch (error) {
    console.log(error.code);
  }
  await loop.start();
  console.log("done");`;

if (isDeno) {
  test("permission for the network is enough; the environment is not requested", () => {
    assert.is(run(ROUND_TRIP, "--allow-net"), "hello\n");
  });

  test("environment variables count if they may be read", () => {
    const text = run(ROUND_TRIP, "--allow-net", "--allow-env=IOLOOP_DEBUG");
    assert.match(text, /^hello$/m);
    assert.match(text, /^IOLoop: connection 1\.0 connects/m);
  });
}

if (!isDeno && !isBun && NET) {
  test("without the network, creating a server throws, and the loop waits for nothing", () => {
    const read = `--allow-fs-read=${root}`;
    const text = run(REFUSED, "--permission", read);
    assert.match(text, /^ERR_ACCESS_DENIED\ndone$/m);
    assert.match(run(ROUND_TRIP, "--permission", "--allow-net", read), /^hello$/m);
  });
}

test("with all permissions, everything works as usual", () => {
  assert.match(run(ROUND_TRIP, ...(isDeno ? ["--allow-all"] : [])), /^hello$/m);
});
