// Measured processes: each on its own core, with their time and memory as the system counts it.

import { spawn } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const TICKS_A_SECOND = 100; // of /proc, the same on every Linux
const ANSWER_SECONDS = 30;
const root = fileURLToPath(new URL("..", import.meta.url));

/** Whether the system provides the needed data about processes. */
export const canMeasure = existsSync("/proc/self/stat");

/** The path of a command; undefined if it is not installed. */
export function which(command) {
  if (command.includes("/")) return existsSync(command) ? command : undefined;
  return (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, command))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** The cores for servers and for the load; undefined if there is only one, or if processes cannot be pinned. */
export const cores = pinnable();

/** A command that runs on the core of a role, and ends when the benches end. */
export function pinned(role, command) {
  const end = which("setpriv") ? ["setpriv", "--pdeathsig", "KILL"] : [];
  const pin = cores ? ["taskset", "-c", String(cores[role])] : [];
  return [...end, ...pin, ...command];
}

/**
 * Starts a process on a role's core.
 * @param {"load" | "server"} role
 * @param {string[]} command
 * @param {Record<string, string>} [env]
 */
export function start(role, command, env) {
  const [program, ...args] = pinned(role, command);
  const child = spawn(program, args, { cwd: root, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const nextLine = linesOf(child.stdout);
  let errors = "";
  let why; // it has ended
  child.stderr.on("data", (chunk) => (errors += chunk));
  const ended = new Promise((resolve) => {
    child.on("error", (error) => resolve((why = error.message)));
    child.on("close", (code, signal) =>
      resolve((why = `ended with ${signal ?? `code ${code}`} ${lastLine(errors)}`.trim())),
    );
  });
  return {
    pid: child.pid,
    /** Resolves when it has ended, with the way it did: `ended with code 0`. */
    ended,
    /** Sends it a signal. */
    signal(name) {
      child.kill(name);
    },
    /** The next line that it prints. Throws if it ends, or takes too long. */
    async says() {
      let timer;
      const late = new Promise((resolve) => {
        timer = setTimeout(resolve, ANSWER_SECONDS * 1000, { reason: "does not answer" });
      });
      const line = nextLine().then((line) => ({ line }));
      const answer = await Promise.race([line, ended.then((reason) => ({ reason })), late]);
      clearTimeout(timer);
      if (answer.line !== undefined) return answer.line;
      child.kill("SIGKILL");
      throw new Error(answer.reason);
    },
    /** Makes it collect garbage, and waits for that. Returns the bytes that its objects use then. */
    async collect() {
      child.kill("SIGUSR2");
      return Number((await this.says()).replace("collected ", ""));
    },
    /** Ends it. Throws if it has already ended by itself. */
    async stop() {
      const reason = why;
      child.kill("SIGKILL");
      await ended;
      if (reason !== undefined) throw new Error(reason);
    },
  };
}

/** A server: a process that prints its port. */
export async function startServer(command, env) {
  const server = start("server", command, env);
  const port = Number(await server.says());
  if (port > 0) return { ...server, port };
  await server.stop();
  throw new Error("does not print its port");
}

/** The CPU time in microseconds of all threads of a process and of its child processes, user and system; in steps of 10 ms. */
export function cpuMicroseconds(pid) {
  const fields = fieldsOf(pid);
  const own = ((Number(fields[11]) + Number(fields[12])) * 1e6) / TICKS_A_SECOND;
  return childrenOf(pid).reduce((sum, child) => sum + cpuMicroseconds(child), own);
}

function childrenOf(pid) {
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return processes.filter((process) => {
    try {
      return fieldsOf(process)[1] === String(pid);
    } catch {
      return false; // it has ended meanwhile
    }
  });
}

// What the system says of a process after its name, which is in parentheses and may contain spaces: its state, its parent, and so on.
function fieldsOf(pid) {
  return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
}

/** The CPU time of each thread in nanoseconds, for a process that does almost nothing. */
export function cpuOfThreads(pid) {
  const time = (thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]) / 1000;
  return new Map(readdirSync(`/proc/${pid}/task`).map((thread) => [thread, time(thread)]));
}

/** The CPU time of threads between two such moments, without those that have ended meanwhile. */
export function microsecondsBetween(before, after) {
  return [...after].reduce((sum, [thread, time]) => sum + time - (before.get(thread) ?? 0), 0);
}

/** The resident memory of a process in bytes. */
export function residentBytes(pid) {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) * 1024;
}

/**
 * Runs a command on a role's core to its end. Returns its output.
 * @param {"load" | "server"} role
 * @param {string[]} command
 */
export function run(role, command, { limit = 120, onErrorLine = () => {} } = {}) {
  const [program, ...args] = pinned(role, command);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    const timer = setTimeout(() => child.kill("SIGKILL"), limit * 1000);
    let [output, errors] = ["", ""];
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => {
      errors += chunk;
      onErrorLine(lastLine(String(chunk)));
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(output);
      else reject(new Error(`ended with ${signal ?? `code ${code}`} ${lastLine(errors)}`.trim()));
    });
  });
}

/** The last line of a text. */
export function lastLine(text) {
  return text.trimEnd().split("\n").at(-1);
}

/** Resolves after some milliseconds. */
export function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function pinnable() {
  if (!canMeasure || !which("taskset") || availableParallelism() < 2) return undefined;
  const allowed = /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync("/proc/self/status", "utf8"))[1];
  const numbers = allowed.split(",").flatMap((range) => {
    const [from, to = from] = range.split("-").map(Number);
    return Array.from({ length: to - from + 1 }, (_, at) => from + at);
  });
  return { load: numbers[0], server: numbers[1] };
}

// Returns a function that resolves with the next line of an output.
function linesOf(output) {
  const [waiting, come] = [[], []];
  let rest = "";
  output.on("data", (chunk) => {
    const whole = (rest + chunk).split("\n");
    rest = whole.pop();
    come.push(...whole);
    while (waiting.length > 0 && come.length > 0) waiting.shift()(come.shift());
  });
  return () => new Promise((resolve) => (come.length > 0 ? resolve(come.shift()) : waiting.push(resolve)));
}
