// Methods that are called without their object: they throw an error that names the method and the object.

import { withCode } from "./errors.ts";

/** What a class says about its methods. */
export interface Methods {
  /** What its objects are called: `a loop`. */
  readonly of: string;
  /** The methods that are called so often that they check `this` themselves. */
  readonly unchecked?: readonly string[];
}

/** A class, with what it and its bases say about their methods. */
type Owner = (abstract new (...args: never[]) => object) & { readonly ownMethods?: Methods };

const owners = new WeakSet<object>();

/** Throws: `timer must be called as a method of a loop`. */
export function detached(name: string, owner: string): never {
  const message = `${name} must be called as a method of ${owner}`;
  throw withCode(new TypeError(message), "ERR_IOLOOP_INVALID_THIS");
}

/**
 * Makes every method of a class and of its bases throw if it is called on anything else, where they have a static `ownMethods`. Called by each
 * constructor, and does so only once: until there is an object, nobody can take a method from it, and a program that starts need not wait.
 */
export function ownMethods(made: object): void {
  for (let type = made as Owner; !owners.has(type) && type.prototype; type = Object.getPrototypeOf(type) as Owner) {
    owners.add(type);
    if (Object.hasOwn(type, "ownMethods")) own(type, type.ownMethods!);
  }
}

function own(type: Owner, { of, unchecked = [] }: Methods): void {
  const prototype = type.prototype as Record<string, unknown>;
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const property = Object.getOwnPropertyDescriptor(prototype, name)!;
    const method: unknown = property.value;
    if (typeof method !== "function" || name === "constructor" || unchecked.includes(name) || isReplaced(method))
      continue;
    const checked = function (this: unknown, ...args: unknown[]): unknown {
      if (!(this instanceof type)) detached(name, of);
      return Reflect.apply(method, this, args);
    };
    Object.defineProperty(checked, "name", { value: name });
    Object.defineProperty(checked, "length", { value: method.length });
    Object.defineProperty(prototype, name, { ...property, value: checked });
  }
}

// A method of a class has a length and a name, and nothing else. What a program has put in its place, such as a mock, must stay.
function isReplaced(method: object): boolean {
  return Reflect.ownKeys(method).length !== 2;
}
