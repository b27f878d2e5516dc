// The sockets that a service manager has passed to this process, for its workers.
//
// Each worker gets their descriptors, and accepts by itself. The manager only holds them. If it opened them for the workers, the cluster would
// close them with the last worker that listens: with one worker, when that one dies.

import cluster from "node:cluster";
import { fstatSync } from "node:fs";
import { setting } from "../base/runtime.ts";

const FIRST = 3;
const MOST = 1000;

let areHandedOn: boolean | undefined;

/** Makes all workers inherit the sockets that were passed to this process. Returns false if there are none. */
export function handOnSockets(): boolean {
  return (areHandedOn ??= handOn());
}

function handOn(): boolean {
  // On Deno workers cannot listen by themselves.
  const isForUs = setting("LISTEN_PID") === String(process.pid) && process.versions["deno"] === undefined;
  const count = isForUs ? Math.min(MOST, Number(setting("LISTEN_FDS"))) : 0;
  const { stdio, silent } = cluster.settings;
  if (!(count >= 1) || stdio !== undefined || silent === true) return false; // the program has its own idea of them
  const passed = Array.from({ length: count }, (_, index) => (isSocket(FIRST + index) ? FIRST + index : "ignore"));
  cluster.setupPrimary({ stdio: ["inherit", "inherit", "inherit", ...passed, "ipc"] });
  return true;
}

/** In a worker that has inherited the sockets: they are its own now, as if they had been passed to it. */
export function ownSockets(): void {
  process.env["LISTEN_PID"] = String(process.pid);
}

function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false; // it is not open
  }
}
