// Sockets that systemd has passed to this process (socket activation): sd_listen_fds(3) describes the three variables.
//
// They stay in the environment, for the workers of a cluster, and for other code that reads them. A child process has a copy, which does not
// concern it: LISTEN_PID is not its own.

import { IOLoopError } from "../base/errors.ts";
import { setting } from "../base/runtime.ts";
import { show } from "../base/show.ts";
import { isClusterWorker } from "../socket/builtin.ts";
import type { Rule } from "../base/checks.ts";

/** The descriptor of the first socket. */
const FIRST = 3;
const MOST = 65_536; // more than any process may have open by default
/** The name of a socket for which none was passed. */
const UNNAMED = "unknown";

/** The rule of the option. */
export const ACTIVATION: Rule = {
  allowed: "true, or the name of a socket: a string that is not empty",
  type: (value) => typeof value === "boolean" || typeof value === "string",
  range: (value: boolean | string) => value !== false && value !== "",
};

interface Passed {
  readonly fd: number;
  readonly name: string;
}

// For good: a server that closes closes the descriptor, too, and its number may then belong to anything.
const taken = new Set<number>();

/**
 * Takes the socket with this name, or the only one, and returns its descriptor. Of several with the same name each call takes the next.
 * Throws `ERR_IOLOOP_ACTIVATION`.
 */
export function takePassedSocket(what: string, wanted: true | string): number {
  const passed = passedSockets(what);
  const names = passed.map(({ name }) => show(name)).join(", ");
  if (wanted === true && passed.length > 1)
    throw refusal(what, `${passed.length} sockets were passed: ${names}; give the name of one instead of true`);
  const meant = passed.filter(({ name }) => wanted === true || name === wanted);
  if (meant.length === 0) throw refusal(what, `no socket has the name ${show(wanted)}; passed were ${names}`);
  const free = meant.find(({ fd }) => !taken.has(fd));
  if (!free)
    throw refusal(what, `socket ${show(meant[0]!.name)} was taken by an earlier call, and cannot be used again`);
  taken.add(free.fd);
  return free.fd;
}

function passedSockets(what: string): Passed[] {
  const [fds, pid] = [setting("LISTEN_FDS"), setting("LISTEN_PID")];
  if (fds === undefined || fds === "")
    throw refusal(what, `systemd has passed no socket: LISTEN_FDS is not set${permission()}`);
  const count = Number(fds);
  if (!Number.isInteger(count) || count < 1 || count > MOST)
    throw refusal(what, `systemd has passed no socket: LISTEN_FDS is ${show(fds)}`);
  if (!isForUs(pid)) {
    const meant = pid === undefined ? "LISTEN_PID is not set" : `the sockets were passed to process ${pid}`;
    const advice = "run the runtime itself in ExecStart, not npm, npx or a shell";
    throw refusal(what, `${meant}, and this is process ${process.pid}; ${advice}`);
  }
  const names = setting("LISTEN_FDNAMES")?.split(":") ?? [];
  return Array.from({ length: count }, (_, index) => ({ fd: FIRST + index, name: names[index] || UNNAMED }));
}

// In a cluster the primary opens the descriptors for its workers, so they are for them if they are for the primary.
function isForUs(pid: string | undefined): boolean {
  return areOurs(pid) || (isClusterWorker() && pid === String(process.ppid));
}

/** Whether this process itself has the descriptors, also as a worker of a cluster. */
export function areOurs(pid: string | undefined = setting("LISTEN_PID")): boolean {
  return pid === String(process.pid);
}

function permission(): string {
  if (process.versions["deno"] === undefined) return "";
  return ", or may not be read: --allow-env=LISTEN_FDS,LISTEN_FDNAMES,LISTEN_PID";
}

function refusal(what: string, why: string): IOLoopError {
  return new IOLoopError("ERR_IOLOOP_ACTIVATION", `${what}: option "activation": ${why}`);
}
