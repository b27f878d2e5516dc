// A worker as the manager sees it: its process, its phase, and its deadlines. Times are in milliseconds.

import cluster, { type Worker } from "node:cluster";
import { clearTimeout, setTimeout } from "../base/runtime.ts";
import { text } from "../base/show.ts";
import { type Birth, environmentOf } from "./birth.ts";
import { type Report, received, send } from "./channel.ts";
import { returnHandoffs } from "./handoffs.ts";
import { handOnSockets } from "./passed-sockets.ts";
import type { Settings } from "./prefork-options.ts";

/** `starting`: until its first heartbeat. `up`: it serves. `finishing`: it has been told to end, or ends by itself. */
export type Phase = "starting" | "up" | "finishing";

/** Why a worker is killed. */
export type Overdue = "start" | "heartbeat" | "end";

interface Owner {
  /** A message has come from a member. */
  reported(member: Member, report: Report): void;
  /** The process of a member has ended; `how` says how, in words. */
  gone(member: Member, how: string): void;
}

const isBun = process.versions["bun"] !== undefined;
// A worker that closes its last connections at the end of its time ends by itself; that time begins when its sockets are empty.
const MARGIN_MS = 3000;
const NEW_MS = 1000;
const LONGEST_MS = 2 ** 31 - 1; // of a timer of the runtime; a longer one would end at once

export class Member {
  readonly generation: number;
  /** Whether its servers that want a free port were told which. */
  readonly hasPorts: boolean;
  /** When its first heartbeat has come. */
  upAt: number = Infinity;
  /** Whether it has served for a while. */
  isProven = false;
  /** Whether one of its servers listens. */
  isListening = false;
  phase: Phase = "starting";
  /** Why it must be replaced, apart from its generation. */
  replace: string | undefined;
  /** The error that it has reported, if any. */
  error: string | undefined;
  readonly #worker: Worker;
  readonly #settings: Settings;
  #deadline: number;
  #isGone = false;
  #closing: ReturnType<typeof setTimeout> | undefined;

  /** Starts a process. Throws if that is not possible. */
  constructor(owner: Owner, settings: Settings, birth: Omit<Birth, "hasSockets">, now: number) {
    this.generation = birth.generation;
    this.hasPorts = Object.keys(birth.ports).length > 0;
    this.#settings = settings;
    this.#deadline = now + settings.upgradeTimeout * 1000;
    const worker = cluster.fork(environmentOf({ ...birth, hasSockets: handOnSockets() }));
    this.#worker = worker;
    returnHandoffs(worker);
    worker.on("listening", () => (this.isListening = true));
    const gone = (how: string): void => {
      if (this.#isGone) return;
      this.#isGone = true;
      clearTimeout(this.#closing);
      owner.gone(this, how);
    };
    worker.on("message", (message: unknown) => {
      const report = received(message) as Report | undefined;
      if (report && !this.#isGone) owner.reported(this, report);
    });
    worker.on("exit", (code: number, signal: string | null) => gone(signal ?? `code ${code}`));
    worker.on("error", (error: unknown) => {
      if (worker.process.pid === undefined) gone(text(error)); // the process could not be started
    });
  }

  get pid(): number {
    return this.#worker.process.pid ?? 0;
  }

  /** A heartbeat has come. */
  beat(now: number): void {
    this.error = undefined; // the program has handled it
    if (this.phase === "starting") {
      this.phase = "up";
      this.upAt = now;
    }
    if (this.phase === "up") this.#deadline = now + this.#settings.heartbeatTimeout * 1000;
  }

  /** Tells it to end gracefully. After the delay, it accepts until `closing` has resolved. */
  finish(now: number, closing?: () => Promise<void>): void {
    if (this.phase === "finishing") return;
    this.ends(now);
    const { delay } = this.#settings;
    send(this.#worker.process, { is: "finish" });
    const close = (): void => this.#close();
    const begin = (): void => void (closing ? closing().then(close, close) : close());
    if (delay === 0) begin();
    else this.#closing = setTimeout(begin, Math.min(delay * 1000, LONGEST_MS));
  }

  // The cluster gives it no more connections from here on, and those that it was given before come before the message. A worker that
  // closed by itself would have to refuse them. On Bun the cluster gives them to another worker, too: there it closes by itself.
  #close(): void {
    if (this.#isGone) return;
    send(this.#worker.process, { is: "close" });
    if (isBun) return;
    this.isListening = false;
    this.#worker.disconnect();
  }

  /** It ends, by itself or because it was told to. */
  ends(now: number): void {
    if (this.phase === "finishing") return;
    this.phase = "finishing";
    const { delay, gracefulTimeout } = this.#settings;
    this.#deadline = now + (delay + gracefulTimeout) * 1000 + MARGIN_MS;
  }

  /** Ends its process at once. */
  kill(): void {
    this.#deadline = Infinity;
    if (!this.#isGone) this.#worker.process.kill("SIGKILL");
  }

  /** Whether its first heartbeat came a moment ago. */
  isNew(now: number): boolean {
    return now - this.upAt < NEW_MS;
  }

  /** When it is overdue, if nothing happens before. */
  get deadline(): number {
    return this.#deadline;
  }

  /** What has not happened in time; undefined if nothing is overdue. */
  overdue(now: number): Overdue | undefined {
    if (now < this.#deadline) return undefined;
    return this.phase === "starting" ? "start" : this.phase === "up" ? "heartbeat" : "end";
  }

  /** Gives it more time: the manager itself did not run for so long. */
  forgive(ms: number): void {
    this.#deadline += ms;
  }
}
