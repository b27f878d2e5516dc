// What runs in a worker: the program's function, the loop, and the heartbeats that report to the manager.

import cluster from "node:cluster";
import { asJson, asLines } from "../base/printable.ts";
import { setTimeout } from "../base/runtime.ts";
import type { IOLoop } from "../index.ts";
import type { Birth } from "./birth.ts";
import { endAtErrorsOnBun } from "./fatal.ts";
import { type Reason, describe, received, send } from "./channel.ts";
import type { Settings } from "./prefork-options.ts";
import { printLine } from "./service-log.ts";
import { Signals } from "./signals.ts";
import { WorkerLoop } from "./worker-loop.ts";

/** What a worker is told about itself. */
export interface PreforkWorker {
  /** Its number: 1, 2, … A successor has a new one. */
  readonly id: number;
  /** The id of its process. */
  readonly pid: number;
  /** How many times the workers had been replaced by the signal USR2 (or HUP) when it was started, plus 1. */
  readonly generation: number;
  /** Is aborted when the worker begins to end, at `finish` of its loop. */
  readonly signal: AbortSignal;
}

/** Sets up a worker: makes its servers and timers. */
export type SetUp = (loop: IOLoop, worker: PreforkWorker) => unknown;

const PATIENCE = 10; // seconds; the manager says when accepting ends, and is late if it is busy
const LAST_MS = 1000; // for what is on its way to the manager

class WorkerProcess {
  readonly #settings: Settings;
  readonly #loop: WorkerLoop;
  readonly #controller = new AbortController();
  #replace: Reason | undefined;
  #bytes: number | undefined; // when it has become too large
  #isUp = false; // whether it has sent a heartbeat
  #isEnding = false;
  #isOver = false; // its loop has stopped

  constructor(settings: Settings, { ports }: Birth) {
    this.#settings = settings;
    this.#loop = new WorkerLoop(settings, ports, () => this.#askFor("accepts"));
  }

  run(setUp: SetUp, id: number, generation: number): void {
    const loop = this.#loop;
    void new Signals(nothing); // they are the manager's
    process.on("uncaughtExceptionMonitor", (error) => this.#report(error));
    endAtErrorsOnBun();
    if (!process.connected) return this.#exit(0); // the service has ended meanwhile
    process.on("message", (message) => {
      const order = received(message)?.is;
      if (order === "finish" || order === "close")
        this.#finish(order === "close" ? 0 : this.#settings.delay + PATIENCE);
    });
    const { worker: link } = cluster;
    link?.on("error", nothing); // both sides may disconnect at the same moment
    link?.once("disconnect", () => {
      link.exitedAfterDisconnect = true; // otherwise the runtime ends this process at once
      this.#finish(0);
    });
    loop.on("finish", () => this.#ends());
    loop.on("closing", () => send(process, { is: "closed" }));
    loop.start({ forever: true }).then(
      () => this.#exit(0),
      (error: unknown) => this.#fail(error),
    );
    const worker: PreforkWorker = { id, pid: process.pid, generation, signal: this.#controller.signal };
    this.#setUp(setUp, worker).catch((error: unknown) => {
      if (!this.#isEnding) this.#fail(error); // otherwise there was no time left for it
    });
  }

  async #setUp(setUp: SetUp, worker: PreforkWorker): Promise<void> {
    await setUp(this.#loop as unknown as IOLoop, worker); // its callbacks get an IOLoop
    await this.#loop.listens();
    if (this.#isEnding) return;
    send(process, { is: "ports", ports: this.#loop.ports() });
    this.#isUp = true;
    this.#send(); // its memory counts from the next one on: no worker is replaced as soon as it is up
    this.#loop.recurring(this.#settings.heartbeatInterval, () => this.#beat());
  }

  #beat(): void {
    const { maxMemory } = this.#settings;
    const bytes = maxMemory > 0 ? residentBytes() : 0;
    if (bytes > maxMemory && this.#replace === undefined) [this.#replace, this.#bytes] = ["memory", bytes];
    this.#send();
  }

  #send(): void {
    if (this.#isUp) {
      const [replace, bytes, ends] = [this.#replace, this.#bytes, this.#isEnding];
      send(process, { is: "heartbeat", replace, bytes, ends });
    }
  }

  #askFor(reason: Reason): void {
    this.#replace ??= reason;
    this.#send();
  }

  #finish(delay: number): void {
    if (this.#isOver) return; // a loop that has stopped would begin to stop again
    void this.#loop.stopGracefully({ delay, timeout: this.#settings.gracefulTimeout });
  }

  #ends(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#send();
    this.#controller.abort();
  }

  // Over the channel, too, because the manager cannot read what the runtime prints.
  #report(error: unknown): void {
    send(process, { is: "failure", error: describe(error) });
  }

  #fail(error: unknown): void {
    process.exitCode = 1;
    if (this.#isUp) this.#print(describe(error));
    send(process, { is: "failure", error: describe(error) }, () => this.#exit(1));
  }

  #print(message: string): void {
    const facts = { time: new Date().toISOString(), event: "error", worker: process.pid, message };
    printLine(this.#settings.json ? asJson(facts, message.length) : asLines(message));
  }

  // A connection that the manager is just handing over must be given back before this process ends: the manager answers the
  // request to disconnect after everything that it has sent before.
  #exit(code: number): void {
    this.#isOver = true;
    this.#isEnding = true;
    if (!this.#controller.signal.aborted) this.#controller.abort();
    const exit = (): never => process.exit(code);
    if (!process.connected) return exit();
    process.once("disconnect", exit);
    setTimeout(exit, LAST_MS);
    cluster.worker?.disconnect();
  }
}

/** Runs in a worker. The promise is never settled: the process ends first. */
export function runWorker(settings: Settings, setUp: SetUp, birth: Birth): Promise<never> {
  new WorkerProcess(settings, birth).run(setUp, cluster.worker?.id ?? 0, birth.generation);
  return new Promise(nothing);
}

function residentBytes(): number {
  const { rss } = process.memoryUsage as { rss?: () => number };
  return rss ? rss() : process.memoryUsage().rss;
}

function nothing(): void {
  // There is nothing to do.
}
