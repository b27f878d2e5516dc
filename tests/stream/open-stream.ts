// A stream in a running loop, and the plain socket at its other end.

import { type IOLoop, Stream } from "wasm-ioloop";
import type { VirtualClock } from "wasm-ioloop/testing";
import { type Peer, pair, peer, portOf, quietLoop, turns, until } from "../support/harness.ts";

type Id = ReturnType<IOLoop["timer"]>;

export interface Open {
  readonly loop: IOLoop;
  readonly errors: [unknown, string][];
  readonly stream: Stream;
  readonly far: Peer;
  readonly log: string[];
  readonly running: Promise<void>;
  readonly id: Id;
}

/** Whether streams are those of a server, with bare connections if the runtime supports them. Some runtimes in runtimes.ts set this. */
export const isAccepted: boolean = process.env["IOLOOP_TEST_STREAMS"] === "accepted";

/** Opens a stream, and logs its events. */
export async function openStream(options: { clock?: VirtualClock } = {}): Promise<Open> {
  const { loop, errors } = quietLoop(options);
  const log: string[] = [];
  const listen = (stream: Stream): void => {
    stream.on("read", (_stream, chunk) => void log.push(`read ${String(chunk)}`));
    stream.on("write", (_stream, chunk) => void log.push(`write ${String(chunk)}`));
    stream.on("drain", () => void log.push("drain"));
    stream.on("timeout", () => void log.push("timeout"));
    stream.on("error", (_stream, error) => void log.push(`error ${error.message}`));
    stream.on("close", () => void log.push("close"));
  };
  const opened = await (isAccepted ? accept(loop, listen) : connect(loop, listen));
  await turns(2);
  return { loop, errors, log, ...opened };
}

type Opened = Pick<Open, "stream" | "far" | "running" | "id">;

/** Makes a stream of a socket, and adds it to a loop. `listen` gets it before that. */
export async function join(
  loop: IOLoop,
  listen: (stream: Stream) => void = () => {},
): Promise<Pick<Open, "stream" | "far" | "id">> {
  const { near, far } = await pair();
  const stream = new Stream(near, { reactor: loop.reactor });
  listen(stream);
  return { stream, far, id: loop.stream(stream) };
}

async function connect(loop: IOLoop, listen: (stream: Stream) => void): Promise<Opened> {
  return { ...(await join(loop, listen)), running: loop.start() };
}

async function accept(loop: IOLoop, listen: (stream: Stream) => void): Promise<Opened> {
  let accepted: { stream: Stream; id: Id } | undefined;
  const acceptor = loop.server({}, (loop, stream, id) => {
    accepted = { stream, id };
    listen(stream);
    loop.remove(acceptor);
  });
  const far = peer({ port: portOf(loop, acceptor) });
  const running = loop.start();
  await until(() => accepted !== undefined);
  await far.connected;
  return { far, running, ...accepted! };
}
