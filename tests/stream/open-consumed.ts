// A stream in a running loop that is not read yet, and the plain socket at its other end.

import { type IOLoop, type ListenerOptions, Stream } from "wasm-ioloop";
import type { VirtualClock } from "wasm-ioloop/testing";
import { type Peer, pair, peer, portOf, quietLoop, until } from "../support/harness.ts";
import { isAccepted } from "./open-stream.ts";

export interface Consumed {
  readonly loop: IOLoop;
  readonly errors: [unknown, string][];
  readonly stream: Stream;
  readonly far: Peer;
  readonly running: Promise<void>;
}

/** Opens a stream: of a server if the runtime of the tests says so. `use` gets it before data has arrived. */
export async function openConsumed(
  use: (stream: Stream) => void = () => {},
  options: { clock?: VirtualClock; server?: ListenerOptions } = {},
): Promise<Consumed> {
  const { server, ...of } = options;
  const { loop, errors } = quietLoop(of);
  if (isAccepted || server) {
    let accepted: Stream | undefined;
    const acceptor = loop.server(server ?? {}, (loop, stream) => {
      accepted = stream;
      loop.remove(acceptor);
      use(stream);
    });
    const far = peer({ port: portOf(loop, acceptor) });
    const running = loop.start();
    await until(() => accepted !== undefined);
    await far.connected;
    return { loop, errors, far, running, stream: accepted! };
  }
  const { near, far } = await pair();
  const stream = new Stream(near, { reactor: loop.reactor });
  use(stream);
  loop.stream(stream);
  return { loop, errors, far, running: loop.start(), stream };
}

export type Duplex = ReturnType<Stream["duplex"]>;

/** Opens a duplex, and logs its events and those of its stream. */
export async function openDuplex(
  options: Parameters<typeof openConsumed>[1] = {},
  prepare: (stream: Stream, duplex: Duplex) => void = () => {},
): Promise<Consumed & { duplex: Duplex; log: string[] }> {
  const log: string[] = [];
  const open = await openConsumed((stream) => {
    stream.on("close", (stream) => void log.push(`stream close ${stream.closeReason}`));
    const duplex = stream.duplex();
    duplex.on("end", () => log.push("end"));
    duplex.on("finish", () => log.push("finish"));
    duplex.on("error", (error: NodeJS.ErrnoException) => log.push(`error ${error.code ?? error.message}`));
    duplex.on("close", () => log.push("close"));
    prepare(stream, duplex);
  }, options);
  return { ...open, duplex: open.stream.duplex(), log };
}
