// Every foreign call of the package throws, one at a time, at a random moment: the error is reported once, at most one connection
// closes because of it, and afterwards the loop works as before.

import { type Injected, arm, counted, disarm } from "./injector.ts";
import type { IOLoop } from "wasm-ioloop";
import { hasSubscribers } from "node:diagnostics_channel";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Authority } from "../support/certificates.ts";
import { harness, isDeno, portOf, sleep, until, within } from "../support/harness.ts";
import { Random } from "../hosts/replay/random.ts";
import { Scenario, type Surroundings } from "./foreign-scenario.ts";

const test = harness("foreign-throws");
const SOON = 10; // seconds
const SECONDS = 450; // on an idle machine, 40
const SEEDS = 4; // runs in which nothing throws, to count the calls of each place
const TRIES = 3; // attempts to make a place call again
const FIRST = Number(process.env["IOLOOP_TEST_SEED"] ?? 534_878);

/** Calls that close something: if they throw, it stays open. */
const CLOSES = /^(?:clear\w+|close|destroy|terminate) /;
/** Calls whose exceptions are normal results, or which need not be reported, such as a lack of memory for data that is discarded. */
const ANSWERS = /^(?:allocUnsafe|listen|listenerCount|lstatSync|unlinkSync|statSync|openSync|readFileSync) /;

const uncaught: unknown[] = [];

/** The counters of a loop, which must be 0 if it has nothing to do. */
interface Inside {
  readonly isDispatching: boolean;
  readonly unknownToCore: number;
  readonly resources: { readonly count: number; readonly watched: number };
  readonly writers: { readonly length: number };
  readonly core: {
    readonly calls: {
      connectionsIn(state: number): number;
      timerCount(): number;
      acceptorCount(): number;
    };
  };
}

function inside(loop: IOLoop): Record<string, unknown> {
  const { isDispatching, unknownToCore, resources, writers, core } = (loop.reactor as unknown as { engine: Inside })
    .engine;
  const { calls } = core;
  const connections = [1, 2, 3, 4, 5, 6].map((state) => calls.connectionsIn(state)).join(" ");
  const [timers, acceptors] = [calls.timerCount(), calls.acceptorCount()];
  const { count, watched } = resources;
  return {
    isDispatching,
    unknownToCore,
    count,
    watched,
    writers: writers.length,
    connections,
    timers,
    acceptors,
    isRunning: loop.isRunning,
    watchesRequests: hasSubscribers("http.server.request.start"),
  };
}

const NEW = {
  isDispatching: false,
  unknownToCore: 0,
  count: 0,
  watched: 0,
  writers: 0,
  connections: "0 0 0 0 0 0",
  timers: 0,
  acceptors: 0,
  isRunning: false,
  watchesRequests: false,
};

async function works(loop: IOLoop): Promise<void> {
  let text = "";
  let fired = false;
  const id = loop.server({}, (_loop, stream) => {
    stream.on("read", (stream, chunk) => stream.write(chunk).closeGracefully());
  });
  loop.timer(0.001, () => (fired = true));
  loop.client({ port: portOf(loop, id) }, (_loop, error, stream) => {
    if (!stream) throw error;
    stream.write("as new").on("read", (_stream, chunk) => (text += String(chunk)));
    stream.on("close", () => loop.remove(id));
  });
  await within(SOON, loop.start());
  assert.is(text, "as new");
  assert.ok(fired, "the timer");
  assert.is(loop.isRunning, false);
}

function isOf(error: unknown, thrown: Injected): boolean {
  if (error === thrown) return true;
  const { cause, errors, message } = (error ?? {}) as Partial<AggregateError>;
  if (Array.isArray(errors)) return errors.some((one) => isOf(one, thrown));
  return cause === thrown || String(message).includes(thrown.message);
}

function sockets(): number {
  return isDeno ? 0 : readdirSync("/proc/self/fd").length;
}

/** One scenario. Returns the faults that were found; undefined if the place was not called often enough. */
async function live(seed: number, around: Surroundings, site?: string, nth?: number): Promise<string[] | undefined> {
  const random = new Random(seed);
  const before = sockets();
  const scenario = new Scenario(random, around);
  const wrong: string[] = [];
  const check = async (what: string, task: () => unknown): Promise<void> => {
    try {
      await task();
    } catch (error) {
      wrong.push(`${what}: ${String(error)}`);
    }
  };
  uncaught.length = 0;
  await scenario.begin();
  arm(site, nth);
  await check("act", () => scenario.act());
  await check("the other connections", () => scenario.last());
  await check("end", () => scenario.end());
  await sleep(0.002);
  const thrown = disarm();
  await check("leave", () => scenario.leave());
  if (thrown?.site.startsWith("unsubscribe ")) thrown.again(); // or it counts further on
  await check("counters", () => assert.equal(inside(scenario.loop), NEW));
  await check("as new", () => works(scenario.loop));
  await check("counters afterwards", () => assert.equal(inside(scenario.loop), NEW));
  if (thrown && CLOSES.test(thrown.site)) await check("closing", () => thrown.again());
  await check("descriptors", () => until(() => sockets() <= before, 2));
  for (const error of uncaught) wrong.push(`uncaught: ${(error as Error)?.stack ?? String(error)}`);
  if (thrown) {
    const times = scenario.reports.filter((error) => isOf(error, thrown)).length;
    if (times !== 1 && !ANSWERS.test(thrown.site)) wrong.push(`reported ${times} times`);
    if (wrong.length > 0) wrong.push(thrown.stack!);
  } else if (site !== undefined && wrong.length === 0) return undefined;
  return wrong;
}

test(
  "whichever foreign call throws",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "ioloop-foreign-"));
    const authority = new Authority();
    const around = { certificate: authority.sign("localhost"), ca: authority.ca.cert, folder };
    const hear = (error: unknown): void => void uncaught.push(error);
    process.on("uncaughtException", hear).on("unhandledRejection", hear);
    const failures: string[] = [];
    const most = new Map<string, number>();
    const begin = performance.now();
    for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
      const wrong = await live(seed, around);
      if (wrong!.length > 0) failures.push(`seed ${seed}: ${wrong!.join("\n")}`);
      for (const [site, count] of counted()) most.set(site, Math.max(count, most.get(site) ?? 0));
    }
    const only = process.env["IOLOOP_TEST_ONLY"];
    const random = new Random(FIRST);
    let hits = 0;
    const missed: string[] = [];
    for (const [site, count] of [...most].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (only && !site.includes(only)) continue;
      let wrong: string[] | undefined;
      for (let i = 0; i < TRIES && !wrong; i++) {
        const nth = i === TRIES - 1 ? 1 : 1 + random.below(count);
        const seed = FIRST + random.below(1000);
        wrong = await live(seed, around, site, nth);
        if (wrong && wrong.length > 0)
          failures.push(`seed ${seed} ${site} call ${nth} of ${count}:\n  ${wrong.join("\n  ")}`);
      }
      if (wrong) hits++;
      else missed.push(site);
    }
    if (process.env["IOLOOP_TEST_TELL"])
      console.log(`${hits} of ${most.size}, ${Math.round(performance.now() - begin)} ms; missed ${missed.join(", ")}`);
    process.off("uncaughtException", hear).off("unhandledRejection", hear);
    rmSync(folder, { recursive: true });
    assert.is(failures.length, 0, `IOLOOP_TEST_SEED=${FIRST}\n${failures.join("\n")}`);
    assert.ok(hits > most.size * 0.7, `only ${hits} of ${most.size} places were called again`);
  },
  SECONDS,
);
