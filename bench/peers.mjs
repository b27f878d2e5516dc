// The servers in the benches: ours and others. Those that are not installed are left out, and the report says why.

import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { lastLine, which } from "./processes.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "bench/peers");
const built = join(root, "build/bench");
const EVERYWHERE = ["node", "bun", "deno"];
const PLAIN = { keep: "keep", close: "close" };

/**
 * A server that may take part. `modes` lists what it supports, with the argument for its program: `keep` answers and keeps the connection,
 * `three` writes the answer in three pieces, `duplex` answers through a Duplex, `http` is a server of HTTP, `prefork` has a manager, `close` answers and closes, `refuse` has no room for clients,
 * `queued` has room for half of them.
 */
const PEERS = [
  {
    name: "ours",
    title: "wasm-ioloop",
    kinds: EVERYWHERE,
    file: "ours.mjs",
    modes: { ...PLAIN, three: "three", refuse: "refuse", duplex: "duplex" },
  },
  ...before(),
  {
    name: "ours-http",
    title: "node:http behind wasm-ioloop",
    kinds: EVERYWHERE,
    file: "node-http.mjs",
    modes: { http: "behind" },
  },
  {
    name: "ours-prefork-reuse",
    title: "one worker, reusePort",
    kinds: ["node", "bun"],
    file: "prefork.mjs",
    modes: { prefork: "reusePort" },
  },
  {
    name: "ours-prefork-cluster",
    title: "one worker, cluster",
    kinds: ["node", "bun"],
    file: "prefork.mjs",
    modes: { prefork: "cluster" },
  },
  {
    name: "ours-settings",
    title: "wasm-ioloop, every setting",
    kinds: EVERYWHERE,
    file: "queued.mjs",
    modes: { queued: "all" },
  },
  {
    name: "no-settings",
    title: "wasm-ioloop, no setting",
    kinds: EVERYWHERE,
    file: "queued.mjs",
    modes: { queued: "off" },
  },
  { name: "alone", title: "a loop without prefork", kinds: EVERYWHERE, file: "ours.mjs", modes: { prefork: "keep" } },
  { name: "node-http", title: "node:http", kinds: EVERYWHERE, file: "node-http.mjs", modes: { http: "alone" } },
  {
    name: "node-net",
    title: "node:net",
    kinds: EVERYWHERE,
    file: "node-net.mjs",
    modes: { keep: "keep", three: "three", close: "end", refuse: "limit", duplex: "keep" },
    titles: { close: "node:net, end()", refuse: "node:net, maxConnections" },
  },
  {
    name: "node-net-cork",
    title: "node:net, corked",
    kinds: EVERYWHERE,
    file: "node-net.mjs",
    modes: { pipelined: "cork", three: "three-cork" },
  },
  {
    name: "node-net-destroy-soon",
    title: "node:net, destroySoon()",
    kinds: EVERYWHERE,
    file: "node-net.mjs",
    modes: { close: "destroy-soon" },
  },
  {
    name: "node-net-reset",
    title: "node:net, resetAndDestroy()",
    kinds: EVERYWHERE,
    file: "node-net.mjs",
    modes: { refuse: "reset" },
  },
  {
    name: "node-raw",
    title: "raw handles, close()",
    kinds: ["node"],
    file: "node-raw.mjs",
    modes: { close: "close" },
  },
  {
    name: "node-raw-shutdown",
    title: "raw handles, shutdown(), then close()",
    kinds: ["node"],
    file: "node-raw.mjs",
    modes: { close: "shutdown" },
  },
  {
    name: "bun-listen",
    title: "Bun.listen",
    kinds: ["bun"],
    file: "bun-listen.mjs",
    modes: { ...PLAIN, refuse: "refuse" },
  },
  { name: "deno-listen", title: "Deno.listen", kinds: ["deno"], file: "deno-listen.mjs", modes: PLAIN },
  { name: "c-epoll", title: "C, epoll", modes: PLAIN, prepare: () => compiled("epoll") },
  {
    name: "c-libuv",
    title: "C, libuv",
    modes: PLAIN,
    prepare: () => compiled("libuv", { name: "uv", hint: "libuv1-dev" }),
  },
  { name: "asyncio", title: "Python, asyncio", modes: PLAIN, prepare: () => python("asyncio") },
  { name: "uvloop", title: "Python, uvloop", modes: PLAIN, prepare: () => python("uvloop") },
  { name: "mojo-poll", title: "Mojo::IOLoop, poll", modes: PLAIN, prepare: () => mojo("Mojo::Reactor::Poll") },
  { name: "mojo-ev", title: "Mojo::IOLoop, EV", modes: PLAIN, prepare: () => mojo("Mojo::Reactor::EV") },
];

export const PEER_NAMES = PEERS.map(({ name }) => name).filter((name) => !name.startsWith("ours"));

/**
 * One server on one runtime, ready to be started.
 * @typedef {object} Candidate
 * @property {string} name as in the tables
 * @property {string} peer
 * @property {string} [runtime] the kind of runtime, if it is in JavaScript
 * @property {string} [label] the name and version of that runtime
 * @property {import("./runtimes.mjs").Runtime} [on] that runtime
 * @property {(body: number, idle?: number) => string[]} command
 * @property {Record<string, string>} [env]
 */

const prepared = new Map();

