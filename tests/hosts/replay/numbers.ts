// The numbers of a script: every f64 as exact text that every host can read and print without a library.

/** Writes a number as text. There is only one form for each number. */
export function format(value: number): string {
  if (Object.is(value, -0)) return "-0";
  const size = Math.abs(value);
  if (!(size < Infinity) || (Number.isInteger(size) && size < 2 ** 53)) return String(value);
  // An odd whole number times a power of two. Every step is exact.
  let [odd, exponent] = [size, 0];
  for (; !Number.isInteger(odd); exponent--) odd *= 2;
  for (; odd % 2 === 0; exponent++) odd /= 2;
  return `${value < 0 ? "-" : ""}0x${odd.toString(16)}p${exponent}`;
}

/** Parses a number; throws if the text is not one. */
export function parse(text: string): number {
  const [, sign, odd, exponent] = /^(-?)0x([0-9a-f]{1,14})p(-?\d{1,4})$/.exec(text) ?? [];
  if (odd === undefined) {
    if (!/^(?:-?\d{1,16}|-?Infinity|NaN)$/.test(text)) throw new SyntaxError(`not a number: ${text}`);
    return Number(text);
  }
  let value = parseInt(odd, 16);
  for (let left = Number(exponent); left < 0; left++) value /= 2;
  for (let left = Number(exponent); left > 0; left--) value *= 2;
  return sign === "-" ? -value : value;
}
