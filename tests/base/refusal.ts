// What a call with wrong arguments throws.

import type { IOLoopError } from "wasm-ioloop";

/** The error that a task throws: "Class CODE: message". */
export function refusal(task: () => unknown): string {
  try {
    task();
  } catch (error) {
    const { constructor, code, message } = error as IOLoopError;
    return `${constructor.name} ${code}: ${message}`;
  }
  return "nothing thrown";
}
