// Processes that share a listening socket: one of them stops, or each ends after a few clients, and no client is affected.

import { type AddressInfo, type Server, connect, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import type { Runtime } from "../../support/runtimes.ts";
import { type Running, cleanUp, run, runOn, sleep } from "./processes.ts";
import type { Report } from "./report.ts";

const NEW_CLIENTS = 40;
const LONG_REQUESTS = 6;
const WORKERS = 2;
const WORKERS_CLIENTS = 100;
const AT_A_TIME = 6;
const CLIENT_SECONDS = 15;

const file = fileURLToPath(new URL("shared-socket-server.js", import.meta.url));

/** Sends a request. Returns the answer, or what happened instead. */
function ask(port: number, request: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port }, () => socket.write(request));
    let answer = "";
    socket.setTimeout(CLIENT_SECONDS * 1000, () => socket.destroy(new Error("no answer in time")));
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
    socket.on("error", (error: NodeJS.ErrnoException) => (answer ||= error.code ?? error.message));
    socket.on("close", () => resolve(answer));
  });
}

/**
 * Opens a listening socket, lets `start` pass its descriptor to other processes, and closes it: from then on only they have it. Node
 * has no documented way to pass on a socket without accepting from it.
 */
async function withSocket<T>(start: (descriptor: number) => T): Promise<{ port: number; started: T }> {
  const server: Server & { _handle?: { fd?: number } } = createServer();
  await new Promise<void>((resolve) => server.listen({ host: "127.0.0.1", port: 0 }, resolve));
  const { port } = server.address() as AddressInfo;
  // oxlint-disable-next-line no-underscore-dangle -- the runtime's name
  const descriptor = server._handle?.fd;
  if (descriptor === undefined) throw new Error("this Node does not expose the descriptor of a listening socket");
  const started = start(descriptor);
  await new Promise((resolve) => server.close(resolve));
  return { port, started };
}

/** What happened instead of answers, and how often. */
function otherThanAnswers(answers: readonly string[]): string {
  const others = answers.filter((answer) => !answer.startsWith("from "));
  const kinds = [...new Set(others)].map(
    (kind) => `${others.filter((other) => other === kind).length} ${kind || "empty"}`,
  );
  return kinds.length > 0 ? ` (${kinds.join(", ")})` : "";
}

async function oneOfTwoStops(name: string, runtime: Runtime, report: Report): Promise<void> {
  const { port, started } = await withSocket((descriptor) =>
    [0, 1].map(() => runOn(runtime, file, ["waits"], { stdio: [descriptor] })),
  );
  const [first, second] = started as [Running, Running];
  first.child.stdin!.end("begin");
  await first.printed("listening");
  const long = Array.from({ length: LONG_REQUESTS }, () => ask(port, "long"));
  await first.printed("long\n".repeat(LONG_REQUESTS));
  second.child.stdin!.end("begin");
  await second.printed("listening");

  const meanwhile: Promise<string>[] = [];
  for (let i = 0; i < NEW_CLIENTS; i++) {
    meanwhile.push(ask(port, "short"));
    if (i === NEW_CLIENTS / 4) first.child.kill("SIGTERM");
    await sleep(0.005);
  }
  await first.printed("closing");
  const after: Promise<string>[] = [];
  for (let i = 0; i < NEW_CLIENTS; i++) {
    after.push(ask(port, "short"));
    await sleep(0.01);
  }
  const [during, later, longer] = await Promise.all([meanwhile, after, long].map((all) => Promise.all(all)));
  const how = await first.ended;
  const served = during!.filter((answer) => answer.startsWith("from ")).length;
  const byOther = later!.filter((answer) => answer === `from ${second.child.pid}`).length;
  const finished = longer!.filter((answer) => answer === `from ${first.child.pid}`).length;
  const isWhole = served === NEW_CLIENTS && byOther === NEW_CLIENTS && finished === LONG_REQUESTS && how === "code 0";
  report(
    isWhole,
    `${name}: one of two processes on a socket stops: ${served} of ${NEW_CLIENTS} clients served meanwhile${otherThanAnswers(during!)}, ` +
      `${byOther} of ${NEW_CLIENTS} afterwards by the other${otherThanAnswers(later!)}, ` +
      `${finished} of ${LONG_REQUESTS} long requests answered${otherThanAnswers(longer!)}, ended with ${how}`,
  );
}

async function workersAreReplaced(name: string, runtime: Runtime, report: Report): Promise<void> {
  // A shell as the parent, which has the socket without accepting from it.
  const command = ["-c", 'while "$@"; do :; done', "workers", runtime.program, ...runtime.args, file, "workers"];
  const { port, started } = await withSocket((descriptor) =>
    Array.from({ length: WORKERS }, () => run("sh", command, { stdio: [descriptor] })),
  );
  await Promise.all(started.map((parent) => parent.printed("listening")));
  let left = WORKERS_CLIENTS;
  const answers: string[] = [];
  const client = async (): Promise<void> => {
    while (left-- > 0) answers.push(await ask(port, "short"));
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, client));
  const served = answers.filter((answer) => answer.startsWith("from "));
  const processes = new Set(served).size;
  report(
    served.length === WORKERS_CLIENTS && processes > WORKERS,
    `${name}: workers with maxAccepts are replaced: ${served.length} of ${WORKERS_CLIENTS} clients served` +
      `${otherThanAnswers(answers)}, by ${processes} processes`,
  );
}

/** A shared listening socket when one of its processes ends. */
export async function sharedSocket(name: string, runtime: Runtime, report: Report): Promise<void> {
  for (const scenario of [oneOfTwoStops, workersAreReplaced]) {
    try {
      await scenario(name, runtime, report);
    } catch (error) {
      report(false, `${name}: ${scenario.name}: ${String(error)}`);
    } finally {
      cleanUp();
    }
  }
}
