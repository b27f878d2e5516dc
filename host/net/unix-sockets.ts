// Reads the list of UNIX domain sockets that Linux has. It shows which are open, without a connection to them.

import type { BigIntStats } from "node:fs";
import { fs, paths } from "../socket/builtin.ts";

const LIST = "/proc/net/unix";
/** Four of its columns: whether a socket listens, its type, its state, and the name it is bound to. */
const LINE = /^[0-9a-f]+: [0-9a-f]+ [0-9a-f]+ ([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+) +\d+ (.+)$/gm;
const LISTENS = 0x10000;
const DATAGRAM = 2;
const UNCONNECTED = 1;

interface Permissions {
  readonly Deno?: { readonly permissions?: { querySync(what: { name: "read"; path: string }): { state: string } } };
}

/**
 * Whether a process has the socket at a path open: `"somebody"`, `"nobody"` that the list has, or `"unknown"`. The list is that of one
 * network namespace: it lacks the processes of others, such as those of a container.
 */
export function whoHas(path: string, file: BigIntStats): "somebody" | "nobody" | "unknown" {
  const text = paths().resolve(path).includes("\n") ? undefined : list(); // the list has a line for each socket
  if (text === undefined) return "unknown";
  let answer: "nobody" | "unknown" = "nobody";
  for (const [, flags, type, state, name] of text.matchAll(LINE)) {
    // An accepted connection has the name of its listening socket.
    const isOpen = (parseInt(flags!, 16) & LISTENS) !== 0 || parseInt(state!, 16) === UNCONNECTED;
    if (!isOpen && parseInt(type!, 16) !== DATAGRAM) continue;
    const is = isName(name!, path, file);
    if (is) return "somebody";
    if (is === undefined) answer = "unknown";
  }
  return answer;
}

// Whether a name in the list is that of a file. Undefined if it may be.
function isName(name: string, path: string, file: BigIntStats): boolean | undefined {
  if (paths().basename(name) !== paths().basename(path)) return false;
  if (!paths().isAbsolute(name)) return undefined; // relative to a directory that only its process knows
  if (name === paths().resolve(path)) return true;
  try {
    const other = fs().lstatSync(name, { bigint: true });
    return other.dev === file.dev && other.ino === file.ino;
  } catch {
    return undefined; // removed, or in a file system that this process does not see
  }
}

function list(): string | undefined {
  const permission = (globalThis as Permissions).Deno?.permissions?.querySync({ name: "read", path: LIST });
  if (permission && permission.state !== "granted") return undefined; // to read it would prompt the user
  try {
    return fs().readFileSync(LIST, "utf8");
  } catch {
    return undefined;
  }
}
