// Methods that are called without their object: they throw an error that names the method and the object.

import { withCode } from "./errors.ts";

/** Throws: `timer must be called as a method of a loop`. */
export function detached(name: string, owner: string): never {
  const message = `${name} must be called as a method of ${owner}`;
  throw withCode(new TypeError(message), "ERR_IOLOOP_INVALID_THIS");
}

/**
 * Makes every method of a class throw if it is called on anything else. The methods in `hot` are left alone: they are called
 * so often that they check `this` themselves.
 */
export function ownMethods(type: abstract new (...args: never[]) => object, owner: string, hot: string[] = []): void {
  const { prototype } = type as { prototype: object };
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    const method: unknown = property.value;
    if (typeof method !== "function" || name === "constructor" || hot.includes(name)) continue;
    const own = function (this: unknown, ...args: unknown[]): unknown {
      if (!(this instanceof type)) detached(name, owner);
      return Reflect.apply(method, this, args);
    };
    Object.defineProperties(own, { name: { value: name }, length: { value: method.length } });
    Object.defineProperty(prototype, name, { ...property, value: own });
  }
}
