// The servers that get more clients than they can serve: ours and others. Those that are not installed are left out, and the report says why.

import { fileURLToPath } from "node:url";
import { versionOf } from "../packages.mjs";
import { which } from "../processes.mjs";
import { isOurs } from "../result.mjs";

const folder = fileURLToPath(new URL("../peers/", import.meta.url));

/** Ways to deal with overload, in one of the programs. Those of others run on the first runtime that is measured. */
const WAYS = [
  { name: "ours", title: "wasm-ioloop, adaptive", file: "overload-ours.mjs", args: ["adaptive"] },
  { name: "ours-fifo", title: "wasm-ioloop, fifo", file: "overload-ours.mjs", args: ["fifo"] },
  // The other runtimes have no httpAllowHalfOpen
  {
    name: "ours-http",
    title: "node:http behind wasm-ioloop, adaptive",
    file: "overload-ours-http.mjs",
    args: ["adaptive"],
    on: "node",
  },
  { name: "node-net-max", title: "node:net, maxConnections" },
  { name: "http-limit", title: "node:http, 20 at a time" },
  { name: "http-limit-closed", title: "node:http, 20 at a time, skips closed" },
  { name: "express-queue", title: "express, express-queue", packages: ["express", "express-queue"] },
  ...[["1s"], ["100ms"], ["1s", "abortonclose"]].map((args) => ({
    name: ["haproxy", ...args].join("-"),
    title: ["HAProxy, timeout queue", args.join(", ")].join(" "),
    file: "overload-haproxy.mjs",
    args,
    commands: ["haproxy"],
  })),
];

export const OVERLOAD_PEER_NAMES = WAYS.map(({ name }) => name).filter((name) => !isOurs(name));

/** The servers to measure, in their order. */
export function overloadCandidates({ runtimes, peers }) {
  const [candidates, skipped] = [[], []];
  const node = runtimes.find(({ kind }) => kind === "node");
  for (const way of WAYS) {
    const { name, title, file = "overload-node.mjs", args = [name], packages = [], commands = [], on } = way;
    if (peers && !isOurs(name) && !peers.includes(name)) continue;
    const missing = packages.find((name) => versionOf(name) === undefined);
    const absent = commands.find((name) => !which(name) && !which(`/usr/sbin/${name}`));
    if (missing) skipped.push({ name: title, reason: `${missing} is not installed: npm run peers` });
    else if (absent) skipped.push({ name: title, reason: `${absent} is not installed (Debian: ${absent})` });
    else {
      const able = runtimes.filter(({ kind }) => on === undefined || kind === on);
      for (const runtime of isOurs(name) ? able : node ? [node] : []) {
        candidates.push({
          name: `${title} on ${runtime.label}`,
          peer: name,
          runtime: runtime.kind,
          label: runtime.label,
          command: [runtime.program, ...runtime.args, `${folder}${file}`, ...args],
        });
      }
    }
  }
  return { candidates, skipped };
}
