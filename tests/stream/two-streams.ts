// Two streams of one loop, as a proxy has them, and the plain sockets at their other ends.

import { createHash } from "node:crypto";
import { Stream } from "wasm-ioloop";
import type { VirtualClock } from "wasm-ioloop/testing";
import { type Peer, pair, quietLoop } from "../support/harness.ts";

export interface Two {
  readonly loop: ReturnType<typeof quietLoop>["loop"];
  readonly near: Stream;
  readonly far: Stream;
  readonly client: Peer;
  readonly target: Peer;
  readonly running: Promise<void>;
  readonly errors: [unknown, string][];
}

/** Opens both. */
export async function two(options: { clock?: VirtualClock } = {}): Promise<Two> {
  const { loop, errors } = quietLoop(options);
  const [one, other] = [await pair(), await pair()];
  const near = new Stream(one.near, { reactor: loop.reactor, halfOpen: true });
  const far = new Stream(other.near, { reactor: loop.reactor, halfOpen: true });
  loop.stream(near);
  loop.stream(far);
  return { loop, near, far, client: one.far, target: other.far, running: loop.start(), errors };
}

export const sha = (data: Buffer | string): string => createHash("sha256").update(data).digest("hex");
