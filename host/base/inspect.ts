// How an object is shown: as one line in a console, and as a plain object in JSON.

import { EventEmitter, type Events } from "./event-emitter.ts";

export const NODE: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never; // Bun uses it, too
export const DENO: unique symbol = Symbol.for("Deno.customInspect") as never;

/** An emitter that shows its state in a console and in JSON. */
export abstract class Shown<E extends Events<E>> extends EventEmitter<E> {
  /** The state to show: plain values. Has no side effects. @internal */
  abstract facts(): Record<string, unknown>;

  /** The state of the object as plain values, for `JSON.stringify`. */
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

interface Inspectable {
  facts(): Record<string, unknown>;
}

/** `Stream { remoteAddress: "127.0.0.1", timeout: 15 }`. Undefined values are left out. */
function line(shown: Inspectable): string {
  const { name } = shown.constructor;
  try {
    const facts = Object.entries(shown.facts()).filter(([, value]) => value !== undefined);
    return `${name} { ${facts.map(([what, value]) => `${what}: ${JSON.stringify(value)}`).join(", ")} }`;
  } catch {
    return `${name} {}`; // a prototype, which has no state
  }
}
