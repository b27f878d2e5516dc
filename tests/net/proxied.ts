// Shared by the tests of the PROXY protocol: headers made by hand, and a server that reads them.

import { connect } from "node:net";
import type { DropInfo, IOLoop, IOLoopOptions, Id, ListenerOptions, Stream } from "wasm-ioloop";
import { type Peer, plainServer, quietLoop, turns, until, watch } from "../support/harness.ts";

if (!process.stdout || !process.stderr) throw new Error("no output"); // `pipe` accesses them, and Bun opens them only then

/** The client of most headers below. */
export const CLIENT = "192.0.2.7";
export const PORT = 56324;

const SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");

/** A header of version 1. */
export function text(client: string = CLIENT, port: number = PORT): Buffer {
  const isIpv6 = client.includes(":");
  const destination = isIpv6 ? "2001:db8::1" : "198.51.100.1";
  return Buffer.from(`PROXY TCP${isIpv6 ? 6 : 4} ${client} ${destination} ${port} 443\r\n`);
}

/** A header of version 2: the bytes after the signature, those after the length, and the length if it is to be wrong. */
export function binary(command: number, family: number, content: Uint8Array, length = content.length): Buffer {
  return Buffer.concat([SIGNATURE, Buffer.from([command, family, length >> 8, length & 255]), content]);
}

/** The addresses of {@link CLIENT} in a header of version 2. */
export const ADDRESSES: Buffer = Buffer.from([
  192,
  0,
  2,
  7,
  198,
  51,
  100,
  1,
  PORT >> 8,
  PORT & 255,
  443 >> 8,
  443 & 255,
]);

/** A field of version 2. */
export function field(type: number, value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([Buffer.from([type, bytes.length >> 8, bytes.length & 255]), bytes]);
}

/** A server behind a proxy, which answers each chunk with the client's address. */
export interface Behind {
  readonly loop: IOLoop;
  readonly id: Id;
  readonly where: { readonly port: number } | { readonly path: string };
  readonly drops: DropInfo[];
  readonly streams: Stream[];
  readonly errors: [unknown, string][];
  /** What each stream has read, in the order of their admission. */
  readonly texts: string[];
  /** Connects, and sends pieces with a pause after each. */
  come(...pieces: readonly (string | Uint8Array)[]): Peer;
  reasons(): string[];
  end(): Promise<void>;
}

/** Listens and runs. */
export function behind(listener: ListenerOptions = {}, options: IOLoopOptions = {}): Behind {
  const { loop, errors } = quietLoop(options);
  const drops: DropInfo[] = [];
  const streams: Stream[] = [];
  const texts: string[] = [];
  const peers: Peer[] = [];
  loop.on("drop", (_loop, info) => void drops.push(info));
  const id = loop.server({ proxyProtocol: "required", idleTimeout: 0, ...listener }, (_loop, stream) => {
    const at = streams.push(stream) - 1;
    texts.push("");
    stream.on("read", (stream, chunk) => {
      texts[at] += String(chunk);
      stream.write(`${stream.remoteAddress} ${stream.remotePort};`);
    });
  });
  const { path } = listener;
  const where = path === undefined ? { port: loop.acceptor(id)!.port! } : { path };
  const running = loop.start();
  return {
    loop,
    id,
    where,
    drops,
    streams,
    errors,
    texts,
    come: (...pieces) => {
      const one = watch(connect({ host: "127.0.0.1", ...where, noDelay: true }));
      peers.push(one);
      void send(one, pieces);
      return one;
    },
    reasons: () => drops.map(({ reason }) => reason),
    end: async () => {
      loop.reset();
      await running;
      for (const { socket } of peers) socket.destroy();
    },
  };
}

async function send({ socket, connected }: Peer, pieces: readonly (string | Uint8Array)[]): Promise<void> {
  await connected.catch(() => {});
  for (const piece of pieces) {
    if (socket.destroyed) return;
    if (piece.length > 0) await new Promise((resolve) => socket.write(piece, resolve));
    await turns(5);
  }
}

/** Waits until a server has read something from each of its clients. */
export async function allRead({ texts }: Behind, count: number): Promise<void> {
  await until(() => texts.length >= count && texts.every((text) => text !== ""));
}

/** A proxy: sends the header together with the first bytes of each client. Returns its port. */
export async function relay(port: number, header: Uint8Array): Promise<{ port: number; close(): Promise<void> }> {
  return plainServer((near) => {
    near.once("data", (first: Buffer) => {
      near.pause();
      const far = connect({ port, host: "127.0.0.1" }, () => {
        far.write(Buffer.concat([header, first]));
        near.pipe(far).pipe(near);
      });
      far.on("error", () => near.destroy());
      near.on("close", () => far.destroy());
    });
  });
}
