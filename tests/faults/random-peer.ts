// Clients that act at random.

import { type NetConnectOpts, type Socket, connect } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import type { Random } from "../hosts/replay/random.ts";

/** The address to connect to; with an authority, by TLS. */
export type Where = ({ port: number } | { path: string }) & { readonly ca?: string | undefined };

const SIZES = [1, 100, 5000, 200_000, 1_000_000];
const WAYS = ["patient", "slow", "half-closed", "reset", "destroyed", "silent", "garbage"] as const;
const LONGEST = 20; // milliseconds of a pause

/** The outcome for a client: the data that came back was wrong, a part, or all of what it sent. */
export type Seen = "wrong" | "part" | "all";

/** Sends bytes and receives them back, after the server's greeting, or gives up in some way. Resolves when its socket has closed. */
export function randomPeer(random: Random, where: Where, greeting: string): Promise<Seen> {
  const [way, size, cut] = [random.of(WAYS), random.of(SIZES), random.below(8)];
  const isPlain = where.ca === undefined || way === "garbage" || (way === "silent" && random.oneIn(2));
  const socket = isPlain
    ? connect({ host: "127.0.0.1", ...where } as NetConnectOpts)
    : connectTls({ host: "localhost", ...where } as ConnectionOptions);
  const sent = Buffer.from(Uint8Array.from({ length: size }, (_byte, i) => i * 31 + (i >> 8)));
  const expected = Buffer.concat([Buffer.from(greeting), sent]);
  const isAnswered = way !== "garbage" && (where.ca === undefined || !isPlain);
  let got = 0;
  let isWrong = false;
  socket.on("error", () => {}); // reset or rejected: only the close counts
  socket.on("data", (chunk: Buffer) => {
    if (!chunk.equals(expected.subarray(got, got + chunk.length))) isWrong = isAnswered;
    got += chunk.length;
    if (got === expected.length && way !== "half-closed") socket.end();
  });
  socket.once(isPlain ? "connect" : "secureConnect", () =>
    act(socket, { way, sent, cut, pause: random.below(LONGEST) }),
  );
  return new Promise((resolve) => {
    socket.once("close", () => resolve(isWrong ? "wrong" : got === expected.length ? "all" : "part"));
  });
}

interface Acting {
  readonly way: (typeof WAYS)[number];
  readonly sent: Buffer;
  readonly cut: number;
  readonly pause: number;
}

function act(socket: Socket, { way, sent, cut, pause }: Acting): void {
  const later = (task: () => void): void => void setTimeout(task, pause);
  if (way === "silent") return later(() => socket.end());
  if (way === "garbage") socket.write("no handshake\r\n\r\n");
  else if (way === "reset" || way === "destroyed") socket.write(sent.subarray(0, sent.length >> cut));
  else socket.write(sent);
  if (way === "half-closed") socket.end();
  else if (way === "destroyed") later(() => socket.destroy());
  else if (way === "reset" || way === "garbage") later(() => reset(socket));
  else if (way === "slow") {
    socket.pause();
    later(() => socket.resume());
  }
}

// A client cannot reset over TLS or a UNIX domain socket.
function reset(socket: Socket): void {
  if ("encrypted" in socket || socket.remotePort === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