/**
 * The servers that support a mode, in the order in which they are measured: by runtime, then those without a runtime.
 * @param {"keep" | "pipelined" | "three" | "duplex" | "http" | "prefork" | "close" | "refuse" | "queued"} mode
 * @param {{ runtimes: import("./runtimes.mjs").Runtime[], peers?: string[] }} context
 */
export function candidatesFor(mode, { runtimes, peers }) {
  const able = PEERS.filter(
    ({ name, modes }) => argumentOf(modes, mode) && (!peers || name.startsWith("ours") || peers.includes(name)),
  );
  const [candidates, skipped] = [[], []];
  for (const runtime of runtimes) {
    for (const { name, title, kinds, file, modes, titles } of able) {
      if (!kinds?.includes(runtime.kind)) continue;
      const program = [runtime.program, ...runtime.args, resolve(folder, file)];
      candidates.push({
        name: kinds.includes("node") ? `${titles?.[mode] ?? title} on ${runtime.label}` : title,
        peer: name,
        runtime: runtime.kind,
        label: runtime.label,
        on: runtime,
        command: (body, idle = 15) => [...program, String(body), argumentOf(modes, mode), String(idle)],
      });
    }
  }
  for (const { name, title, modes, prepare } of able) {
    if (!prepare) continue;
    const { program, env, reason } = prepareOnce(name, prepare);
    if (reason) skipped.push({ name: title, reason });
    else {
      const command = (body, idle = 15) => {
        return [...program.slice(0, 2), String(body), argumentOf(modes, mode), String(idle), ...program.slice(2)];
      };
      candidates.push({ name: title, peer: name, command, env });
    }
  }
  return { candidates, skipped };
}

/** The versions of the peers outside JavaScript that have been looked up so far. */
export function versionsOfPeers() {
  return Object.assign({}, ...[...prepared.values()].map(({ versions }) => versions ?? {}));
}

/** Compiles a C program of the benches. Returns its path. Throws an error with the reason if that fails. */
export function compile(source, library) {
  if (!which("gcc")) throw new Error("gcc is not installed (Debian: gcc libc6-dev)");
  mkdirSync(built, { recursive: true });
  const program = join(built, source.replaceAll(/^.*\/|\.c$/g, ""));
  try {
    output("gcc", "-O2", "-o", program, join(root, "bench", source), ...(library ? [`-l${library.name}`] : []));
  } catch (error) {
    const missing = library && `, or lib${library.name} is not installed (Debian: ${library.hint})`;
    throw new Error(`gcc does not compile ${source}${missing ?? ""}`, { cause: error });
  }
  return program;
}

// Another checkout of this project, already built, to measure the effect of a change in a single run.
function before() {
  const { BENCH_BEFORE } = process.env;
  if (!BENCH_BEFORE) return [];
  const file = resolve(BENCH_BEFORE, "bench/peers/ours.mjs");
  const modes = { ...PLAIN, three: "three", refuse: "refuse" };
  return [{ name: "before", title: "wasm-ioloop before", kinds: EVERYWHERE, file, modes }];
}

function argumentOf(modes, mode) {
  return modes[mode] ?? (mode === "pipelined" ? modes.keep : undefined);
}

function prepareOnce(name, prepare) {
  if (!prepared.has(name)) {
    try {
      prepared.set(name, prepare());
    } catch (error) {
      prepared.set(name, { reason: error.message });
    }
  }
  return prepared.get(name);
}

function compiled(name, library) {
  const program = [compile(`peers/${name}.c`, library)];
  const versions = { gcc: output("gcc", "-dumpfullversion") };
  if (name === "libuv") versions.libuv = macros("uv.h", "UV_VERSION_MAJOR UV_VERSION_MINOR UV_VERSION_PATCH");
  return { program, versions };
}

function python(loop) {
  const program = which("/usr/bin/python3") ?? which("python3");
  if (!program) throw new Error("Python is not installed (Debian: python3)");
  const versions = { Python: output(program, "-c", "import platform; print(platform.python_version())") };
  if (loop === "asyncio") return { program: [program, join(folder, "asyncio-server.py")], versions };
  try {
    versions.uvloop = output(program, "-c", "import uvloop; print(uvloop.__version__)");
  } catch (error) {
    throw new Error("uvloop is not installed (Debian: python3-uvloop)", { cause: error });
  }
  return { program: [program, join(folder, "asyncio-server.py"), "uvloop"], versions };
}

function mojo(reactor) {
  const program = which("/usr/bin/perl") ?? which("perl");
  if (!program) throw new Error("Perl is not installed (Debian: perl)");
  const version = (module, hint) => {
    try {
      return output(program, `-M${module}`, "-e", `print ${module}->VERSION`);
    } catch (error) {
      throw new Error(`${module} is not installed (Debian: ${hint})`, { cause: error });
    }
  };
  const versions = {
    Perl: output(program, "-e", "printf '%vd', $^V"),
    Mojolicious: version("Mojolicious", "libmojolicious-perl"),
  };
  if (reactor === "Mojo::Reactor::EV") versions.EV = version("EV", "libev-perl");
  return { program: [program, join(folder, "mojo.pl")], versions, env: { MOJO_REACTOR: reactor } };
}

function output(program, ...args) {
  return lastLine(execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }));
}

// The values of macros in a header, joined by dots.
function macros(header, names) {
  const source = `#include <${header}>\n${names}`;
  const text = execFileSync("gcc", ["-E", "-P", "-"], { input: source, encoding: "utf8" });
  return lastLine(text).replaceAll(" ", ".");
}
