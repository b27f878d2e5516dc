// The manager: it keeps as many workers as wanted, starts successors before it ends their predecessors, and ends them all.
//
// Whatever happens ends in `#manage`, the one place where workers are started and told to end:
// M1: never more than `workers` + `spare` processes. M2: a worker is told to end only when as many others as wanted have sent a heartbeat,
// except with no room for a successor (`spare: 0`). M3: a worker that fails before its first heartbeat ends everything at the first start,
// gives an upgrade up later, and makes the next start wait, longer each time; with no worker left, several failures end everything, too.

import { asLines } from "../base/printable.ts";
import { Deferred } from "../base/deferred.ts";
import { monotonicNow } from "../base/runtime.ts";
import { text } from "../base/show.ts";
import { IOLoopError } from "../index.ts";
import { BackOff } from "./back-off.ts";
import type { Ports, Report } from "./channel.ts";
import { ListeningQueues } from "./listening-queues.ts";
import { Member, type Overdue } from "./member.ts";
import { PidFile } from "./pid-file.ts";
import type { Settings } from "./prefork-options.ts";
import { ServiceLog } from "./service-log.ts";
import { Interrupts, type Signal, Signals, hasTerminal } from "./signals.ts";
import { Watchdog } from "./watchdog.ts";
import { hintOf, whyOverdue, whyReplaced, workers } from "./words.ts";

const MOST_FAILURES = 5; // in a row, when no worker is left that serves

