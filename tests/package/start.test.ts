// What a program that starts pays for: the modules of the runtime that it loads, and what a bundle of it contains.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { build } from "rolldown";
import * as assert from "uvu/assert";
import { Client } from "wasm-ioloop";
import { evaluate, harness, inFolder, isBun, isDeno } from "../support/harness.ts";
import { root } from "../support/paths.ts";

const test = harness("start");

test("a server that listens loads no module of the runtime beside those of sockets", () => {
  if (isBun || isDeno) return; // only Node tells which modules are loaded
  const source = `
    import "node:net";
    import "node:module";
    const before = new Set(process.moduleLoadList);
    const { IOLoop } = await import("wasm-ioloop");
    new IOLoop().server({}, () => {});
    console.log(process.moduleLoadList.filter((name) => !before.has(name)).join());
    process.exit();`;
  const { stdout, stderr } = spawnSync(process.execPath, evaluate(source), { cwd: root, encoding: "utf8" });
  assert.is(stderr, "");
  assert.equal(
    stdout.split(",").filter((name) => /cluster|child_process|dgram|tls|crypto|http|timers\/promises/.test(name)),
    [],
    stdout,
  );
});

test("modules of the runtime are also loaded where it cannot be asked for one", async () => {
  if (isDeno || process.platform === "win32") return; // Deno has always had that function
  const source = `
    process.getBuiltinModule = undefined; // as before Node 20.16
    const { IOLoop } = await import("wasm-ioloop");
    const loop = new IOLoop();
    const path = process.env.TEST_PATH;
    loop.server({ path, mode: 0o600 }, (loop, stream) => stream.write("echo").closeGracefully());
    loop.client({ path }, (loop, err, stream) => {
      stream.on("read", (stream, chunk) => console.log(String(chunk)));
      stream.on("close", () => loop.stop());
    });
    await loop.start();
    loop.reset();`;
  await inFolder(async (folder) => {
    const env = { ...process.env, TEST_PATH: join(folder, "socket") };
    const { stdout, stderr } = spawnSync(process.execPath, evaluate(source), { cwd: root, encoding: "utf8", env });
    assert.is(stderr, "");
    assert.is(stdout, "echo\n");
  });
});

/** The code of a bundle of a program. */
async function bundled(program: string): Promise<string> {
  const entry = join(root, "entry.mjs"); // the package is found from there
  const { output } = await build({
    input: entry,
    platform: "node",
    write: false,
    plugins: [
      { name: "entry", resolveId: (id) => (id === entry ? id : null), load: (id) => (id === entry ? program : null) },
    ],
  });
  return output[0].code;
}

test("a bundle has only what the program uses", async () => {
  if (isBun || isDeno) return; // a bundle does not depend on the runtime
  const classes = ["EventEmitter", "Reactor", "Client", "Server", "Stream", "Delay", "IOLoop"];
  const expected: Readonly<Record<string, readonly string[]>> = {
    IOLoopError: [],
    SystemClock: [],
    EventEmitter: ["EventEmitter"],
    Reactor: ["EventEmitter", "Reactor"],
    Client: ["EventEmitter", "Reactor", "Client"],
    Server: ["EventEmitter", "Reactor", "Server"],
    Stream: ["EventEmitter", "Reactor", "Stream"],
    IOLoop: classes,
  };
  for (const [name, used] of Object.entries(expected)) {
    const code = await bundled(`import { ${name} } from "wasm-ioloop";\nconsole.log(${name});`);
    const found = classes.filter((one) => new RegExp(`\\bclass ${one} |\\b${one} = class `).test(code));
    assert.equal(found, used, name);
  }
});

test("a method that a program has replaced before there was an object stays replaced", () => {
  const { prototype } = Client;
  const { close } = prototype; // oxlint-disable-line typescript/unbound-method -- it is put back
  const calls: unknown[] = [];
  const mock = Object.assign((...args: unknown[]) => void calls.push(args), { calls });
  prototype.close = mock;
  try {
    const client = new Client();
    client.close();
    assert.is(prototype.close, mock);
    assert.equal(calls, [[]]);
  } finally {
    prototype.close = close;
  }
});
