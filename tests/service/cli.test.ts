// The command as a user starts it: where it listens, its answers, its end, its errors and exit codes.

import { readFileSync, rmSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { request as secureRequest } from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Program } from "../examples/example-process.ts";
import { Authority } from "../support/certificates.ts";
import { deferred, harness, isBun, isDeno, peer, script, until } from "../support/harness.ts";
import { root } from "../support/paths.ts";

const test = harness("cli");

// Deno reports the signal that was sent, even if the process has ended by itself.
const STOPPED = isDeno ? "SIGTERM" : "code 0";
const COMMAND = join(root, "dist/cli.js");
mkdirSync(join(root, "build"), { recursive: true });
const folder = mkdtempSync(join(root, "build/cli-")); // here, so that programs can import the package by name
process.on("exit", () => rmSync(folder, { recursive: true }));

/** Writes a program, and returns its path, relative to the root as a user would give it. */
function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name).slice(root.length);
}

const HELLO = file(
  "hello.mjs",
  "export default (request, response) => response.end(`Hello from ${process.pid}\\n`);\n",
);

/** Runs the command while `use` runs. Without a manager, unless the arguments have `--workers`. */
async function running<T>(args: readonly string[], use: (it: Program) => Promise<T>): Promise<T> {
  const alone = args.includes("--workers") ? [] : ["--workers", "0"];
  const it = new Program(process.execPath, [
    ...script(COMMAND),
    ...alone,
    "--port",
    "0",
    "--address",
    "127.0.0.1",
    ...args,
  ]);
  try {
    return await use(it);
  } finally {
    it.kill("SIGKILL");
    await it.ending();
  }
}

/** Runs the command until it ends. */
async function result(...args: string[]): Promise<{ how: string; output: string; errors: string }> {
  const it = new Program(process.execPath, [...script(COMMAND), ...args]);
  const how = await it.ending();
  return { how, output: it.output, errors: it.errors };
}

async function url(it: Program): Promise<string> {
  return (await it.says(/^Listening on (\S+)$/m))[1]!;
}

async function get(address: string, options: object = {}): Promise<string> {
  const answer = deferred<IncomingMessage>();
  const send = address.startsWith("https:") ? secureRequest : request;
  send(address, { agent: false, ...options }, answer.resolve)
    .on("error", answer.reject)
    .end();
  const response = await answer.promise;
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return text;
}

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

test("a program that cannot be served: code 1, and one message without our frames", async () => {
  const top = file("throws.mjs", "function start() {\n  throw new Error('no database');\n}\nstart();\n");
  const later = file("fails.mjs", "export async function setUp() {\n  throw new TypeError('no queue');\n}\n");
  for (const [program, workers, says] of [
    [top, "2", /^wasm-ioloop: Error: no database\n\s+at start \([^\n]*throws\.mjs:2:/m],
    [later, "0", /^wasm-ioloop: TypeError: no queue\n[^\n]*fails\.mjs:2:/m],
  ] as const) {
    const { how, output, errors } = await result(program, "--workers", workers, "--port", "0");
    assert.is(how, "code 1", errors);
    assert.is(output, "");
    assert.match(errors, says);
    assert.not.match(errors, /dist\/|node:internal/, errors);
    assert.is(errors.match(/^wasm-ioloop: /gm)?.length, 1, errors);
  }
});

test("an error that nothing has caught is cut and escaped, also as JSON, and the worker is replaced", async () => {
  const program = file(
    "crash.mjs",
    "export const setUp = (loop, worker) => worker.id === 1 && setTimeout(() => {\n" +
      "  throw new Error('\\u001b[31mred' + 'x'.repeat(1e6));\n}, 100);\nexport default () => {};\n",
  );
  const { how, errors } = await result(program, "--workers", "0", "--port", "0");
  assert.is(how, "code 1");
  assert.match(errors, /^wasm-ioloop: uncaughtException: Error: \\x1b\[31mredx+/m);
  assert.ok(errors.length < 10_000, `${errors.length}`);
  if (isDeno) return; // its cluster loses connections
  await running([program, "--workers", "1", "--json"], async (it) => {
    await it.errorsSay(/"event":"gone"[^]*"event":"up"/);
    const events = it.errors
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { event: string }).event);
    assert.ok(events.includes("error"), it.errors);
    assert.ok(it.errors.length < 20_000, `${it.errors.length}`);
  });
});

test("a file that is not there, a wrong option: codes 1 and 2; the version: 0", async () => {
  const short = HELLO.replace(".mjs", "");
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  assert.equal(await Promise.all([result(short), result("--worker", "2", HELLO), result("--version")]), [
    { how: "code 1", output: "", errors: `wasm-ioloop: there is no file ${short}; did you mean ${HELLO}?\n` },
    {
      how: "code 2",
      output: "",
      errors:
        "wasm-ioloop: unknown option --worker; did you mean --workers?\nUsage: wasm-ioloop [OPTIONS] FILE; see wasm-ioloop --help\n",
    },
    { how: "code 0", output: `${version}\n`, errors: "" },
  ]);
});

test("a port in use: code 1, and the message says which", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  const where = `127.0.0.1:${(other.address() as AddressInfo).port}`;
  try {
    const { how, errors } = await result(HELLO, "--workers", "1", "--port", where.split(":")[1]!);
    assert.is(how, "code 1");
    const message = `cannot listen on ${where}: it is in use, by another program or by a listen() of this one; stop that, or choose another --port (EADDRINUSE)`;
    assert.match(errors, /^prefork \d+: starting 1 workers\n/);
    assert.is(errors.split("\n").slice(1).join("\n"), `wasm-ioloop: ${message}\n`);
  } finally {
    other.close();
  }
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
