// The classes of `node:stream` that sockets inherit from. To load that module by its name takes more than a millisecond on Bun and Deno, although
// `node:net` uses these classes, too.

import { Socket } from "node:net";
import type * as Streams from "node:stream";
import { streams } from "./builtin.ts";

export type Duplex = Streams.Duplex;
export type Readable = Streams.Readable;

/** `Duplex` of `node:stream`. */
export const Duplex: typeof Streams.Duplex = /* @__PURE__ */ baseOf(Socket, "Duplex");
/** `Readable` of `node:stream`. */
export const Readable: typeof Streams.Readable = /* @__PURE__ */ baseOf(Duplex, "Readable");

// A test may have replaced the class with one that has no base.
function baseOf<Name extends "Duplex" | "Readable">(type: object, name: Name): (typeof Streams)[Name] {
  const base = Object.getPrototypeOf(type) as { readonly prototype?: unknown };
  return (base.prototype === undefined ? streams()[name] : base) as (typeof Streams)[Name];
}
