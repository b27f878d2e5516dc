// The command without a manager, `--workers 0`: the program runs in this process, for a debugger, or for a supervisor that restarts it.

import { IOLoop } from "../index.ts";
import type { PreforkWorker } from "./prefork.ts";

/** Runs a loop until a signal has stopped it gracefully. A second INT ends the process at once, by default. */
export async function runAlone(
  options: { delay?: number | undefined; gracefulTimeout?: number | undefined },
  setUp: (loop: IOLoop, worker: PreforkWorker) => Promise<void>,
): Promise<void> {
  const { delay = 0, gracefulTimeout = 120 } = options;
  const loop = new IOLoop();
  const stopping = new AbortController();
  loop.on("finish", () => stopping.abort());
  const stop = (): void => void loop.stopGracefully({ delay, timeout: gracefulTimeout });
  for (const signal of ["SIGINT", "SIGTERM", "SIGQUIT"] as const) process.once(signal, stop);
  const running = loop.start({ forever: true });
  const started = setUp(loop, { id: 1, pid: process.pid, generation: 1, signal: stopping.signal });
  // A server of the program that cannot listen, and whose errors nobody handles, ends it.
  const deaf = new Promise<never>((_resolve, reject) => {
    loop.reactor.on("error", (_reactor, error) => {
      if ((error as NodeJS.ErrnoException | undefined)?.syscall === "listen") reject(error);
    });
  });
  try {
    await Promise.race([started, deaf, running]); // a signal may stop it before
  } catch (error) {
    // A signal that comes while the program starts ends it; what fails then has no other reason.
    if (!stopping.signal.aborted) throw error;
  }
  await Promise.race([running, deaf]);
}
