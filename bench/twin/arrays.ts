// Typed arrays that get longer: the columns of the tables.

/** How many slots a table has at most. */
export const LARGEST: number = 2 ** 22;

type Column = Float64Array | Int32Array | Uint8Array;

/** A copy of a column, zero where it is longer. */
export function longer<T extends Column>(column: T, length: number): T {
  const copy = new (column.constructor as new (length: number) => T)(length);
  copy.set(column);
  return copy;
}
