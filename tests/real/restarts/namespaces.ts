// Hosts on this machine: network namespaces, each with an address of its own.

import { spawnSync } from "node:child_process";

export interface Host {
  readonly name: string;
  readonly address: string;
  /** Our address in its network. */
  readonly ours: string;
}

const made: string[] = [];

function ip(...args: string[]): void {
  const { status, stderr, error } = spawnSync("ip", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${error?.message ?? stderr}`);
}

/** Makes hosts. Throws if this user may not, or the system cannot. */
export function makeHosts(count: number): Host[] {
  return Array.from({ length: count }, (_, i) => {
    const name = `ioloop-${process.pid}-${i}`;
    const link = `io${process.pid % 1_000_000}-${i}`;
    const [ours, address] = [`10.77.${i + 1}.1`, `10.77.${i + 1}.2`];
    ip("netns", "add", name);
    made.push(name);
    ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name);
    ip("addr", "add", `${ours}/24`, "dev", link);
    ip("link", "set", link, "up");
    ip("-n", name, "addr", "add", `${address}/24`, "dev", "eth0");
    ip("-n", name, "link", "set", "eth0", "up");
    ip("-n", name, "link", "set", "lo", "up");
    return { name, address, ours };
  });
}

/** Removes all hosts. Their links go with them. */
export function removeHosts(): void {
  for (const name of made.splice(0)) spawnSync("ip", ["netns", "del", name]);
}
