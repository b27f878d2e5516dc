// Promises that must reject.

import * as assert from "uvu/assert";

type Expected = RegExp | string | ((error: never) => boolean);

/** Resolves when a promise has rejected with what is expected: a code, a part of the message, or what a function accepts. */
export async function rejects(promise: Promise<unknown>, expected: Expected): Promise<void> {
  let error: unknown;
  try {
    const value = await promise;
    assert.unreachable(`it has resolved with ${String(value)}`);
  } catch (failure) {
    error = failure;
  }
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  if (typeof expected === "string") assert.is(code, expected, String(error));
  else if (expected instanceof RegExp) assert.match(message ?? String(error), expected);
  else assert.ok(expected(error as never), String(error));
}
