// The runtime's TLS, loaded when it is first needed: many loops do not use TLS, and on Node 26 it is half of the import time.

import type * as Crypto from "node:crypto";
import type * as Tls from "node:tls";
import { crypto, tls } from "./builtin.ts";

let loaded: typeof Tls | undefined;

/** `node:tls`. */
export function nodeTls(): typeof Tls {
  return (loaded ??= tls());
}

/** The type of a private key: `"rsa"`, `"ec"`, `"ed25519"`, … */
export function keyType(key: Crypto.PrivateKeyInput): string {
  return crypto().createPrivateKey(key).asymmetricKeyType ?? "unknown";
}

/** Whether this runtime may serve the default certificate instead of that for the requested host name if their keys differ in type. */
export function mixesCertificates(): boolean {
  const { bun, deno, node } = process.versions as Record<string, string | undefined>;
  return bun === undefined && deno === undefined && Number(node?.split(".")[0]) < 24;
}
