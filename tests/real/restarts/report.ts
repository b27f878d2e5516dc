// The output of the command: one line per result, and their number.

/** Reports whether a result is good, with its line. */
export type Report = (isWhole: boolean, line: string) => void;

let passed = 0;
let failed = 0;

export const report: Report = (isWhole, line) => {
  if (isWhole) passed++;
  else failed++;
  console.log(`${isWhole ? "ok  " : "FAIL"} ${line}`);
};

/** Reports a scenario that cannot run here, and why. */
export function leftOut(line: string): void {
  console.log(`left out: ${line}`);
}

/** Shows a result that is neither good nor bad: of another program. */
export function shown(line: string): void {
  console.log(`     ${line}`);
}

/** Prints the numbers of results. Returns whether all of them are good. */
export function sum(): boolean {
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0;
}
