// What can be found out about another process: whether it runs, what it has open, and when it has started. On Linux, from /proc.

import { type Stats, readFileSync, readdirSync, statSync } from "node:fs";

const TICK_MS = 10; // of the times in /proc/PID/stat
const STARTED = 19; // the place of the time of the start, after the name of the program
const MARGIN_MS = 2000;

/** Whether a process runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // it runs as another user
  }
}

/** Whether a process has a file open, or may have: what the processes of other users have open cannot be seen. */
export function mayHold(pid: number, { dev, ino }: Stats): boolean {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).some((fd) => {
      const open = statSync(`${folder}/${fd}`, { throwIfNoEntry: false });
      return open?.dev === dev && open.ino === ino;
    });
  } catch {
    return true;
  }
}

/** Whether a process has started after a file was written; false if that is not known. */
export function isYounger(pid: number, { mtimeMs }: Stats): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const ticks = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[STARTED]);
    const uptime = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
    return Date.now() - uptime * 1000 + ticks * TICK_MS > mtimeMs + MARGIN_MS;
  } catch {
    return false;
  }
}
