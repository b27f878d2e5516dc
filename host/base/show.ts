// Values in words, for messages: whatever it is, asking for its words never throws.

/** A value in words: `"text"`, `an array`, `an object of Date`. */
export function show(value: unknown): string {
  try {
    return inWords(value);
  } catch {
    return "a value that cannot be shown"; // one whose getters throw, say
  }
}

/** A value as `String` makes one. */
export function text(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "a value that cannot be shown"; // an object without a prototype, say
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
    return "a revoked proxy"; // only of those the question throws
  }
  if (isArray) return "an array";
  const type: unknown = value.constructor;
  if (type === Object) return "a plain object";
  const name: unknown = typeof type === "function" ? type.name : undefined;
  return typeof name === "string" && name !== "" ? `an object of ${name}` : "an object of no class";
}
