// The file of a UNIX domain socket: when it may be replaced, and when it is ours to remove.
//
// A socket file stays where its process dies. So a path may be in use, or only look like it. The order of questions: to bind tells
// whether there is a file; the system's list of sockets whether somebody has it; only where nobody is known to, a connection is
// tried, which a live server would count as a client. What is left has no owner. It is removed under a lock, and only where
// it is still the file that was looked at: of several who start at once, one wins.

import cluster from "node:cluster";
import {
  type BigIntStats,
  chmodSync,
  closeSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { type Server, connect } from "node:net";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Rule } from "../base/checks.ts";
import { whoHas } from "./unix-sockets.ts";

// A lock is held for less than a millisecond. One that is as old as this, somebody has died with.
const LOCK_MS = 5000;
const PATIENCE = 200; // times 10 ms

// What the system has room for, without the NUL behind it. Node up to 20 would cut what is longer, and bind to another file.
const LONGEST: Readonly<Partial<Record<NodeJS.Platform, number>>> = { linux: 107, android: 107, win32: Infinity };
const longest = LONGEST[process.platform] ?? 103;

/** What the path of a UNIX domain socket must be. */
export const SOCKET_PATH: Rule = {
  allowed: `a path: a string that is not empty, has no NUL, and has at most ${longest} bytes`,
  type: (value) => typeof value === "string",
  range: (value: string) => value.length > 0 && !value.includes("\0") && Buffer.byteLength(value) <= longest,
};

/** A path that a server listens at. */
export class SocketFile {
  readonly #path: string;
  readonly #mode: number | undefined;
  #own: BigIntStats | undefined;
  /** Whether its server has been closed. */
  isClosed = false;

  constructor(path: string, mode?: number) {
    this.#path = resolve(path); // the process may go to another folder
    this.#mode = mode;
  }

  /** The server has bound: what is at the path now is its file. */
  bound(): void {
    if (this.#own) return;
    if (this.#mode !== undefined) chmodSync(this.#path, this.#mode);
    if (cluster.isPrimary) this.#own = look(this.#path); // that of a worker belongs to the primary
  }

  /** Where the path may be in use: whether an attempt to bind may succeed. A file that has no owner is removed. */
  async makeWay(): Promise<boolean> {
    const file = look(this.#path);
    if (!file) return true; // it went meanwhile
    if (!file.isSocket() || (await isAlive(this.#path, file))) return false;
    return removeLocked(this.#path, file);
  }

  /** Has the server, whoever closes it, leave alone what others have put at the path since. */
  guard(server: Server): void {
    const close = server.close.bind(server);
    server.close = (callback) => {
      this.isClosed = true;
      this.#aside(() => close(callback));
      return server;
    };
  }

  // Closing, the runtime removes whatever is at the path: what is not ours is moved aside for that moment.
  #aside(close: () => void): void {
    const [own, now] = [this.#own, look(this.#path)];
    this.#own = undefined;
    if (!own || !now || isSame(own, now)) {
      close();
      if (own) remove(this.#path, own); // where the runtime has not
      return;
    }
    const aside = `${this.#path}.${process.pid}`;
    try {
      renameSync(this.#path, aside);
    } catch {
      return close(); // who may not move it may not remove it
    }
    close();
    putBack(aside, this.#path);
  }
}

// By device and inode. They are not given to another file while a socket is bound to this one.
function isSame(a: BigIntStats, b: BigIntStats): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

function look(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

function remove(path: string, file: BigIntStats): void {
  const now = look(path);
  if (now && isSame(now, file)) unlinkSync(path);
}

function putBack(aside: string, path: string): void {
  try {
    linkSync(aside, path); // replaces nothing
    unlinkSync(aside);
  } catch {
    if (!look(path)) renameSync(aside, path); // a link to the file of another user is not always allowed
  }
}

// Whether somebody has the socket. In doubt he has.
async function isAlive(path: string, file: BigIntStats): Promise<boolean> {
  const owner = whoHas(path, file);
  if (owner === "somebody") return true;
  // Bun says the same of a full queue, of a socket of another type, and of none at all.
  if (owner === "unknown" && process.versions["bun"] !== undefined) return true;
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code !== "ECONNREFUSED" && code !== "ENOENT"));
  });
}

// Removes a file that has no owner. Whether one may try to bind then: also where another has come first, which binding will tell.
async function removeLocked(path: string, file: BigIntStats): Promise<boolean> {
  const lock = `${path}.ioloop-lock`;
  for (let i = 0; i < PATIENCE; i++) {
    const got = take(lock);
    if (got === undefined) return false;
    if (got) {
      try {
        const now = look(path);
        // An inode may have been given away again; the time of its change tells.
        if (!now || !isSame(now, file) || now.ctimeNs !== file.ctimeNs) return true;
        if (whoHas(path, file) === "somebody") return false;
        unlinkSync(path);
        return true;
      } catch {
        return false; // it may not be removed
      } finally {
        giveBack(lock);
      }
    }
    await sleep(10);
  }
  return false;
}

function giveBack(lock: string): void {
  try {
    unlinkSync(lock);
  } catch {
    // Somebody thought that it was an old one.
  }
}

// True: the lock is ours. False: another has it. Undefined: there can be none.
function take(lock: string): boolean | undefined {
  try {
    closeSync(openSync(lock, "wx"));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") return undefined;
  }
  try {
    if (Date.now() - statSync(lock).mtimeMs > LOCK_MS) unlinkSync(lock);
  } catch {
    // It has just been given back.
  }
  return false;
}
