// The options of the command: what they become, and what is said about wrong ones.

import * as assert from "uvu/assert";
import { HELP } from "../../host/service/cli-help.ts";
import { OPTIONS, parse, renamed } from "../../host/service/cli-options.ts";
import { UsageError } from "../../host/service/cli-values.ts";
import { harness } from "../support/harness.ts";

const test = harness("cli-options");

const read = (line: string, env: Record<string, string> = {}): unknown => parse(line.split(" ").filter(Boolean), env);

function refusal(line: string, env: Record<string, string> = {}): string {
  try {
    read(line, env);
  } catch (error) {
    assert.instance(error, UsageError, String(error));
    return (error as Error).message;
  }
  return "nothing";
}

test("each option goes where it belongs", () => {
  assert.equal(read("app.mjs"), {
    kind: "run",
    file: "app.mjs",
    args: [],
    prefork: {},
    loop: {},
    listen: {},
    http: {},
    admin: {},
  });
  assert.equal(read("-p 0 app.mjs -w 2 --max-connections=10 -- --port x y"), {
    kind: "run",
    file: "app.mjs",
    args: ["--port", "x", "y"],
    prefork: { workers: 2 },
    loop: { maxConnections: 10, multiAccept: 1 },
    listen: { port: 0 },
    http: {},
    admin: {},
  });
  const more =
    "app.mjs --queue adaptive --keep-alive-timeout 75 --idle-timeout 1.5 --max-memory 512M --reuse-port --json --address ::1 --cert c --key k";
  assert.equal(read(more), {
    kind: "run",
    file: "app.mjs",
    args: [],
    prefork: { maxMemory: 512 * 2 ** 20, sharing: "reusePort", json: true },
    loop: { queue: "adaptive" },
    listen: { idleTimeout: 1.5, address: "::1", tlsCert: "c", tlsKey: "k" },
    http: { keepAliveTimeout: 75 },
    admin: {},
  });
  const { listen, admin } = read(
    "app.mjs --activation=web --proxy-protocol required --proxy-trust 10.0.0.0/8,::1 --admin [::1]:3001",
  ) as Record<string, unknown>;
  assert.equal(listen, { activation: "web", proxyProtocol: "required", proxyTrust: ["10.0.0.0/8", "::1"] });
  assert.equal(admin, { at: { address: "::1", port: 3001 } });
  for (const [text, at] of [
    ["0", { port: 0 }],
    ["localhost:3001", { address: "localhost", port: 3001 }],
    ["./admin.sock", { path: "./admin.sock" }],
  ] as const) {
    assert.equal((read(`--activation app.mjs --admin ${text}`) as Record<string, unknown>)["admin"], { at });
  }
  assert.equal(read("app.mjs --help"), { kind: "help" });
  assert.equal(read("-v"), { kind: "version" });
});

test("PORT and WEB_CONCURRENCY count where the option is not given", () => {
  const { listen, prefork } = read("a.mjs", { PORT: "8080", WEB_CONCURRENCY: "3" }) as Record<string, unknown>;
  assert.equal([listen, prefork], [{ port: 8080 }, { workers: 3 }]);
  const given = read("a.mjs -p 1 -w 0", { PORT: "8080", WEB_CONCURRENCY: "3" }) as Record<string, unknown>;
  assert.equal([given["listen"], given["prefork"]], [{ port: 1 }, { workers: 0 }]);
  assert.equal((read("a.mjs --path s", { PORT: "8080" }) as Record<string, unknown>)["listen"], { path: "s" });
  const passed = read("a.mjs --activation", { PORT: "8080" }) as Record<string, unknown>;
  assert.equal(passed["listen"], { activation: true });
  assert.equal((read("a.mjs", { PORT: "" }) as Record<string, unknown>)["listen"], {});
  assert.is(
    refusal("a.mjs", { PORT: "http" }),
    'PORT in the environment must be a whole number from 0 to 65535, not "http"',
  );
});

test("a number of workers if nothing says it", () => {
  const workers = (line: string, env: Record<string, string> = {}): unknown =>
    (parse(line.split(" "), env, 8) as { prefork?: Record<string, unknown> }).prefork?.["workers"];
  assert.equal([workers("a.mjs"), workers("a.mjs", { WEB_CONCURRENCY: "2" }), workers("a.mjs -w 0")], [8, 2, 0]);
});

