// The file of a UNIX domain socket: when it may be replaced, and when this process must remove it.
//
// A socket file stays when its process dies. So a path may be in use, or only look like it. The server binds first: that fails if there
// is a file. Then it reads the system's list of sockets: a process may have the file open. Only if none is known to, it tries to connect,
// which a live server would count as a client. If that is refused, the file has no owner. It is removed under a lock, and only if it is
// still the same file: if several processes start at once, one wins.

import type { BigIntStats } from "node:fs";
import { type Server, connect } from "node:net";
import type { Rule } from "../base/checks.ts";
import { setTimeout } from "../base/runtime.ts";
import { fs, isClusterWorker, paths } from "../socket/builtin.ts";
import { whoHas } from "./unix-sockets.ts";

// A lock is held for less than a millisecond. The process that made one of this age has died.
const LOCK_MS = 5000;
const PATIENCE = 200; // times 10 ms

// The bytes that the system allows for a path, without the final NUL. Node up to 20 would cut a longer one, and bind to another file.
const LONGEST: Readonly<Partial<Record<NodeJS.Platform, number>>> = { linux: 107, android: 107, win32: Infinity };
const longest = LONGEST[process.platform] ?? 103;

/** The rule of the path of a UNIX domain socket. */
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
    this.#path = paths().resolve(path); // the process may change its working directory
    this.#mode = mode;
  }

  /** The server has bound: the file at the path is its own. */
  bound(): void {
    if (this.#own) return;
    if (this.#mode !== undefined) fs().chmodSync(this.#path, this.#mode);
    if (!isClusterWorker()) this.#own = look(this.#path); // the file of a worker belongs to the primary
  }

  /** Removes the file at the path if it has no owner. Returns whether an attempt to bind may succeed. */
  async makeWay(): Promise<boolean> {
    const file = look(this.#path);
    if (!file) return true; // it was removed meanwhile
    if (!file.isSocket() || (await isAlive(this.#path, file))) return false;
    return removeLocked(this.#path, file);
  }

  /** Makes `close` of the server spare a file that another process has put at the path since. */
  guard(server: Server): void {
    const close = server.close.bind(server);
    server.close = (callback) => {
      this.isClosed = true;
      this.#aside(() => close(callback));
      return server;
    };
  }

  // The runtime removes any file at the path when it closes. A file of another process is moved aside meanwhile.
  #aside(close: () => void): void {
    const [own, now] = [this.#own, look(this.#path)];
    this.#own = undefined;
    if (!own || !now || isSame(own, now)) {
      close();
      if (own) remove(this.#path, own); // if the runtime has not
      return;
    }
    const aside = `${this.#path}.${process.pid}`;
    try {
      fs().renameSync(this.#path, aside);
    } catch {
      return close(); // the runtime may not remove it, either
    }
    close();
    putBack(aside, this.#path);
  }
}

// By device and inode. The system does not reuse them while a socket is bound to the file.
function isSame(a: BigIntStats, b: BigIntStats): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

function look(path: string): BigIntStats | undefined {
  try {
    return fs().lstatSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

function remove(path: string, file: BigIntStats): void {
  const now = look(path);
  if (now && isSame(now, file)) fs().unlinkSync(path);
}

function putBack(aside: string, path: string): void {
  try {
    fs().linkSync(aside, path); // replaces nothing
    fs().unlinkSync(aside);
  } catch {
    if (!look(path)) fs().renameSync(aside, path); // a link to the file of another user is not always allowed
  }
}

// Whether a process has the socket open. True if that cannot be found out.
async function isAlive(path: string, file: BigIntStats): Promise<boolean> {
  const owner = whoHas(path, file);
  if (owner === "somebody") return true;
  // Bun reports the same error for a full queue, for a socket of another type, and for no socket at all.
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

// Removes a file that has no owner. Returns whether to try to bind: also if another process came first, as binding finds that out.
async function removeLocked(path: string, file: BigIntStats): Promise<boolean> {
  const lock = `${path}.ioloop-lock`;
  for (let i = 0; i < PATIENCE; i++) {
    const got = take(lock);
    if (got === undefined) return false;
    if (got) {
      try {
        const now = look(path);
        // The system may have reused an inode. Then the time of its last change differs.
        if (!now || !isSame(now, file) || now.ctimeNs !== file.ctimeNs) return true;
        if (whoHas(path, file) === "somebody") return false;
        fs().unlinkSync(path);
        return true;
      } catch {
        return false; // no permission to remove it
      } finally {
        giveBack(lock);
      }
    }
    await new Promise<void>((resolve) => setTimeout(resolve, 10));
  }
  return false;
}

function giveBack(lock: string): void {
  try {
    fs().unlinkSync(lock);
  } catch {
    // Another process took it for an old one.
  }
}

// Tries to take the lock. False if another process has it; undefined if it cannot be made.
function take(lock: string): boolean | undefined {
  try {
    fs().closeSync(fs().openSync(lock, "wx"));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") return undefined;
  }
  try {
    if (Date.now() - fs().statSync(lock).mtimeMs > LOCK_MS) fs().unlinkSync(lock);
  } catch {
    // It has just been removed by its owner.
  }
  return false;
}
