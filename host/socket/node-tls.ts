// The runtime's TLS, loaded when it is needed first: many loops speak none, and on Node 26 it is half of what an import takes.

import type * as Crypto from "node:crypto";
import { createRequire } from "node:module";
import type * as Tls from "node:tls";

let loaded: typeof Tls | undefined;

/** `node:tls`. */
export function nodeTls(): typeof Tls {
  return (loaded ??= builtin("node:tls") as typeof Tls);
}

/** The type of a private key: `"rsa"`, `"ec"`, `"ed25519"`, … */
export function keyType(key: Crypto.PrivateKeyInput): string {
  const { createPrivateKey } = builtin("node:crypto") as typeof Crypto;
  return createPrivateKey(key).asymmetricKeyType ?? "unknown";
}

/** Whether a connection keeps the default certificate beside the one of the name that it asks for, where their keys differ in type. */
export function mixesCertificates(): boolean {
  const { bun, deno, node } = process.versions as Record<string, string | undefined>;
  return bun === undefined && deno === undefined && Number(node?.split(".")[0]) < 24;
}

function builtin(name: string): unknown {
  // Node has `getBuiltinModule` from 20.16 on.
  return process.getBuiltinModule?.(name) ?? createRequire("/")(name);
}
