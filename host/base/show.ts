// Describes values for messages. Never throws, whatever the value.

/** Describes a value: `"text"`, `an array`, `an object of Date`. */
export function show(value: unknown): string {
  try {
    return inWords(value);
  } catch {
    return "a value that cannot be shown"; // its getters throw, for example
  }
}

/** Converts a value as `String` does. */
export function text(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "a value that cannot be shown"; // an object without a prototype, for example
  }
}

function inWords(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  let isArray = false;
  try {
    isArray = Array.isArray(value);
  } catch {
    return "a revoked proxy"; // Array.isArray throws for nothing else
  }
  if (isArray) return "an array";
  const type: unknown = value.constructor;
  if (type === Object) return "a plain object";
  const name: unknown = typeof type === "function" ? type.name : undefined;
  return typeof name === "string" && name !== "" ? `an object of ${name}` : "an object without a class";
}
