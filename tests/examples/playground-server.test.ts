// The server of the playground, and the pictures of it.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { harness, script } from "../support/harness.ts";
import { root } from "../support/paths.ts";
import { served } from "./playground-page.ts";
import { coloursOf, decodePng } from "./png.ts";

const test = harness("playground-server");

/** The raw response to a request. */
function request(port: number, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () =>
      socket.write(`${line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`),
    );
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    socket.on("end", () => socket.end());
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
  });
}

test("the server serves the files of the page, and nothing else", async () => {
  await served(async (origin) => {
    const port = Number(new URL(origin).port);
    const status = async (line: string): Promise<string> => (await request(port, line)).slice(9, 12);
    assert.match(await request(port, "GET /"), /302[^]*location: \/examples\/playground\/\r/i);
    const page = await request(port, "GET /examples/playground/?preset=calm");
    assert.match(page, /^HTTP\/1.1 200[^]*content-type: text\/html[^]*<title>wasm-ioloop playground/i);
    assert.match(await request(port, "GET /dist/core.js"), /^HTTP\/1.1 200[^]*text\/javascript/i);
    assert.match(await request(port, "HEAD /dist/core.js"), /^HTTP\/1.1 200[^]*\r\n\r\n$/);
    for (const path of [
      "/package.json",
      "/node_modules/uvu/dist/index.js",
      "/node_modules/@assemblyscript/loader/index.js",
      "/dist/..%2fbuild%2ftests%2fharness.js",
      "/dist/",
      "/dist/core.wasm",
      "/nowhere",
      "/examples/playground",
      "/examples/playground/serve.mjs",
      "/examples/playground/../../package.json",
      "/examples/playground/..%2f..%2fhost%2fcore.ts",
      "/dist/../examples/synopsis.mjs",
      "/dist/..%2f..%2f..%2f..%2fetc/passwd",
      "/../../../../etc/passwd",
      "/dist/core.js%00.js",
      "/%",
      "//etc/passwd",
    ]) {
      assert.is(await status(`GET ${path}`), "404", path);
    }
    assert.is(await status("POST /dist/core.js"), "405");
  });
});

test("a wrong or taken port is one line", async () => {
  await served(async (origin) => {
    const taken = new URL(origin).port;
    for (const [port, message] of [
      [taken, `Port ${taken} is in use. Another one: npm run playground -- ${Number(taken) + 1}\n`],
      ["http", "The port must be a number from 0 to 65535, not http\n"],
    ] as const) {
      const file = join(root, "examples/playground/serve.mjs");
      const { status, stderr } = spawnSync(process.execPath, [...script(file), port], { encoding: "utf8" });
      assert.equal([status, stderr], [1, message]);
    }
  });
});

test("the pictures in the documentation are images, and small", () => {
  for (const [name, width, height] of [
    ["playground", 1280, 800],
    ["playground-phone", 390, 844],
  ] as const) {
    const png = readFileSync(join(root, `docs/images/${name}.png`));
    assert.ok(png.length < 200_000, `${name}: ${png.length} bytes`);
    const image = decodePng(png);
    assert.is(image.width * height, image.height * width, name);
    assert.ok(coloursOf(image) > 100, name);
  }
});
