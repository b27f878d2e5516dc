// The load: runs wrk, and parses its figures.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run, which } from "./processes.mjs";

const script = join(fileURLToPath(new URL(".", import.meta.url)), "load/requests.lua");

/** Why there is no load; undefined if wrk is installed. */
export function whyNoLoad() {
  return which("wrk") ? undefined : "wrk is not installed (Debian: wrk)";
}

/**
 * Puts a server under load.
 * @param {{ port: number, connections: number, depth: number, seconds: number }} load
 */
export async function load({ port, connections, depth, seconds }) {
  const options = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "10s", "--latency", "-s", script];
  const command = ["wrk", ...options, `http://127.0.0.1:${port}/`, "--", String(depth)];
  return figuresIn(await run("load", command, { limit: seconds + 60 }));
}

/**
 * The figures in wrk's output with our script: requests, seconds, bytes, errors, and latency in microseconds. Throws if
 * requests have failed.
 */
export function figuresIn(output) {
  const line = /^FIGURES (.*)$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`wrk has printed no figures: ${output.trim().split("\n").at(-1)}`);
  const figures = Object.fromEntries(line.split(" ").map((pair) => pair.split("=")));
  const number = (name) => Number(figures[name]);
  const failed = ["connect", "read", "write", "timeout", "status"].filter((kind) => number(kind) > 0);
  if (failed.length > 0) throw new Error(`failed: ${failed.map((kind) => `${number(kind)} (${kind})`).join(", ")}`);
  if (number("requests") === 0) throw new Error("no request was answered");
  return {
    requests: number("requests"),
    seconds: number("microseconds") / 1e6,
    bytes: number("bytes"),
    p50: number("p50"),
    p99: number("p99"),
    p999: number("p999"),
  };
}
