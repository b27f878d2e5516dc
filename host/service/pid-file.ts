// The file with the process id of the manager.

import { readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { IOLoopError } from "../index.ts";

export class PidFile {
  readonly #path: string;

  /** Writes the file. Throws `ERR_IOLOOP_PID_FILE` if it names another process that runs. */
  constructor(path: string) {
    this.#path = resolve(path); // the process may change its working directory
    try {
      writeFileSync(this.#path, `${process.pid}\n`, { flag: "wx" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const pid = this.#read();
      if (pid !== undefined && pid !== process.pid && isAlive(pid)) {
        const message =
          `prefork: option "pidFile": ${this.#path} has the id of process ${pid}, which is running; ` +
          `if it is not this service, remove the file`;
        throw new IOLoopError("ERR_IOLOOP_PID_FILE", message);
      }
      writeFileSync(this.#path, `${process.pid}\n`); // left behind by a process that has died
    }
  }

  /** Removes the file, unless another process has written it since. */
  remove(): void {
    try {
      if (this.#read() === process.pid) unlinkSync(this.#path);
    } catch {
      // It has been removed, or may not be.
    }
  }

  #read(): number | undefined {
    try {
      const pid = Number(readFileSync(this.#path, "utf8").trim());
      return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
    } catch {
      return undefined;
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // it runs as another user
  }
}
