// The command without a manager, `--workers 0`: the program runs in this process, for a debugger, or for a supervisor that restarts it.

import { IOLoop } from "../index.ts";
import type { PreforkWorker } from "./prefork.ts";
import { Interrupts } from "./signals.ts";

/** Runs a loop until a signal has stopped it gracefully. A second INT ends the process at once. */
export async function runAlone(
  options: { delay?: number | undefined; gracefulTimeout?: number | undefined },
  setUp: (loop: IOLoop, worker: PreforkWorker) => Promise<void>,
): Promise<void> {
  const { delay = 0, gracefulTimeout = 120 } = options;
  const loop = new IOLoop();
  const stopping = new AbortController();
  loop.on("finish", () => stopping.abort());
  obey(() => void loop.stopGracefully({ delay, timeout: gracefulTimeout }));
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

function obey(stop: () => void): void {
  const interrupts = new Interrupts();
  const received = (signal: NodeJS.Signals): void => {
    if (!interrupts.isSecond(signal)) return stop();
    process.off("SIGINT", received);
    process.kill(process.pid, "SIGINT"); // as if nobody had listened: the shell sees why it has ended
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGQUIT"] as const) process.on(signal, received);
}
