// Clients that come, go, reset and fall silent at random, of any server.

import { type NetConnectOpts, type Socket, connect } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import type { Random } from "../hosts/replay/random.ts";

/** Where a server listens; with an authority, over TLS. */
export interface Door {
  readonly path: string | undefined;
  readonly port: number;
  readonly ca: string | undefined;
}

/** A client. */
export interface Guest {
  /** Whether it has been connected. */
  isConnected: boolean;
  /** Resolves when it is closed. */
  readonly over: Promise<void>;
}

const WAYS = ["asks", "talks", "silent", "leaves", "resets", "half-closes", "slow", "garbage"] as const;
const LONGEST = 30; // milliseconds until it leaves

/** Lets a client come. It leaves by itself. */
export function guest(random: Random, { path, port, ca }: Door): Guest {
  const [way, pause] = [random.of(WAYS), random.below(LONGEST)];
  const where = path === undefined ? { host: "127.0.0.1", port } : { path };
  const isPlain = ca === undefined || way === "garbage";
  const localAddress =
    path === undefined && isPlain && process.platform === "linux" ? `127.0.0.${1 + random.below(4)}` : "";
  const plain = { ...where, allowHalfOpen: true, ...(localAddress && { localAddress }) } as NetConnectOpts;
  const socket = isPlain ? connect(plain) : connectTls({ ...where, ca, servername: "localhost" } as ConnectionOptions);
  const visit: Guest = {
    isConnected: false,
    over: new Promise((resolve) => void socket.once("close", () => resolve())),
  };
  socket.on("error", ({ code }: NodeJS.ErrnoException) => {
    if (code === "ECONNRESET") visit.isConnected = true; // perhaps before it knew
  });
  socket.on("data", () => {});
  socket.on("end", () => setTimeout(() => socket.destroy(), pause));
  socket.once("connect", () => (visit.isConnected = true));
  socket.once(isPlain ? "connect" : "secureConnect", () => act(socket, way, pause));
  return visit;
}

function act(socket: Socket, way: (typeof WAYS)[number], pause: number): void {
  const later = (task: () => void): void => void setTimeout(task, pause);
  switch (way) {
    case "asks":
      socket.end("a question");
      break;
    case "talks":
      socket.write("one");
      later(() => socket.write("two"));
      setTimeout(() => socket.end(), pause * 2);
      break;
    case "silent":
      later(() => socket.end());
      break;
    case "leaves":
      socket.destroy();
      break;
    case "resets":
      socket.write("never mind");
      later(() => reset(socket));
      break;
    case "half-closes":
      socket.write("my last");
      later(() => socket.end());
      break;
    case "slow":
      socket.pause();
      socket.write("x".repeat(100_000));
      later(() => socket.resume().end());
      break;
    case "garbage":
      socket.write("\0\x16\x03\r\n\r\n");
      later(() => socket.destroy());
  }
}

// A client cannot reset over TLS or a UNIX domain socket.
function reset(socket: Socket): void {
  if ("encrypted" in socket || socket.remotePort === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