export class Manager {
  readonly #settings: Settings;
  readonly #log: ServiceLog;
  readonly #pidFile: PidFile | undefined;
  readonly #members = new Set<Member>();
  readonly #ended = new Deferred();
  readonly #hasTerminal = hasTerminal();
  #signals: Signals | undefined;
  readonly #interrupts = new Interrupts();
  #queues: ListeningQueues | undefined;
  #wanted: number;
  #generation = 1;
  #ports: Ports = {};
  #oldest = 1; // members of generations before it are to be replaced
  #isUpgrading = false;
  #hasStarted = false; // as many as wanted have sent a heartbeat
  #isEnding = false;
  readonly #backOff = new BackOff();
  readonly #watchdog: Watchdog;
  #isOver = false;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#wanted = settings.workers;
    this.#watchdog = new Watchdog(
      this.#members,
      (member, overdue) => this.#overdue(member, overdue),
      () => this.#manage(),
    );
    this.#log = new ServiceLog(settings.json, settings.log);
    this.#pidFile = settings.pidFile === undefined ? undefined : new PidFile(settings.pidFile);
  }

  /** Starts the workers. Resolves when the last one has ended. */
  run(): Promise<void> {
    this.#signals = new Signals((signal) => this.#obey(signal));
    this.#queues = new ListeningQueues();
    const { missing } = this.#signals;
    if (missing.length > 0) this.#log.tell("signals", `this runtime lacks ${missing.join(", ")}`, { missing });
    if (process.versions["deno"] !== undefined) this.#log.tell("runtime", "on Deno connections may be lost", {});
    this.#log.tell("start", `starting ${workers(this.#wanted)}`, { workers: this.#wanted });
    this.#manage();
    return this.#ended.promise;
  }

  reported(member: Member, report: Report): void {
    if (report.is === "failure") return void (member.error = report.error);
    if (report.is === "ports") {
      if (!member.hasPorts) this.#ports = report.ports;
      return;
    }
    if (report.is === "closed") {
      member.isListening = false;
      return this.#manage();
    }
    const isFirst = member.phase === "starting";
    member.beat(monotonicNow());
    if (isFirst) this.#tell("up", member, "is up");
    else if (!member.isProven && !member.isNew(monotonicNow())) {
      member.isProven = true;
      this.#backOff.failures = 0;
    }
    if (report.ends && member.phase !== "finishing") {
      this.#tell("ending", member, "ends by itself");
      member.ends(monotonicNow());
      if (member.isNew(monotonicNow())) this.#wait(); // a program that ends itself again and again
    } else if (report.replace !== undefined && member.replace === undefined) {
      member.replace = report.replace;
      const { replace: reason, bytes } = report;
      this.#tell("replace", member, `${whyReplaced(report, this.#settings)}: it is to be replaced`, { reason, bytes });
    } else if (!isFirst) return;
    this.#manage();
  }

  gone(member: Member, how: string): void {
    this.#members.delete(member);
    if (how === "code 0") member.error = undefined; // it was an earlier one, which has not ended it
    const said = member.error === undefined ? "" : `: ${member.error}`;
    if (member.phase === "starting" && !this.#isEnding) this.#failed(member, how, said);
    else this.#tell("gone", member, `has ended with ${how}${said}`, { how, error: member.error });
    if (member.phase === "up" && member.isNew(monotonicNow())) this.#wait(); // it fails, or is killed, again and again
    this.#manage();
  }

  // A free port belongs to the cluster as long as one worker listens at it. When none does, workers that are just starting would get another:
  // they are started again, and told which it was.
  #keepPorts(): void {
    const all = [...this.#members];
    if (Object.keys(this.#ports).length === 0 || all.some(({ isListening }) => isListening)) return;
    for (const member of all) {
      if (member.hasPorts || member.phase !== "starting") continue;
      member.ends(monotonicNow());
      member.kill();
    }
  }

  #failed(member: Member, how: string, said: string): void {
    this.#tell("failed", member, `has ended with ${how} before its first heartbeat${said}`, {
      how,
      error: member.error,
    });
    const { up } = this.#count();
    if (!this.#hasStarted || (up.length === 0 && this.#backOff.failures >= MOST_FAILURES)) {
      const error = member.error === undefined ? ` (${how}); the worker has printed why` : `: ${asLines(member.error)}`;
      const message = `prefork: worker ${member.pid} has ended before its first heartbeat${error}`;
      this.#ended.fail(new IOLoopError("ERR_IOLOOP_WORKER_FAILED", message, { cause: member.error }));
      return this.#end("a worker cannot start");
    }
    if (this.#isUpgrading && member.generation < this.#generation) return; // of an earlier upgrade
    if (this.#isUpgrading) {
      const stay = up.filter(({ generation }) => generation < this.#generation).length;
      this.#isUpgrading = false;
      this.#oldest = 0;
      const stays = `${workers(stay, "older ")} ${stay === 1 ? "stays" : "stay"}${hintOf(member.error)}`;
      const words = `the upgrade to generation ${this.#generation} is given up; ${stays}`;
      this.#log.tell("given up", words, { generation: this.#generation, stay });
    }
    this.#wait();
  }

  #wait(): void {
    const wait = this.#backOff.failed(monotonicNow());
    if (wait !== undefined && !this.#isEnding && this.#missing() > 0)
      this.#log.tell("wait", `the next start waits for ${wait / 1000} s`, { seconds: wait / 1000 });
  }

  #obey(signal: Signal): void {
    switch (signal) {
      case "SIGUSR2":
        return this.#upgrade(signal);
      case "SIGHUP":
        return this.#hasTerminal ? this.#end(signal) : this.#upgrade(signal);
      case "SIGTTIN":
      case "SIGTTOU":
        return this.#resize(signal === "SIGTTIN" ? 1 : -1);
      default:
        return this.#interrupts.isSecond(signal) && this.#isEnding ? this.#killAll(signal) : this.#end(signal);
    }
  }

  #upgrade(signal: Signal): void {
    if (this.#isEnding) return;
    this.#oldest = ++this.#generation;
    this.#isUpgrading = true;
    this.#backOff.clear();
    const generation = this.#generation;
    const { up, starting } = this.#count();
    // What starts has read the program before, and may hang. Without enough others it is wanted all the same.
    if (up.length >= this.#wanted) for (const member of starting) member.finish(monotonicNow());
    const words = `${signal}: replacing ${workers(this.#wanted)}, generation ${generation}`;
    this.#log.tell("upgrade", words, { generation });
    this.#manage();
  }

  #resize(by: number): void {
    if (this.#isEnding || this.#wanted + by < 1) return;
    this.#wanted += by;
    this.#log.tell("resize", `${workers(this.#wanted)} wanted`, { workers: this.#wanted });
    this.#manage();
  }

  #end(why: string): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#log.tell("stop", `stopping: ${why}`, { reason: why });
    const now = monotonicNow();
    for (const member of this.#members) member.finish(now, () => this.#queues!.empty());
    this.#manage();
  }

  #killAll(why: string): void {
    this.#log.tell("kill", `${why}: ending at once`, { reason: why });
    for (const member of this.#members) member.kill();
  }

  #manage(): void {
    const now = monotonicNow(); // one for both: what is too early to be started must set the alarm
    if (!this.#isEnding) {
      this.#keepPorts();
      this.#start(now);
      this.#finish();
    }
    if (this.#isEnding && this.#members.size === 0) return this.#over();
    this.#watchdog.set(this.#backOff.until, now);
  }

  #start(now: number): void {
    if (now < this.#backOff.until) return;
    const room = this.#wanted + this.#settings.spare - this.#members.size;
    // Workers that were told a port and workers that get it from the cluster cannot listen at the same time.
    const isKept = [...this.#members].some(({ isListening, hasPorts }) => isListening && !hasPorts);
    const ports = isKept ? {} : this.#ports;
    try {
      for (let i = Math.min(room, this.#missing()); i > 0; i--) {
        this.#members.add(new Member(this, this.#settings, { generation: this.#generation, ports }, now));
      }
    } catch (error) {
      this.#log.tell("failed", `a process cannot be started: ${text(error)}`, { error: text(error) });
      if (this.#hasStarted) return this.#wait();
      this.#ended.fail(error);
      this.#end("a process cannot be started");
    }
  }

  // How many are to be started.
  #missing(): number {
    const { up, leaving, starting } = this.#count();
    return this.#wanted - (up.length - leaving.length) - starting.length;
  }

  #finish(): void {
    const { up, leaving, starting, finishing } = this.#count();
    const kept = up.length - leaving.length;
    if (up.length >= this.#wanted && !this.#hasStarted) {
      this.#hasStarted = true;
      this.#log.tell("started", `${workers(this.#wanted)} ${this.#wanted === 1 ? "is" : "are"} up`, {
        workers: this.#wanted,
      });
    }
    if (kept >= this.#wanted && this.#isUpgrading) {
      this.#isUpgrading = false;
      this.#log.tell("upgraded", `generation ${this.#generation} is up`, { generation: this.#generation });
    }
    const now = monotonicNow();
    const hasNoRoom =
      this.#settings.spare === 0 && starting.length + finishing.length === 0 && now >= this.#backOff.until;
    const surplus = up.length - this.#wanted;
    const first = hasNoRoom && surplus === 0 && leaving.length > 0 ? 1 : 0;
    const rest = up.filter((member) => !leaving.includes(member));
    for (const member of [...leaving, ...rest].slice(0, Math.max(surplus, first))) {
      this.#tell("finish", member, "is told to end");
      member.finish(now);
    }
    for (const member of starting.slice(Math.max(0, this.#wanted - kept))) member.finish(now); // an upgrade was given up
  }

  // In order of age, the oldest first.
  #count(): Record<"up" | "leaving" | "starting" | "finishing", Member[]> {
    const all = [...this.#members];
    const up = all.filter(({ phase }) => phase === "up");
    return {
      up,
      leaving: up.filter(({ generation, replace }) => generation < this.#oldest || replace !== undefined),
      starting: all.filter(({ phase }) => phase === "starting"),
      finishing: all.filter(({ phase }) => phase === "finishing"),
    };
  }

  #overdue(member: Member, overdue: Overdue): void {
    const why = whyOverdue(overdue, this.#settings);
    if (overdue === "start") member.error ??= `worker ${member.pid} ${why}`;
    this.#tell("killed", member, `${why}: it is killed`, { reason: overdue });
    member.kill();
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#watchdog.end();
    this.#signals?.end();
    this.#queues?.end();
    this.#pidFile?.remove();
    this.#log.tell("stopped", "stopped");
    this.#ended.settle();
  }

  #tell(
    event: string,
    { pid, generation }: Member,
    words: string,
    facts: Parameters<ServiceLog["tell"]>[2] = {},
  ): void {
    this.#log.tell(event, `worker ${pid} of generation ${generation} ${words}`, { worker: pid, generation, ...facts });
  }
}
