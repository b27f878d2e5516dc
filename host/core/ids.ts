// Ids of timers, connections and acceptors. The core creates them; this file only takes them apart.

declare const id: unique symbol;

/** The id of a timer, a connection or an acceptor: opaque, unique in its loop, never reused. */
export type Id = number & { readonly [id]: true };

/** The kinds of ids. */
export const Kind = { ACCEPTOR: 1, TIMER: 2, CONNECTION: 3 } as const;

const SLOTS = 2 ** 22;

/** The distance between the ids of one kind and those of the next. */
export const KIND_UNIT: number = 2 ** 51;

/** The slot in an id. */
export function slotOf(id: number): number {
  return id & (SLOTS - 1);
}

/** The kind in an id: one of {@link Kind}, or another number if it is not an id. */
export function kindOf(id: number): number {
  return Math.floor(id / KIND_UNIT);
}
