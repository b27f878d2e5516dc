// The server of examples/deploy/, on ports that are free here, and clients that ask without a pause.

import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { root } from "../../support/paths.ts";
import { runtimes } from "../../support/runtimes.ts";
import { type Running, runOn } from "../restarts/processes.ts";

export const FOLDER: string = join(root, "examples/deploy");
const CLIENTS = 8;

/** The text of a file of the folder. `ports` are the ports that replace those in it. */
export function shown(file: string, ports: ReadonlyMap<number, number> = new Map()): string {
  const text = readFileSync(join(FOLDER, file), "utf8");
  return text.replaceAll(/\b\d{4}\b/g, (number) => String(ports.get(Number(number)) ?? number));
}

// Below the ports that the system gives to clients: those may be taken at any moment.
const [FIRST, COUNT] = [20_000, 12_000];

/** A port after which two more are free: the server takes all three. */
export async function freeTriple(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    const isFree = (number: number): Promise<boolean> =>
      new Promise((resolve) => {
        const probe = createServer();
        probe.once("error", () => resolve(false));
        probe.listen(number, "127.0.0.1", () => probe.close(() => resolve(true)));
      });
    if ((await isFree(port)) && (await isFree(port + 1)) && (await isFree(port + 2))) return port;
  }
}

/** Starts the server on Node. */
export async function startServer(port: number, env: Readonly<Record<string, string>> = {}): Promise<Running> {
  const file = join(FOLDER, "server.mjs");
  const server = runOn(runtimes["node"]!, file, [], { env: { PORT: String(port), ...env } });
  await server.printed(`Listening on port ${port}\n`);
  return server;
}

/** The code of an answer; 0 if there is none. */
export async function codeOf(url: string): Promise<number> {
  try {
    const response = await fetch(url);
    await response.text();
    return response.status;
  } catch {
    return 0;
  }
}

export interface Load {
  readonly asked: number;
  readonly failed: readonly string[];
  /** The processes that have answered since this was called last. */
  answering(): Set<string>;
  end(): Promise<void>;
}

/** Asks an address without a pause, by kept connections. */
export function ask(url: string): Load {
  const failed: string[] = [];
  let [asked, isOver] = [0, false];
  let pids = new Set<string>();
  const client = async (): Promise<void> => {
    while (!isOver) {
      asked++;
      try {
        const response = await fetch(url);
        const text = await response.text();
        if (response.status !== 200) failed.push(String(response.status));
        else pids.add(/\d+/.exec(text)?.[0] ?? "");
      } catch (error) {
        failed.push(String((error as Error).cause ?? error));
      }
    }
  };
  const clients = Array.from({ length: CLIENTS }, client);
  return {
    get asked() {
      return asked;
    },
    failed,
    answering: () => {
      const answered = pids;
      pids = new Set();
      return answered;
    },
    end: async () => {
      isOver = true;
      await Promise.all(clients);
    },
  };
}
