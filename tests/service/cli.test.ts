// The command as a user starts it: where it listens, its answers, its end.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Authority } from "../support/certificates.ts";
import { harness, isBun, isDeno, peer, until } from "../support/harness.ts";
import { HELLO, STOPPED, file, folder, get, result, running, url } from "./command.ts";

const test = harness("cli");

test("one process, with TLS: it says where it listens, serves, and ends with code 0 at a signal", async () => {
  const authority = new Authority();
  const { certPath, keyPath } = authority.sign("localhost");
  await running([HELLO, "--cert", certPath, "--key", keyPath], async (it) => {
    const address = await url(it);
    assert.match(address, /^https:\/\/127\.0\.0\.1:\d+$/);
    const answer = await get(address, { ca: authority.ca.cert, servername: "localhost" });
    assert.is(answer, `Hello from ${it.pid}\n`);
    it.kill("SIGTERM");
    assert.is(await it.ending(), STOPPED);
    assert.is(it.output, `Listening on ${address}\n`);
    assert.is(it.errors, "");
  });
});

test("one process: a Ctrl-C that `bun run` passes on again stops it gracefully, a later one ends it at once; health checks", async () => {
  if (isDeno) return; // an early signal ends it
  await running([HELLO, "--delay", "60", "--admin", "0"], async (it) => {
    const address = await url(it);
    const [, health = ""] = await it.errorsSay(/ health checks: \/healthz and \/readyz at (\S+)$/m);
    assert.match(await get(`${health}/readyz`), /^\{"status":"ready"/);
    for (const signal of ["SIGINT", "SIGINT", "SIGTERM"] as const) it.kill(signal);
    for (;;) if (/"not ready"/.test(await get(`${health}/readyz`))) break;
    assert.is(await get(address), `Hello from ${it.pid}\n`);
    const ended = it.ending();
    const again = setInterval(() => it.kill("SIGINT"), 600);
    assert.is(await ended, "SIGINT");
    clearInterval(again);
  });
});

test("several workers: each loads the program, and the manager does not", async () => {
  const program = file(
    "counted.mjs",
    'import { appendFileSync } from "node:fs";\n' +
      "appendFileSync(process.argv[2], `${process.pid}\\n`);\n" +
      'export const setUp = (loop, worker, options) => loop.on("finish", () => console.error(options.port, worker.generation));\n' +
      "export default { fetch: () => new Response(String(process.pid)) };\n",
  );
  const log = join(folder, "loaded");
  await running(["--workers", "2", program, "--", log], async (it) => {
    const address = await url(it);
    await it.errorsSay(/ 2 workers are up$/m);
    const pids = readFileSync(log, "utf8").trim().split("\n");
    assert.is(pids.length, 2);
    assert.not.ok(pids.includes(String(it.pid)));
    assert.ok(pids.includes(await get(address)));
    it.kill("SIGTERM");
    assert.is(await it.ending(), STOPPED);
    assert.is(it.output, `Listening on ${address}\n`);
    assert.is(it.errors.match(/^0 1$/gm)?.length, 2);
  });
});

test("a server that setUp makes", async () => {
  const program = file(
    "loop.mjs",
    "export function setUp(loop, worker, options) {\n" +
      "  return loop.server(options, (loop, stream) => stream.write(`Worker ${worker.id}\\n`).closeGracefully());\n}\n",
  );
  await running([program], async (it) => {
    const [, port] = /^127\.0\.0\.1:(\d+)$/.exec(await url(it)) ?? [];
    assert.is(await peer({ port: Number(port) }).ended, "Worker 1\n");
  });
});

test("the examples: a handler with setUp, and a web handler in TypeScript where the runtime runs that", async () => {
  await running(["examples/command/app.mjs"], async (it) => {
    const address = await url(it);
    assert.is(await get(address), `Hello from process ${it.pid}, worker 1 of generation 1\n`);
    assert.is(await get(`${address}/health`), "ok\n");
  });
  const program = "examples/command/fetch.ts";
  if (isBun || isDeno || (process.features as { typescript?: unknown }).typescript) {
    await running([program], async (it) => {
      const address = await url(it);
      assert.is(await get(address), "Nothing to echo\n");
      const client = peer({ port: Number(new URL(address).port) });
      client.socket.write("GET /time HTTP/1.1\r\nHost: a\r\n\r\n");
      await until(() => /\r\ndata: \d{4}-/.test(client.text()));
      client.socket.destroy();
    });
  } else {
    assert.match((await result(program, "--workers", "0")).errors, /fetch\.ts: Node [\d.]+ does not run TypeScript: /);
  }
});
