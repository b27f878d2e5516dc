// Several processes that serve together: a manager, which is the program that was started, and its workers, which run the same program.

import cluster from "node:cluster";
import { FUNCTION, check } from "../base/checks.ts";
import { IOLoop, IOLoopError } from "../index.ts";
import { takeBirth } from "./birth.ts";
import { Manager } from "./manager.ts";
import { ownSockets } from "./passed-sockets.ts";
import { type PreforkOptions, checkPreforkOptions } from "./prefork-options.ts";
import { type PreforkWorker, type SetUp, runWorker } from "./worker.ts";

export type { PreforkOptions, PreforkWorker, SetUp };

let isCalled = false;

/**
 * Serves with several processes, and replaces them without losing a client. The program runs once as the manager, and again in each worker.
 * In a worker, `setUp` makes the servers; its loop runs already, and the promise is never settled. In the manager, the promise
 * resolves when the last worker has ended. Call it once, at the top level of the program.
 *
 * @throws IOLoopError `ERR_IOLOOP_WORKER_FAILED`, as a rejection, if a worker of the first start ends before its first heartbeat.
 */
export function prefork(options: PreforkOptions, setUp: SetUp): Promise<void> {
  const settings = checkPreforkOptions(options);
  check("prefork: callback", setUp, FUNCTION);
  if (isCalled) throw new IOLoopError("ERR_IOLOOP_RUNNING", "prefork: a program can call it only once");
  if (cluster.isPrimary) {
    if (settings.sharing === "reusePort") checkReusePort();
    const manager = new Manager(settings);
    isCalled = true;
    return manager.run();
  }
  const birth = takeBirth();
  if (!birth) {
    const message =
      "prefork: this process is a worker of another cluster, such as the cluster mode of pm2; start it as a single process";
    throw new IOLoopError("ERR_IOLOOP_UNSUPPORTED", message);
  }
  if (birth.hasSockets) ownSockets();
  isCalled = true;
  return runWorker(settings, setUp, birth);
}

// Throws where the runtime cannot share a port: the option is checked before anything is opened, and the server closes at once.
function checkReusePort(): void {
  const loop = new IOLoop();
  const id = loop.server({ port: 0, reuse: true }, () => {});
  loop.remove(id);
}
