// The machine and the software that were measured, without which figures mean nothing.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem, type, version } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { versionsOfPackages } from "./packages.mjs";
import { versionsOfPeers } from "./peers.mjs";
import { cores, which } from "./processes.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The machine. */
export function machine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: systemName(),
    kernel: `${type()} ${release()}`,
    pinned: cores ? "server and load on separate cores" : "server and load share all cores",
  };
}

/** The load of the machine; the difference between two of these shows how quiet it was during a run. */
export function busyness() {
  const text = existsSync("/proc/stat") ? readFileSync("/proc/stat", "utf8") : "cpu 0 0 0 0 0 0 0 0";
  const times = text.split("\n")[0].trim().split(/\s+/).slice(1, 9).map(Number);
  return { load: loadavg()[0], stolen: times[7], total: times.reduce((sum, time) => sum + time, 0) };
}

/** The share of time, as a percentage, that a virtual machine lost to others between two moments. */
export function stolenPercent(before, after) {
  const total = after.total - before.total;
  return total > 0 ? Number((((after.stolen - before.stolen) / total) * 100).toFixed(1)) : 0;
}

/** The versions of everything that takes part. */
export function versions(runtimes) {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const all = { "wasm-ioloop": commit() ? `${version}, commit ${commit()}` : version };
  for (const runtime of runtimes) all[runtime.label] = runtime.version;
  Object.assign(all, versionsOfPeers(), versionsOfPackages());
  if (which("wrk")) all.wrk = wrkVersion();
  return all;
}

function commit() {
  const git = (...args) =>
    execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no", "host", "assembly", "bench") !== "";
    return git("rev-parse", "--short", "HEAD").trim() + (changed ? " with changes" : "");
  } catch {
    return undefined; // not in a Git repository
  }
}

function systemName() {
  if (!existsSync("/etc/os-release")) return version();
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? version();
}

// It prints its version and ends with an error.
function wrkVersion() {
  try {
    return execFileSync("wrk", ["-v"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch (error) {
    return /^wrk (?:\S+\/)?(\S+)/.exec(String(error.stdout))?.[1] ?? "unknown";
  }
}
