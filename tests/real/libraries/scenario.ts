// Shared by all scenarios: a loop with few slots, many clients, and a count of open connections.

import type { Duplex } from "node:stream";
import { type Id, IOLoop, type Stream } from "wasm-ioloop";

/** Reports whether a result is good. */
export type Check = (holds: boolean, line: string) => void;

/** One scenario. */
export interface Scenario {
  run(check: Check): Promise<void>;
  /** Whether it takes more than a few seconds. */
  readonly isLong?: boolean;
  /** Runtimes that do not support it, by name, and why. */
  readonly not?: Readonly<Record<string, string>>;
}

/** The number of slots, and of simultaneous clients. */
export const SLOTS = 5;
export const CLIENTS = 20;
const STOP_SECONDS = 10;

/** Counts the sockets that a library has open at the same time. */
export class Inside {
  /** The maximum. */
  most = 0;
  /** The total. */
  all = 0;
  #sockets: { readonly destroyed: boolean }[] = [];

  /** Counts the connections of a server. */
  watch(server: { on(name: "connection", callback: (socket: Duplex) => void): unknown }): void {
    server.on("connection", (socket) => this.add(socket));
  }

  /** Counts a stream until it has closed. */
  addStream(stream: Stream): void {
    const connection = { destroyed: false };
    stream.on("close", () => (connection.destroyed = true));
    this.add(connection);
  }

  /** Counts a connection until it is destroyed. */
  add(socket: { readonly destroyed: boolean }): void {
    this.#sockets = this.#sockets.filter(({ destroyed }) => !destroyed);
    this.#sockets.push(socket);
    this.most = Math.max(this.most, this.#sockets.length);
    this.all++;
  }
}

/** A loop that collects its errors. */
export function loopOf(options: ConstructorParameters<typeof IOLoop>[0]): { loop: IOLoop; errors: string[] } {
  const loop = new IOLoop(options);
  const errors: string[] = [];
  loop.reactor.unsubscribe("error");
  loop.reactor.on("error", (_reactor, error, event) => void errors.push(`${event}: ${String(error)}`));
  return { loop, errors };
}

/** The port of an acceptor. */
export function portOf(loop: IOLoop, id: Id): number {
  const port = loop.acceptor(id)?.port;
  if (port === undefined) throw new Error("the acceptor has no port");
  return port;
}

/** Resolves after some seconds. */
export function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

/** The result of a promise. Rejects, with its name, if it takes longer than `seconds`. */
export async function within<T>(seconds: number, name: string, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${seconds} s: ${name}`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves as soon as a condition holds. Rejects, with its name, if that takes too long. */
export async function until(condition: () => boolean, name: string, seconds = 10): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${name}`);
    await sleep(0.005);
  }
}

/** Throws unless an answer is the expected one. */
export function expect(what: string, got: unknown, wanted: unknown): void {
  if (got !== wanted) throw new Error(`${what}: ${shorten(got)} instead of ${shorten(wanted)}`);
}

function shorten(value: unknown): string {
  const text = String(value);
  return text.length > 60 ? `${text.slice(0, 60)}… (${text.length} characters)` : text;
}

/** The wrong results with their number, and the first errors of a loop: in brackets, or empty if there are none. */
export function wrong(results: readonly PromiseSettledResult<unknown>[], errors: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const result of results) {
    if (result.status !== "rejected") continue;
    const { code, message } = result.reason as NodeJS.ErrnoException;
    const why = [code, message].filter((part) => part !== undefined && part !== "").join(" ") || String(result.reason);
    counts.set(why, (counts.get(why) ?? 0) + 1);
  }
  const all = [...[...counts].map(([why, count]) => `${count} × ${why}`), ...errors.slice(0, 3)];
  return all.length > 0 ? ` (${all.join("; ")})` : "";
}

/** The server of a scenario: its acceptor, and a function to close it if the loop does not. */
export interface Served {
  readonly id: Id;
  end?(): unknown;
}

/**
 * Connects all clients at once to a loop with few slots. All must be served, without exceeding the slots, all slots must be used, and then
 * the loop must stop without open connections. A client awaits `full` before it disconnects, so that all slots are taken at some time.
 */
export async function crowd(
  check: Check,
  what: string,
  set: (loop: IOLoop, inside: Inside) => Served | Promise<Served>,
  client: (port: number, index: number, full: () => Promise<void>) => Promise<unknown>,
): Promise<void> {
  const { loop, errors } = loopOf({ maxConnections: SLOTS });
  let running: Promise<void> | undefined;
  try {
    const inside = new Inside();
    const { id, end } = await set(loop, inside);
    running = loop.start({ forever: true });
    const port = portOf(loop, id);
    const full = (): Promise<void> => until(() => inside.all >= SLOTS, "all slots are taken", 30);
    const clients = Array.from({ length: CLIENTS }, (_, index) =>
      within(60, "the client is served", client(port, index, full)),
    );
    const results = await Promise.allSettled(clients);
    const served = results.filter(({ status }) => status === "fulfilled").length;
    await end?.();
    const begin = performance.now();
    await within(STOP_SECONDS * 2, "the loop stops", loop.stopGracefully({ timeout: STOP_SECONDS }));
    const seconds = (performance.now() - begin) / 1000;
    const isWhole = served === CLIENTS && inside.most === SLOTS && inside.all >= CLIENTS && errors.length === 0;
    const numbers =
      `${served} of ${CLIENTS} clients served, ${inside.most} of ${SLOTS} inside at most, ` +
      `${inside.all} connections, stopped in ${seconds.toFixed(1)} s`;
    check(isWhole && seconds < STOP_SECONDS, `${what}: ${numbers}${wrong(results, errors)}`);
  } catch (error) {
    check(false, `${what}: ${String(error)}${wrong([], errors)}`);
  } finally {
    loop.reset();
    await running;
  }
}
