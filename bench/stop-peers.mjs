// The servers that are stopped under load: ours and others. Those that are not installed are left out, and the report says why.

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { versionOf } from "./packages.mjs";
import { isOurs } from "./result.mjs";

const folder = fileURLToPath(new URL("peers", import.meta.url));
const BOTH = ["node", "bun"];

/**
 * A way to stop: the kinds of runtime, the program and its argument for this way, the packages that it needs, and the allowed exit
 * codes.
 */
const WAYS = [
  { name: "ours", title: "wasm-ioloop, delay: 1", kinds: BOTH, file: "stop-ours.mjs", way: "1" },
  { name: "ours-at-once", title: "wasm-ioloop, delay: 0", kinds: BOTH, file: "stop-ours.mjs", way: "0" },
  { name: "close-idle", title: "close(), closeIdleConnections()", kinds: BOTH },
  { name: "by-hand", title: "Connection: close for 1.1 s, then close()", kinds: BOTH },
  { name: "stoppable", title: "stoppable", kinds: BOTH, packages: ["stoppable"] },
  { name: "terminus", title: "terminus", kinds: BOTH, packages: ["@godaddy/terminus"] },
  { name: "http-shutdown", title: "http-shutdown", kinds: BOTH, packages: ["http-shutdown"] },
  { name: "http-terminator", title: "http-terminator", kinds: BOTH, packages: ["http-terminator"] },
  {
    name: "fastify",
    title: "fastify, close-with-grace",
    kinds: BOTH,
    file: "stop-fastify.mjs",
    packages: ["fastify", "close-with-grace"],
    codes: [0, 1], // 1: something was left at its limit
  },
  { name: "bun-serve", title: "Bun.serve, stop()", kinds: ["bun"], file: "stop-bun.mjs" },
];

export const STOP_PEER_NAMES = WAYS.map(({ name }) => name).filter((name) => !isOurs(name));

/** The servers to measure, in their order. `command` gets the file for the list of requests that they began. */
export function stopCandidates({ runtimes, peers }) {
  const [candidates, skipped] = [[], []];
  for (const runtime of runtimes) {
    for (const { name, title, kinds, file = "stop-node.mjs", way = name, packages = [], codes = [0] } of WAYS) {
      if (!kinds.includes(runtime.kind) || (peers && !isOurs(name) && !peers.includes(name))) continue;
      const missing = packages.find((name) => versionOf(name) === undefined);
      if (missing) {
        skipped.push({ name: title, reason: `${missing} is not installed: npm run peers` });
        continue;
      }
      candidates.push({
        name: kinds.length > 1 ? `${title} on ${runtime.label}` : title,
        peer: name,
        runtime: runtime.kind,
        label: runtime.label,
        codes,
        command: (log) => [runtime.program, ...runtime.args, resolve(folder, file), way, log],
      });
    }
  }
  return { candidates, skipped };
}
