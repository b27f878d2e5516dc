// Shows the progress in one line: rewritten in a terminal, and printed from time to time otherwise.

const EVERY_SECONDS = 10;

/** @param {NodeJS.WriteStream} output */
export function progressLine(output) {
  const began = performance.now();
  let printed = -Infinity;
  const since = () => {
    const seconds = Math.round((performance.now() - began) / 1000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  };
  return {
    say(text) {
      if (output.isTTY) {
        output.write(`\r${`${since()} ${text}`.slice(0, (output.columns ?? 80) - 1)}\x1b[K`);
      } else if (performance.now() - printed > EVERY_SECONDS * 1000) {
        printed = performance.now();
        output.write(`${since()} ${text}\n`);
      }
    },
    clear() {
      if (output.isTTY) output.write("\r\x1b[K");
    },
  };
}
