// Queues of connections in order of arrival: those that wait, and those that linger.
//
// A queue is two words: slot + 1 of its first connection, and of its last; 0 if it is empty. The records link its connections.
// I1  A connection is in the queue of its state, WAITING or LINGERING, and in no other. In other states the links mean something else.
// I2  Joining and leaving take constant time.
// It never decides which connection joins or leaves.

import { CONNECTIONS } from "./memory";
import { record } from "./slots";

const LAST: usize = 4;

// In a connection's record, while it is in a queue: slot + 1 of a neighbour, or 0.
const PREVIOUS: usize = 24; // i32
const FOLLOWING: usize = 28; // i32

/** The first connection of a queue: slot + 1, or 0. */
export function first(line: usize): i32 {
  return load<i32>(line);
}

/** The last connection of a queue: slot + 1, or 0. */
export function last(line: usize): i32 {
  return load<i32>(line, LAST);
}

/** The connection before another: slot + 1, or 0. */
export function preceding(connection: i32): i32 {
  return load<i32>(record(CONNECTIONS, connection), PREVIOUS);
}

/** The connection after another: slot + 1, or 0. */
export function following(connection: i32): i32 {
  return load<i32>(record(CONNECTIONS, connection), FOLLOWING);
}

/** Appends a connection to a queue. */
export function join(line: usize, connection: i32): void {
  const at = record(CONNECTIONS, connection);
  const last = load<i32>(line, LAST);
  store<i32>(at, last, PREVIOUS);
  store<i32>(at, 0, FOLLOWING);
  store<i32>(last == 0 ? line : record(CONNECTIONS, last - 1) + FOLLOWING, connection + 1);
  store<i32>(line, connection + 1, LAST);
}

/** Removes a connection from a queue. */
export function leave(line: usize, connection: i32): void {
  const at = record(CONNECTIONS, connection);
  const before = load<i32>(at, PREVIOUS);
  const after = load<i32>(at, FOLLOWING);
  store<i32>(before == 0 ? line : record(CONNECTIONS, before - 1) + FOLLOWING, after);
  store<i32>(after == 0 ? line + LAST : record(CONNECTIONS, after - 1) + PREVIOUS, before);
}
