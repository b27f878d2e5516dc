// What both versions of the PROXY protocol share.

import type { ProxyInfo } from "../socket/proxy-info.ts";

/** The error inside the parser: a header is malformed. The message says how. */
export class Malformed extends Error {}

/** A header that says nothing but its version. */
export const NOTHING: Omit<ProxyInfo, "version"> = {
  command: "PROXY",
  transport: "UNKNOWN",
  sourceAddress: undefined,
  sourcePort: undefined,
  destinationAddress: undefined,
  destinationPort: undefined,
  alpn: undefined,
  authority: undefined,
  uniqueId: undefined,
  namespace: undefined,
  ssl: undefined,
  tlvs: [],
};
