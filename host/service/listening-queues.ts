// The sockets that the cluster listens on in the manager, and the clients that the system has queued for them.
//
// When a listening socket closes, the system resets the clients in its queue. So before all workers leave the cluster at once, its sockets are
// set to queue no more, and the manager waits until no client arrives. The cluster has no method for this: its sockets are found by a
// diagnostics channel of the runtime, and its handle by an undocumented name. If one of them is missing, this does nothing.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Server } from "node:net";
import { monotonicNow, setImmediate, setting } from "../base/runtime.ts";
import { hasHandoffs } from "./handoffs.ts";

const LISTENS = "tracing:net.server.listen:asyncStart";
const QUIET_TURNS = 100; // of the event loop, in a row
const LONGEST_MS = 1000;

interface Handle {
  readonly fd?: number;
  listen?(backlog: number): number;
  onconnection?: ((...args: unknown[]) => unknown) | undefined;
}
type WithHandle = Server & { _handle?: Handle | null };

export class ListeningQueues {
  readonly #handles = new Set<Handle>();
  #shut: Promise<void> | undefined;

  /** Begins to notice the sockets of the cluster. */
  constructor() {
    const { bun, deno } = process.versions as Record<string, string | undefined>;
    if (bun === undefined && deno === undefined && setting("IOLOOP_FAST") !== "0") subscribe(LISTENS, this.#listens);
  }

  end(): void {
    unsubscribe(LISTENS, this.#listens);
  }

  /** Resolves when the queues are empty, or after a second. */
  empty(): Promise<void> {
    return (this.#shut ??= this.#empty());
  }

  async #empty(): Promise<void> {
    let [arrived, known, quiet] = [0, 0, 0];
    for (const handle of this.#handles) {
      const { onconnection } = handle;
      if (typeof handle.listen !== "function" || typeof onconnection !== "function") continue;
      handle.onconnection = (...args) => {
        arrived++;
        return onconnection.apply(handle, args);
      };
      handle.listen(0);
      known = -1;
    }
    if (known === 0) return;
    for (const end = monotonicNow() + LONGEST_MS; quiet < QUIET_TURNS && monotonicNow() < end; known = arrived) {
      await new Promise<void>((resolve) => void setImmediate?.(resolve));
      quiet = arrived === known && !hasHandoffs() ? quiet + 1 : 0;
    }
  }

  // Those that the cluster has closed are let go: it opens others as long as the service runs.
  #add(handle: Handle): void {
    for (const one of this.#handles) if (one.fd !== undefined && one.fd < 0) this.#handles.delete(one);
    this.#handles.add(handle);
  }

  readonly #listens = (message: unknown): void => {
    const { server, options } = message as { server: WithHandle; options?: { fd?: number } };
    if (options?.fd !== undefined) return; // other processes may have this socket, and its queue is theirs, too
    let handle: Handle | null | undefined;
    // oxlint-disable no-underscore-dangle -- that is its name
    server.prependOnceListener("listening", () => (handle = server._handle));
    server.once("listening", () => {
      // The cluster takes the handle out of its server; those of other servers of the manager stay.
      setImmediate?.(() => handle && server._handle === null && this.#add(handle));
    });
  };
}