test("a wrong option: the message says what is right", () => {
  const messages = {
    "": "FILE is missing",
    "a.mjs b.mjs": 'one FILE only, but there is also "b.mjs"; arguments of the program follow --',
    "a.mjs --worker 2": "unknown option --worker; did you mean --workers?",
    "a.mjs --maxConnections 2": "unknown option --maxConnections; did you mean --max-connections?",
    "a.mjs --host ::": "unknown option --host; did you mean --address?",
    "a.mjs --tlsCert x": "unknown option --tlsCert; did you mean --cert?",
    "a.mjs --frobnicate": "unknown option --frobnicate",
    "a.mjs -x": "unknown option -x",
    "a.mjs --port": "--port needs a value",
    "a.mjs --json=1": "--json takes no value",
    "a.mjs --port 70000": '--port must be a whole number from 0 to 65535, not "70000"',
    "a.mjs --port -1": '--port must be a whole number from 0 to 65535, not "-1"',
    "a.mjs --delay 1e3": '--delay must be a finite number of seconds, 0 or more, not "1e3"',
    "a.mjs --queue lifo": '--queue must be "fifo" or "adaptive", not "lifo"',
    "a.mjs --max-memory much": '--max-memory must be a number of bytes, such as 512M or 2G, not "much"',
    "a.mjs --path x --port 1": "--path and --port cannot be combined",
    "a.mjs --activation --port 1": "--activation and --port cannot be combined",
    "a.mjs --activation --reuse-port": "--activation and --reuse-port cannot be combined",
    "a.mjs --activation=": '--activation must be the name of a socket, not ""',
    "--activation web a.mjs": 'one FILE only, but there is also "a.mjs"; the name of a socket follows --activation=',
    "a.mjs --proxy-protocol v2": '--proxy-protocol must be "required" or "optional", not "v2"',
    "a.mjs --proxy-protocol required --proxy-trust 10.0.0.0/33":
      '--proxy-trust must be addresses and networks with commas between them, such as 10.0.0.0/8,192.0.2.1, not "10.0.0.0/33"',
    "a.mjs --proxy-protocol required --proxy-trust fe80::1%lo":
      '--proxy-trust must be addresses and networks with commas between them, such as 10.0.0.0/8,192.0.2.1, not "fe80::1%lo"',
    "a.mjs --proxy-trust ::1": "--proxy-trust needs --proxy-protocol",
    "a.mjs --target-wait 1": "--target-wait needs --queue adaptive",
    "a.mjs --proxy required": "unknown option --proxy; did you mean --proxy-protocol?",
    "a.mjs --admin localhost":
      '--admin must be a port, ADDRESS:PORT, or the path of a UNIX domain socket with a / in it, not "localhost"',
    "a.mjs --admin :3001":
      '--admin must be a port, ADDRESS:PORT, or the path of a UNIX domain socket with a / in it, not ":3001"',
    "a.mjs --admin 3001 -p 3001": "--admin and --port must be different ports",
    "a.mjs --admin 0 --reuse-port": "with --reuse-port, --admin needs a port other than 0",
    "a.mjs --cert x": "--cert needs --key",
    "a.mjs --key x": "--key needs --cert",
    "a.mjs --reuse-port --port 0": "--reuse-port needs a port other than 0",
    "a.mjs --workers 0 --accepts 5": "--accepts needs workers, and there are none; give --workers 1 or more",
  };
  for (const [line, message] of Object.entries(messages)) assert.is(refusal(line), message, line);
});

test("messages about options of prefork and serve have the names of the command", () => {
  const messages = {
    'prefork: option "heartbeatTimeout" must be more than "heartbeatInterval", which is 10, not 5':
      "--heartbeat-timeout must be more than --heartbeat-interval, which is 10, not 5",
    'serve: option "tlsCert": ENOENT: no such file': "--cert: ENOENT: no such file",
    'server: option "reuse" needs Linux': "--reuse-port needs Linux",
    'cannot read "port"': 'cannot read "port"',
  };
  for (const [message, here] of Object.entries(messages)) assert.is(renamed(message), here);
});

test("the help fits on a screen, and names only options that exist", () => {
  const lines = HELP.split("\n");
  assert.ok(lines.length <= 24, `${lines.length} lines`);
  assert.equal(
    lines.filter((line) => line.length > 80),
    [],
  );
  const known = new Set([...Object.keys(OPTIONS), "help", "version"]);
  const named = [...HELP.matchAll(/--([a-z][\w-]*)/g)].map((match) => match[1]!);
  assert.ok(named.length > 15);
  assert.equal(
    named.filter((name) => !known.has(name)),
    [],
  );
});
