// What people see of an object: one line in a console, and a plain object in JSON.

import { EventEmitter, type Events } from "./event-emitter.ts";

const NODE: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never; // of Bun, too
const DENO: unique symbol = Symbol.for("Deno.customInspect") as never;

/** An emitter that says what it is and does. */
export abstract class Shown<E extends Events<E>> extends EventEmitter<E> {
  /** What there is to be seen: plain values. Asking changes nothing. @internal */
  abstract facts(): Record<string, unknown>;

  /** What there is to be seen, for `JSON.stringify`. */
  toJSON(): Record<string, unknown> {
    return this.facts();
  }

  /** @internal */
  [NODE](): string {
    return line(this);
  }

  /** @internal */
  [DENO](): string {
    return line(this);
  }
}

interface Told {
  facts(): Record<string, unknown>;
}

/** `Stream { remoteAddress: "127.0.0.1", timeout: 15 }`. What is undefined is left out. */
function line(told: Told): string {
  const { name } = told.constructor;
  try {
    const facts = Object.entries(told.facts()).filter(([, value]) => value !== undefined);
    return `${name} { ${facts.map(([what, value]) => `${what}: ${JSON.stringify(value)}`).join(", ")} }`;
  } catch {
    return `${name} {}`; // of a prototype
  }
}
