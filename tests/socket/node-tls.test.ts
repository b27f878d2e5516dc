// node-tls.ts: the runtime's TLS is loaded only when it is needed.

import { spawnSync } from "node:child_process";
import * as assert from "uvu/assert";
import { Authority } from "../support/certificates.ts";
import { evaluate, harness, isBun, isDeno } from "../support/harness.ts";
import { root } from "../support/paths.ts";

const test = harness("node-tls");

function output(source: string): string {
  const { stdout, stderr } = spawnSync(process.execPath, evaluate(source), {
    cwd: root,
    encoding: "utf8",
    timeout: 20_000,
  });
  return stdout + stderr;
}

test("a loop without TLS does not load it", () => {
  if (isBun || isDeno) return; // only Node can show it
  const source = `
    import { IOLoop } from "wasm-ioloop";
    const isLoaded = () => process.moduleLoadList.includes("NativeModule tls");
    const before = isLoaded();
    const loop = new IOLoop();
    const id = loop.server((_loop, stream) => stream.close());
    const { port } = loop.acceptor(id);
    loop.client({ port }, () => loop.stop());
    await loop.start();
    console.log(before, isLoaded());
    loop.client({ port, tls: true }, () => loop.stop());
    await loop.start();
    console.log(isLoaded());
    process.exit();
  `;
  assert.is(output(source), "false false\ntrue\n");
});

test("it is loaded on runtimes without process.getBuiltinModule", () => {
  const authority = new Authority();
  const { cert, key } = authority.sign("localhost", "IP:127.0.0.1");
  const source = `
    process.getBuiltinModule = undefined;
    const { IOLoop } = await import("wasm-ioloop");
    const [tlsCert, tlsKey, tlsCa] = ${JSON.stringify([cert, key, authority.ca.cert])};
    const loop = new IOLoop();
    const id = loop.server({ tls: true, tlsCert, tlsKey }, (_loop, stream) => stream.write("hello").closeGracefully());
    await loop.acceptor(id).ready;
    loop.client({ port: loop.acceptor(id).port, tls: true, tlsCa }, (loop, error, stream) => {
      if (error) console.log(error);
      else stream.on("read", (_stream, chunk) => console.log(String(chunk)));
      stream?.on("close", () => loop.stop());
      if (error) loop.stop();
    });
    await loop.start();
    process.exit();
  `;
  assert.is(output(source), "hello\n");
});
