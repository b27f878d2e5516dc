// What a TCP connection is set to. Other connections do not know these things, and take no notice.

import { BOOLEAN, type Rule } from "../base/checks.ts";
import type { BareSocket } from "./bare-socket.ts";
import type { StreamHandle } from "./handle.ts";

/** Options of a TCP connection. */
export interface TcpOptions {
  /** Send small pieces at once (TCP_NODELAY); default true. */
  noDelay?: boolean | undefined;
  /** Seconds without traffic until the system asks for the first time whether the peer is still there; default 0, never. */
  keepAlive?: number | undefined;
}

// The system counts whole seconds, and no more than these.
const KEEP_ALIVE: Rule = {
  allowed: "a whole number of seconds from 0 to 32767",
  type: (value) => typeof value === "number",
  range: (value: number) => Number.isInteger(value) && value >= 0 && value <= 32767,
};

/** What each must be. */
export const TCP_RULES: Readonly<Record<string, Rule>> = { noDelay: BOOLEAN, keepAlive: KEEP_ALIVE };

type Settable = { setNoDelay?(on: boolean): unknown; setKeepAlive?(on: boolean, milliseconds: number): unknown };

/** Sets a connection to what the options say. */
export function tune(handle: StreamHandle | BareSocket, { noDelay = true, keepAlive = 0 }: TcpOptions): void {
  const settable = handle as Settable; // not every Duplex is
  if (noDelay) settable.setNoDelay?.(true);
  if (keepAlive > 0) settable.setKeepAlive?.(true, keepAlive * 1000);
}
