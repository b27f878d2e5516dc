// Options of TCP connections. They have no effect on other connections.

import { BOOLEAN, type Rule } from "../base/checks.ts";
import type { BareSocket } from "./bare-socket.ts";
import type { StreamHandle } from "./handle.ts";

/** Options of a TCP connection. */
export interface TcpOptions {
  /** Send small pieces at once (TCP_NODELAY); default true. */
  noDelay?: boolean | undefined;
  /** Seconds without traffic before the system first checks whether the peer is still there: a whole number up to 32767; default 0, never. */
  keepAlive?: number | undefined;
}

// The system takes whole seconds, up to 32767.
const KEEP_ALIVE: Rule = {
  allowed: "a whole number of seconds from 0 to 32767",
  type: (value) => typeof value === "number",
  range: (value: number) => Number.isInteger(value) && value >= 0 && value <= 32767,
};

/** The rules for these options. */
export const TCP_RULES: Readonly<Record<string, Rule>> = { noDelay: BOOLEAN, keepAlive: KEEP_ALIVE };

type Settable = { setNoDelay?(on: boolean): unknown; setKeepAlive?(on: boolean, milliseconds: number): unknown };

/** Applies the options to a connection. */
export function tune(handle: StreamHandle | BareSocket, { noDelay = true, keepAlive = 0 }: TcpOptions): void {
  const settable = handle as Settable; // not every Duplex has these methods
  if (noDelay) settable.setNoDelay?.(true);
  if (keepAlive > 0) settable.setKeepAlive?.(true, keepAlive * 1000);
}
