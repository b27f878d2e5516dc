// The errors of the command: messages and exit codes.

import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Program } from "../examples/example-process.ts";
import { harness, isDeno, peer, script } from "../support/harness.ts";
import { root } from "../support/paths.ts";
import { ACTIVATE } from "./service.ts";
import { COMMAND, HELLO, file, get, result, running, url } from "./command.ts";

const test = harness("cli-errors");

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
    "export default (request, response) => {\n  response.end('x');\n  setTimeout(() => {\n" +
      "    throw new Error('\\u001b[31mred' + 'x'.repeat(1e6));\n  });\n};\n",
  );
  await running([program], async (it) => {
    await get(await url(it));
    assert.is(await it.ending(), "code 1");
    assert.match(it.errors, /^wasm-ioloop: uncaughtException: Error: \\x1b\[31mredx+/m);
    assert.ok(it.errors.length < 10_000, `${it.errors.length}`);
  });
  if (isDeno) return; // its cluster loses connections
  await running([program, "--workers", "1", "--json"], async (it) => {
    await it.errorsSay(/"event":"started"/);
    await get(await url(it));
    await it.errorsSay(/"event":"gone"[^]*"event":"up"/);
    const events = it.errors
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { event: string }).event);
    assert.ok(events.includes("error"), it.errors);
    assert.ok(it.errors.length < 20_000, `${it.errors.length}`);
  });
});

test("a rejection that nothing has caught ends a worker and a single process, unless the program has a listener", async () => {
  if (isDeno) return; // its cluster loses connections
  const text =
    "export default (request, response) => {\n  Promise.reject(new Error('later'));\n  response.end('x');\n};\n";
  const fails = file("rejects.mjs", text);
  await running([fails], async (it) => {
    await get(await url(it));
    assert.is(await it.ending(), "code 1");
    assert.match(it.errors, /^wasm-ioloop: unhandledRejection: Error: later\n\s+at /m);
  });
  await running([fails, "--workers", "1"], async (it) => {
    await it.errorsSay(/ 1 worker is up$/m);
    await get(await url(it));
    await it.errorsSay(/ has ended with code 1: Error: later\n\s+at [^]* is up$/m);
    assert.not.match(it.errors, /\\n|node:internal/);
  });
  const handles = file("handles.mjs", `${text}process.on('unhandledRejection', () => console.error('handled'));\n`);
  await running([handles, "--workers", "1"], async (it) => {
    await it.errorsSay(/ 1 worker is up$/m);
    await get(await url(it));
    await it.errorsSay(/^handled$/m);
    it.kill("SIGTERM");
    assert.is(await it.ending(), "code 0");
    assert.match(it.errors, / has ended with code 0$/m);
  });
});

test("a server that listens already is refused, with workers, too", async () => {
  const program = file(
    "listens.mjs",
    'import { createServer } from "node:http";\nexport default createServer(() => {}).listen(0, "127.0.0.1");\n',
  );
  for (const workers of isDeno ? ["0"] : ["0", "1"]) {
    const { how, errors } = await result(program, "--workers", workers, "--port", "0");
    assert.is(how, "code 1");
    assert.match(errors, "listens.mjs: its default export listens already: do not call listen");
  }
});

test("what cannot work is said before a process is started, with the option", async () => {
  const workers = isDeno ? [] : ["--workers", "1"]; // those options need some
  for (const [args, code, says] of [
    [["--cert", "none.pem", "--key", "none.key"], 1, "--cert: there is no file none.pem"],
    ...(isDeno
      ? []
      : ([
          [["--graceful-timeout", "0"], 2, "--graceful-timeout must be a finite number of seconds, more than 0, not 0"],
          [["--heartbeat-timeout", "0.1"], 2, "--heartbeat-timeout must be more than --heartbeat-interval"],
          [["--pid-file", "/none/x"], 1, "--pid-file: /none/x cannot be written: there is no folder /none\n"],
        ] as const)),
  ] as const) {
    const { how, errors } = await result(HELLO, ...workers, ...args);
    assert.is(how, `code ${code}`, errors);
    assert.ok(errors.startsWith(`wasm-ioloop: ${says}`), errors);
  }
});

test("where it cannot listen: a folder that is missing, the port of a server of setUp; and a program without a server", async () => {
  const path = await result(HELLO, "--workers", "0", "--path", "/none/x.sock");
  assert.equal(
    [path.how, path.errors],
    ["code 1", "wasm-ioloop: cannot listen on /none/x.sock: there is no folder /none\n"],
  );
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  const { port } = other.address() as AddressInfo;
  const program = file(
    "health.mjs",
    'import { admin } from "wasm-ioloop/admin";\nexport default () => {};\n' +
      "export const setUp = (loop) => void admin(loop, { port: Number(process.argv[2]) });\n",
  );
  try {
    const { how, output, errors } = await result(program, "--workers", "0", "--port", "0", "--", String(port));
    assert.equal([how, output], ["code 1", ""], errors);
    assert.match(errors, new RegExp(`^wasm-ioloop: cannot listen on 127\\.0\\.0\\.1:${port}: it is in use[^\n]*\n$`));
  } finally {
    other.close();
  }
  const empty = file("empty.mjs", "export const setUp = () => {};\n");
  await running([empty], (it) => it.errorsSay(/ no server listens: setUp of [^\n]*empty\.mjs has made none$/m));
});

test("notes: a socket that was passed and is not used, and a client that is not trusted to send a PROXY header", async () => {
  const args = [HELLO, "--workers", "0", "--port", "0", "--proxy-protocol", "required", "--proxy-trust", "192.0.2.1"];
  const it = new Program("perl", ["-e", ACTIVATE, process.execPath, ...script(COMMAND), ...args]);
  try {
    const [, port] = await it.says(/^Listening on http:.*:(\d+)$/m);
    await it.errorsSay(/ systemd has passed a socket \(LISTEN_FDS\), which is not used: --activation listens on it$/m);
    const client = peer({ port: Number(port) });
    await it.errorsSay(
      / 127\.0\.0\.1 was reset: it is not in --proxy-trust \(default loopback\), or its PROXY header is /m,
    );
    client.socket.destroy();
    await client.closed;
  } finally {
    it.kill("SIGKILL");
    await it.ending();
  }
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
    assert.match(errors, /^prefork \d+: starting 1 worker\n/);
    assert.is(errors.split("\n").slice(1).join("\n"), `wasm-ioloop: ${message}\n`);
  } finally {
    other.close();
  }
});
