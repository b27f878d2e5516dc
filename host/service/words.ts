// What the manager says about workers.

import type { Report } from "./channel.ts";
import type { Overdue } from "./member.ts";
import type { Settings } from "./prefork-options.ts";

/** `1 worker`, `2 workers`. */
export function workers(count: number, older = ""): string {
  return `${count} ${older}worker${count === 1 ? "" : "s"}`;
}

/** Why a worker is killed. */
export function whyOverdue(overdue: Overdue, settings: Settings): string {
  const { heartbeatTimeout, upgradeTimeout, gracefulTimeout } = settings;
  switch (overdue) {
    case "start":
      return `has sent no heartbeat within ${upgradeTimeout} s of its start: an await at the top level of the program, or setUp, has not ended`;
    case "heartbeat":
      return `has sent no heartbeat for ${heartbeatTimeout} s`;
    default:
      return `has not ended within ${gracefulTimeout} s`;
  }
}

/** Why a worker is to be replaced. */
export function whyReplaced({ replace, bytes }: Report & { is: "heartbeat" }, { maxMemory }: Settings): string {
  if (replace === "accepts") return "has accepted its connections";
  return bytes === undefined
    ? "has more than maxMemory bytes"
    : `has ${megabytes(bytes)} MiB, more than maxMemory, which is ${megabytes(maxMemory)} MiB`;
}

/** What may be the reason that a new generation cannot start. */
export function hintOf(error: string | undefined): string {
  return error?.includes("EADDRINUSE") === true ? ", which may hold the address that is in use" : "";
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 2 ** 17) / 8;
}
