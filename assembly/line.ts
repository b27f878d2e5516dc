// Lines of connections, first come, first served: those that wait, and those that linger.
//
// A line is two words: the slot + 1 of its first connection, and of its last; 0 when it is empty. Records link its connections.
// I1  A connection is in the line of its state, WAITING or LINGERING, and in no other. Elsewhere the links are not links.
// I2  Joining and leaving take constant time.
// It never decides who joins or leaves.

import { CONNECTIONS } from "./memory";
import { record } from "./slots";

const LAST: usize = 4;

// In a connection's record, while it is in a line: slot + 1 of a neighbour, or 0.
const PREVIOUS: usize = 24; // i32
const FOLLOWING: usize = 28; // i32

/** The first of a line: slot + 1, or 0. */
export function first(line: usize): i32 {
  return load<i32>(line);
}

/** The one behind a connection: slot + 1, or 0. */
export function following(connection: i32): i32 {
  return load<i32>(record(CONNECTIONS, connection), FOLLOWING);
}

/** Puts a connection at the end of a line. */
export function join(line: usize, connection: i32): void {
  const at = record(CONNECTIONS, connection);
  const last = load<i32>(line, LAST);
  store<i32>(at, last, PREVIOUS);
  store<i32>(at, 0, FOLLOWING);
  store<i32>(last == 0 ? line : record(CONNECTIONS, last - 1) + FOLLOWING, connection + 1);
  store<i32>(line, connection + 1, LAST);
}

/** Takes a connection out of a line. */
export function leave(line: usize, connection: i32): void {
  const at = record(CONNECTIONS, connection);
  const before = load<i32>(at, PREVIOUS);
  const after = load<i32>(at, FOLLOWING);
  store<i32>(before == 0 ? line : record(CONNECTIONS, before - 1) + FOLLOWING, after);
  store<i32>(after == 0 ? line + LAST : record(CONNECTIONS, after - 1) + PREVIOUS, before);
}
