// What the command says: one line a result, and how many there were.

/** Says that something has been lost, or that nothing has. */
export type Report = (isWhole: boolean, line: string) => void;

let passed = 0;
let failed = 0;

export const report: Report = (isWhole, line) => {
  if (isWhole) passed++;
  else failed++;
  console.log(`${isWhole ? "ok  " : "FAIL"} ${line}`);
};

/** Says what cannot be tried here, and why. */
export function leftOut(line: string): void {
  console.log(`left out: ${line}`);
}

/** Says how many results there were. Whether all is well. */
export function sum(): boolean {
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0;
}
