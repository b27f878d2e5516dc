// Typed arrays that get longer: the columns of the tables.

/** The maximum number of slots of a table. */
export const LARGEST: number = 2 ** 22;

type Column = Float64Array | Int32Array | Uint8Array;

/** A longer copy of a column, filled up with zeros. */
export function longer<T extends Column>(column: T, length: number): T {
  const copy = new (column.constructor as new (length: number) => T)(length);
  copy.set(column);
  return copy;
}
