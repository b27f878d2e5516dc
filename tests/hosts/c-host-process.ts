// The host in C: what it takes to build it, its two builds, and a server that runs.

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
 * Plain; watched by AddressSanitizer and UBSan; the same on a kernel that never takes more than a few bytes at once; and
 * on one that has others go first, for a second, whenever somebody is ready.
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

/** Whether there is all it takes to build it; where there is not, says so. */
export const canBuild: boolean = lacking.length === 0;
if (!canBuild) console.log(`skipped: the host in C, for want of ${lacking.join(", ")}`);

mkdirSync(join(root, "build"), { recursive: true });
const folder = mkdtempSync(join(root, "build/c-host-"));
process.on("exit", () => rmSync(folder, { recursive: true }));

/** A folder of this process, below that of all it builds. */
export function folderOf(name: string): string {
  return join(folder, name);
}

/** Runs make there. */
export function make(...args: string[]): SpawnSyncReturns<string> {
  return spawnSync("make", ["-C", source, ...args], { encoding: "utf8", timeout: 100_000 });
}

/** Builds it, once each, with warnings as errors. Gives the folder. */
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

/** An echo server that runs. */
export class EchoServer extends Program {
  /** All statistics so far. */
  get statistics(): Statistics[] {
    const lines = this.errors.matchAll(/^(\d+) inside, (\d+) accepted, (\d+) bytes/gm);
    return [...lines].map(([, ...numbers]) => {
      const [inside, accepted, bytes] = numbers.map(Number);
      return { inside: inside!, accepted: accepted!, bytes: bytes! };
    });
  }

  /** Resolves when a further line of statistics has so many inside. */
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

  /** How many sockets it has, the listening one included: what it was given as stdout may be one too, and does not count. */
  get sockets(): number {
    const fds = readdirSync(`/proc/${this.pid}/fd`).filter((fd) => Number(fd) > 2);
    const links = fds.map((fd) => this.#target(fd));
    return links.filter((target) => target.startsWith("socket:")).length;
  }

  /** Its resident memory, in kB. */
  get residentMemory(): number {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, "utf8"))![1]);
  }

  /** The processor time it has used, in clock ticks: a hundredth of a second each. */
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

/** How many connections the kernel holds for who listens on a port, and has not accepted. */
export function backlog(port: number): number {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = readFileSync("/proc/net/tcp", "utf8").split("\n");
  const listening = lines
    .map((line) => line.trim().split(/\s+/))
    .find((cells) => cells[1] === local && cells[3] === "0A");
  return Number.parseInt(listening![4]!.split(":")[1]!, 16);
}

/** Runs a server for as long as `use` takes. It has to end well, to leak nothing, and to complain of nothing but what is `expected`. */
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
    server.kill("SIGTERM"); // and those who are still inside are closed
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

/** The builds that a test is for unless it says otherwise. */
export const USUAL: readonly Kind[] = ["plain", "sanitized"];

/** What registers the tests of a file: one for each of the builds. Where none can be made, there is no test. */
export function tests(
  file: string,
): (name: string, body: (kind: Kind) => Promise<void>, kinds?: readonly Kind[]) => void {
  const single = harness(file);
  return (name, body, kinds = USUAL) => {
    if (canBuild) for (const kind of kinds) single(`${kind}: ${name}`, () => body(kind));
  };
}

/** Says something, and waits until it is heard again. */
export async function says(client: Peer, text: string): Promise<void> {
  const expected = client.text() + text;
  client.socket.write(text);
  await until(() => client.text() === expected);
}

/** So many clients, all connected. */
export async function clients(count: number, port: number): Promise<Peer[]> {
  const all = Array.from({ length: count }, () => peer({ port }));
  await Promise.all(all.map(({ connected }) => connected));
  return all;
}
