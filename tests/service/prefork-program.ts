// A program that preforks, for the tests: its argument says how, as JSON. Each client sends one command, and gets one answer.

import { existsSync } from "node:fs";
import type { ListenerOptions, Stream } from "wasm-ioloop";
import { type PreforkOptions, prefork } from "wasm-ioloop/prefork";

/** What the program is to do. */
export interface Plan {
  readonly options?: PreforkOptions;
  /** Where each worker listens; default one free port. */
  readonly servers?: readonly ListenerOptions[];
  /** While this file exists, a worker cannot be set up. */
  readonly broken?: string;
  /** While this file exists, a worker that starts is never set up. */
  readonly hanging?: string;
  /** Whether each worker exits at once. */
  readonly useless?: boolean;
  /** Whether each worker is killed soon after it is up, as by the system for its memory. */
  readonly doomed?: boolean;
}

const plan = JSON.parse(process.argv[2] ?? "{}") as Plan;
const tell = (event: string, facts: object): void => console.log(JSON.stringify({ event, ...facts }));
const leak: unknown[] = [];

await prefork({ json: true, log: (line) => console.log(line), ...plan.options }, async (loop, worker) => {
  const { id, pid, generation, signal } = worker;
  if (plan.useless) process.exit(7);
  await loop.sleep(0.01);
  if (plan.broken !== undefined && existsSync(plan.broken)) throw new Error("the configuration is broken");
  if (plan.hanging !== undefined && existsSync(plan.hanging)) {
    tell("hanging", { worker: pid });
    await new Promise(() => {});
  }
  signal.addEventListener("abort", () => tell("aborted", { worker: pid }));
  const answer = (stream: Stream, command: string): void => {
    if (command === "block") {
      tell("blocked", { worker: pid });
      for (;;);
    }
    if (command === "exit") process.exit(3);
    if (command === "heap") loop.recurring(0.001, () => leak.push(Array.from({ length: 500_000 }, (_, i) => [i])));
    if (command === "grow") leak.push(Buffer.alloc(50 * 2 ** 20, 1));
    if (command === "grow" || command === "keep") return void stream.write(`${command} ${pid} ${generation} ${id}\n`);
    if (command === "leak") leak.push(Buffer.alloc(100 * 2 ** 20, 1));
    if (command === "slow") loop.timer(0.4, () => stream.write(`slow ${pid} ${generation} ${id}`).closeGracefully());
    else stream.write(`${command} ${pid} ${generation} ${id}`).closeGracefully();
  };
  for (const options of plan.servers ?? [{}]) {
    const acceptor = loop.server(options, (_loop, stream) => {
      stream.on("read", (stream, chunk) => answer(stream, chunk.toString()));
    });
    await loop.acceptor(acceptor)?.ready;
    tell("listening", { worker: pid, port: loop.acceptor(acceptor)?.port });
  }
  if (plan.doomed) loop.timer(0.05, () => process.kill(pid, "SIGKILL"));
});
tell("resolved", {});
