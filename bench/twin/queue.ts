// Queues of connections in order of arrival: those that wait, and those that linger.
//
// I1  A connection is in the queue of its state, WAITING or LINGERING, and in no other.
// I2  Joining and leaving take constant time.

import type { Connections } from "./connections.ts";

export class Queue {
  /** The slot + 1 of the first connection, or 0. */
  first = 0;
  /** The slot + 1 of the last one, or 0. */
  last = 0;
  readonly #connections: Connections;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  /** Appends a connection. */
  join(connection: number): void {
    const { previous, following } = this.#connections;
    previous[connection] = this.last;
    following[connection] = 0;
    if (this.last === 0) this.first = connection + 1;
    else following[this.last - 1] = connection + 1;
    this.last = connection + 1;
  }

  /** Removes a connection. */
  leave(connection: number): void {
    const { previous, following } = this.#connections;
    const before = previous[connection]!;
    const after = following[connection]!;
    if (before === 0) this.first = after;
    else following[before - 1] = after;
    if (after === 0) this.last = before;
    else previous[after - 1] = before;
  }
}
