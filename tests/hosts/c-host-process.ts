// The host in C: the tools to build it, its builds, and a running server.

import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Program } from "../examples/example-process.ts";
import { type Peer, harness, peer, until } from "../support/harness.ts";
import { root } from "../support/paths.ts";

export { root };
export const source: string = join(root, "examples/c-host");

/**
 * Plain; with AddressSanitizer and UBSan; the same with a kernel that never takes more than a few bytes at once; and with
 * one that lets other processes run for a second whenever a socket is ready.
 */
export type Kind = "plain" | "sanitized" | keyof typeof KERNELS;

const KERNELS = {
  grudging: `#include <sys/socket.h>
#define send(fd, bytes, size, flags) send(fd, bytes, (size) < 3333 ? (size) : 3333, flags)
`,
  crowded: `#include <sys/epoll.h>
#include <unistd.h>
static inline int crowded(int count) { if (count > 0) sleep(1); return count; }
#define epoll_wait(...) crowded(epoll_wait(__VA_ARGS__))
`,
};

const RUNTIME = "/usr/share/wabt/wasm2c/wasm-rt-impl.c";
const lacking = ["wasm2c", "cc", "make"].filter((program) => spawnSync(program, ["--version"]).error !== undefined);
if (!existsSync(RUNTIME)) lacking.push(RUNTIME);

/** Whether the tools to build it are installed. If not, prints what is missing. */
export const canBuild: boolean = lacking.length === 0;
if (!canBuild) console.log(`skipped: the host in C, without ${lacking.join(", ")}`);

mkdirSync(join(root, "build"), { recursive: true });
const folder = mkdtempSync(join(root, "build/c-host-"));
process.on("exit", () => rmSync(folder, { recursive: true }));

/** The folder of this process for builds. */
export function folderOf(name: string): string {
  return join(folder, name);
}

/** Runs make in that folder. */
export function make(...args: string[]): SpawnSyncReturns<string> {
  return spawnSync("make", ["-C", source, ...args], { encoding: "utf8", timeout: 100_000 });
}

/** Builds it, once per kind, with warnings as errors. Returns the folder. */
export function build(kind: Kind): string {
  const built = folderOf(kind);
  if (existsSync(join(built, "echo"))) return built;
  const options = kind === "plain" ? [] : ["SANITIZE=1"];
  if (kind in KERNELS) {
    const header = folderOf(`${kind}.h`);
    writeFileSync(header, KERNELS[kind as keyof typeof KERNELS]);
    options.push(`CPPFLAGS=-include ${header}`);
  }
  const { status, stdout, stderr } = make("-j2", `BUILD=${built}`, "CFLAGS=-O2 -g -Werror", ...options);
  assert.is(status, 0, stdout + stderr);
  assert.is(stderr, "");
  return built;
}

/** A line of statistics. */
export interface Statistics {
  readonly inside: number;
  readonly accepted: number;
  readonly bytes: number;
}

/** A running echo server. */
export class EchoServer extends Program {
  /** All statistics so far. */
  get statistics(): Statistics[] {
    const lines = this.errors.matchAll(/^(\d+) inside, (\d+) accepted, (\d+) bytes/gm);
    return [...lines].map(([, ...numbers]) => {
      const [inside, accepted, bytes] = numbers.map(Number);
      return { inside: inside!, accepted: accepted!, bytes: bytes! };
    });
  }

  /** Resolves when a new line of statistics has this many open connections. */
  async has(inside: number): Promise<void> {
    const from = this.statistics.length;
    const holds = (): boolean => this.statistics.slice(from).some((line) => line.inside === inside);
    await until(holds).catch(() => {
      throw new Error(`never ${inside} inside: ${this.errors}`);
    });
  }

  /** Whether it has begun to stop. */
  get stops(): boolean {
    return this.errors.includes(", stopping\n");
  }

  /** The number of its sockets, including the listening one. Its stdout may be a socket, too, and does not count. */
  get sockets(): number {
    const fds = readdirSync(`/proc/${this.pid}/fd`).filter((fd) => Number(fd) > 2);
    const links = fds.map((fd) => this.#target(fd));
    return links.filter((target) => target.startsWith("socket:")).length;
  }

  /** Its resident memory, in kB. */
  get residentMemory(): number {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, "utf8"))![1]);
  }

  /** Its processor time, in hundredths of a second. */
  get ticks(): number {
    const [user, system] = readFileSync(`/proc/${this.pid}/stat`, "utf8").split(") ")[1]!.split(" ").slice(11, 13);
    return Number(user) + Number(system);
  }

  #target(fd: string): string {
    try {
      return readlinkSync(`/proc/${this.pid}/fd/${fd}`);
    } catch {
      return ""; // closed meanwhile
    }
  }
}

/** The number of connections in the kernel's queue of a listening port. */
export function backlog(port: number): number {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = readFileSync("/proc/net/tcp", "utf8").split("\n");
  const listening = lines
    .map((line) => line.trim().split(/\s+/))
    .find((cells) => cells[1] === local && cells[3] === "0A");
  return Number.parseInt(listening![4]!.split(":")[1]!, 16);
}

/** Runs a server while `use` runs. It must exit with 0, leak nothing, and print no errors except those that are `expected`. */
export async function serve(
  kind: Kind,
  options: Record<string, number>,
  use: (server: EchoServer, port: number) => Promise<void>,
  { descriptors = 0, expected = /^$/ }: { descriptors?: number; expected?: RegExp } = {},
): Promise<void> {
  const args = Object.entries({ timeout: 0, ...options }).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const program = join(build(kind), "echo");
  const limited = ["-c", `ulimit -n ${descriptors}; exec "$@"`, "sh", program, ...args];
  const server = descriptors > 0 ? new EchoServer("sh", limited) : new EchoServer(program, args);
  try {
    await use(server, await server.port());
    server.kill("SIGTERM");
    await until(() => server.stops);
    server.kill("SIGTERM"); // and open connections are closed
    assert.is(await server.ending(), "code 0", server.errors);
  } finally {
    server.kill("SIGKILL");
    await server.ending();
  }
  const lines = server.errors
    .split("\n")
    .filter((line) => !/^\d+ inside, \d+ accepted, \d+ bytes(, stopping)?$/.test(line));
  assert.match(lines.join("\n").trimEnd(), expected);
}

/** The default builds of a test. */
export const USUAL: readonly Kind[] = ["plain", "sanitized"];

/** Registers the tests of a file, one for each build. Without the tools, there are no tests. */
export function tests(
  file: string,
): (name: string, body: (kind: Kind) => Promise<void>, kinds?: readonly Kind[]) => void {
  const single = harness(file);
  return (name, body, kinds = USUAL) => {
    if (canBuild) for (const kind of kinds) single(`${kind}: ${name}`, () => body(kind));
  };
}

/** Sends something, and waits for the echo. */
export async function says(client: Peer, text: string): Promise<void> {
  const expected = client.text() + text;
  client.socket.write(text);
  await until(() => client.text() === expected);
}

/** A number of connected clients. */
export async function clients(count: number, port: number): Promise<Peer[]> {
  const all = Array.from({ length: count }, () => peer({ port }));
  await Promise.all(all.map(({ connected }) => connected));
  return all;
}
