// A stream that a loop's server has accepted, with a bare connection if the runtime supports that.

import * as assert from "uvu/assert";
import type { IOLoop, Server, Stream } from "wasm-ioloop";
import { type Peer, isDeno, peer, portOf, quietLoop, until } from "../support/harness.ts";

/** Whether it has no socket of the runtime until it is asked for one. */
export const isBare = !isDeno && process.env["IOLOOP_FAST"] !== "0";

export interface Accepted {
  readonly loop: IOLoop;
  readonly stream: Stream;
  readonly far: Peer;
  readonly log: string[];
  readonly acceptor: Server;
  readonly id: ReturnType<IOLoop["timer"]>;
  end(): Promise<void>;
}

/** A stream that a loop's server has accepted, the log of its events, and the socket at the other end. */
export async function accept(prepare: (acceptor: Server) => void = () => {}): Promise<Accepted> {
  const { loop, errors } = quietLoop();
  const log: string[] = [];
  let accepted: Stream | undefined;
  const id = loop.server({}, (_loop, stream) => {
    accepted = stream;
    stream.on("read", (_stream, chunk) => void log.push(`read ${String(chunk)}`));
    stream.on("error", (_stream, error) => void log.push(`error ${error.message}`));
    stream.on("close", () => void log.push("close"));
  });
  const acceptor = loop.acceptor(id)!;
  prepare(acceptor);
  const running = loop.start();
  const far = peer({ port: portOf(loop, id) });
  await until(() => accepted !== undefined);
  const end = async (): Promise<void> => {
    far.socket.destroy();
    loop.reset();
    await running;
    assert.equal(errors, []);
  };
  return { loop, stream: accepted!, far, log, acceptor, id, end };
}
