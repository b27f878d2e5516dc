// What a worker is told when it is started, in an environment variable.

import { setting } from "../base/runtime.ts";
import type { Ports } from "./channel.ts";

const NAME = "IOLOOP_PREFORK";

export interface Birth {
  readonly generation: number;
  /** The ports that its servers listen at if they ask for a free one; those without an entry get one. */
  readonly ports: Ports;
  /** Whether it has inherited the sockets that a service manager has passed. */
  readonly hasSockets: boolean;
}

/** The environment of a worker. */
export function environmentOf(birth: Birth): Record<string, string> {
  return { [NAME]: JSON.stringify(birth) };
}

/** What this worker was told; undefined if it was not started by prefork. It is not passed on to processes that this one starts. */
export function takeBirth(): Birth | undefined {
  const text = setting(NAME);
  delete process.env[NAME];
  try {
    return JSON.parse(text ?? "") as Birth;
  } catch {
    return undefined;
  }
}
