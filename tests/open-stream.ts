// A stream in a running loop, and the plain socket at its other end.

import { type IOLoop, Stream } from "wasm-ioloop";
import type { VirtualClock } from "wasm-ioloop/testing";
import { type Peer, pair, quietLoop, turns } from "./harness.ts";

export interface Open {
  readonly loop: IOLoop;
  readonly errors: [unknown, string][];
  readonly stream: Stream;
  readonly far: Peer;
  readonly log: string[];
  readonly running: Promise<void>;
  readonly id: ReturnType<IOLoop["timer"]>;
}

/** Opens one, its events logged. */
export async function openStream(options: { clock?: VirtualClock } = {}): Promise<Open> {
  const { loop, errors } = quietLoop(options);
  const { near, far } = await pair();
  const stream = new Stream(near, { reactor: loop.reactor });
  const log: string[] = [];
  stream.on("read", (_stream, chunk) => void log.push(`read ${String(chunk)}`));
  stream.on("write", (_stream, chunk) => void log.push(`write ${String(chunk)}`));
  stream.on("drain", () => void log.push("drain"));
  stream.on("timeout", () => void log.push("timeout"));
  stream.on("error", (_stream, error) => void log.push(`error ${error.message}`));
  stream.on("close", () => void log.push("close"));
  const id = loop.stream(stream);
  const running = loop.start();
  await turns(2);
  return { loop, errors, stream, far, log, running, id };
}
