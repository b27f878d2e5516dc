// The file with the process id of the manager.
//
// It appears whole, as a link to a file that is written already: nobody reads half of it, and of several managers that start at once one gets it.
// The manager keeps it open. So another one can find out whether the process that has this id now is the one that has written the file.

import { randomBytes } from "node:crypto";
import {
  type Stats,
  closeSync,
  existsSync,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { IOLoopError } from "../index.ts";
import { isAlive, isYounger, mayHold } from "./process-facts.ts";

const TRIES = 20; // others may write and remove it at the same time
const LONGEST = 32; // bytes of a file that has a process id
/** Codes of file systems that have no links. */
const WITHOUT_LINKS: ReadonlySet<unknown> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

interface Found {
  readonly stats: Stats;
  /** The process id in it; undefined if the file is empty. */
  readonly pid: number | undefined;
}

export class PidFile {
  readonly #path: string;
  #fd: number;

  /** Writes the file. Throws `ERR_IOLOOP_PID_FILE` if it names another process that runs, is something else, or cannot be written. */
  constructor(path: string) {
    this.#path = realPath(path);
    this.#attempt(() => this.#look()); // it throws if nothing should be written there
    const own = this.#beside();
    this.#fd = this.#attempt(() => openSync(own, "wx"));
    try {
      this.#attempt(() => {
        writeSync(this.#fd, `${process.pid}\n`);
        this.#claim(own);
      });
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    } finally {
      unlinkSync(own);
    }
  }

  /** Removes the file, unless another process has replaced it. */
  remove(): void {
    try {
      const { pid, stats } = this.#look() ?? {};
      if (pid === process.pid && isSame(stats!, fstatSync(this.#fd))) this.#takeAway(stats!);
    } catch {
      // It may not be removed.
    }
    closeSync(this.#fd);
  }

  #claim(own: string): void {
    for (let i = 0; i < TRIES; i++) {
      if (this.#put(own)) return;
      const found = this.#look();
      if (!found) continue; // it has just been removed
      const { pid, stats } = found;
      if (pid !== undefined && pid !== process.pid && isAlive(pid) && (mayHold(pid, stats) || !isYounger(pid, stats))) {
        throw this.#refusal(
          `has the id of process ${pid}, which is running; if it is not this service, remove the file`,
        );
      }
      this.#takeAway(stats); // left behind by a process that has died
    }
    throw this.#refusal("is written by other processes all the time");
  }

  // Returns false if there is a file already.
  #put(own: string): boolean {
    try {
      linkSync(own, this.#path);
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EEXIST") return false;
      if (!WITHOUT_LINKS.has(code)) throw error;
    }
    try {
      const fd = openSync(this.#path, "wx");
      closeSync(this.#fd);
      this.#fd = fd;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    }
    writeSync(this.#fd, `${process.pid}\n`);
    return true;
  }

  // Whatever is not a file with a process id stays as it is: the path may be a mistake.
  #look(): Found | undefined {
    const stats = lstatSync(this.#path, { throwIfNoEntry: false });
    if (!stats || stats.isSymbolicLink()) return stats && { stats, pid: undefined }; // a link to nothing
    const text = stats.isFile() && stats.size <= LONGEST ? this.#read() : "?";
    if (text === undefined) return undefined;
    const [, digits] = /^\s*(\d*)\s*$/.exec(text) ?? [];
    if (digits === undefined)
      throw this.#refusal("is not a file with a process id, and would be lost; give another name");
    const pid = Number(digits);
    return { stats, pid: Number.isSafeInteger(pid) && pid > 0 ? pid : undefined };
  }

  // Undefined if the file has just been removed.
  #read(): string | undefined {
    try {
      return readFileSync(this.#path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  // Removes a file, unless another one has been put in its place: that one is put back.
  #takeAway(stats: Stats): void {
    const aside = this.#beside();
    try {
      renameSync(this.#path, aside);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      throw error;
    }
    if (!isSame(lstatSync(aside), stats)) {
      try {
        linkSync(aside, this.#path);
      } catch (error) {
        if (WITHOUT_LINKS.has((error as NodeJS.ErrnoException).code)) return renameSync(aside, this.#path);
      }
    }
    unlinkSync(aside);
  }

  // A name that nobody can foresee: the folder may be one in which others can write.
  #beside(): string {
    return `${this.#path}.${randomBytes(6).toString("hex")}`;
  }

  #attempt<T>(task: () => T): T {
    try {
      return task();
    } catch (error) {
      if (error instanceof IOLoopError) throw error;
      const { code, message } = error as NodeJS.ErrnoException;
      const isMissing = code === "ENOENT" && !existsSync(dirname(this.#path));
      const why = isMissing ? `there is no folder ${dirname(this.#path)}` : (code ?? message);
      throw this.#refusal(`cannot be written: ${why}`, error);
    }
  }

  #refusal(why: string, cause?: unknown): IOLoopError {
    return new IOLoopError("ERR_IOLOOP_PID_FILE", `prefork: option "pidFile": ${this.#path} ${why}`, { cause });
  }
}

// The process may change its working directory.
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path); // there is no file yet
  }
}

// The time, too: the system gives the number of a removed file to the next one.
function isSame(a: Stats, b: Stats): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.mtimeMs === b.mtimeMs;
}
