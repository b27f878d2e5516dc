// Servers on which a program has called `listen` while it was loaded.
//
// A server does not show it in a worker of a cluster: there it listens only when the manager has answered. So the methods are watched meanwhile.

import * as http from "node:http";
import * as https from "node:https";
import * as net from "node:net";
import * as tls from "node:tls";

interface Listens {
  listen: (this: unknown, ...args: unknown[]) => unknown;
}

const listened = new WeakSet<object>();

/** Whether `listen` was called on a server while {@link watchingListen} watched. */
export function hasListened(server: object): boolean {
  return listened.has(server);
}

/** Runs a task, and notes the servers on which `listen` is called meanwhile. */
export async function watchingListen<T>(task: () => Promise<T>): Promise<T> {
  const ends = prototypes().map(watch);
  try {
    return await task();
  } finally {
    for (const end of ends) end();
  }
}

// On Node all of them inherit from `net.Server`; on Bun and Deno some have a method of their own.
function prototypes(): Listens[] {
  const all = [net.Server, tls.Server, http.Server, https.Server].map(({ prototype }) => prototype as Listens);
  return all.filter((prototype) => Object.hasOwn(prototype, "listen"));
}

function watch(prototype: Listens): () => void {
  const { listen } = prototype;
  const watched = function (this: unknown, ...args: unknown[]): unknown {
    listened.add(this as object);
    return listen.apply(this, args);
  };
  prototype.listen = watched;
  return () => {
    if (prototype.listen === watched) prototype.listen = listen; // others may have replaced it meanwhile
  };
}
