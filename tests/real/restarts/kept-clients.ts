// Clients of a preforked program that ask without a pause: some keep their connection, so it is known which worker they lose.

import { connect } from "node:net";
import { sleep } from "./processes.ts";

const KEPT = 12;
const SHORT = 3;
const PAUSE = 0.005; // seconds between two requests of a client
const PATIENCE_MS = 30_000;

export interface Clients {
  /** How many answers have come. */
  readonly answered: number;
  /** The workers that have a kept connection now. */
  workers(): Set<number>;
  /** From now on, this worker is expected to lose its clients. */
  expect(worker: number): void;
  /** Ends them. Returns how many kept connections each worker has lost against expectation, and how new connections have failed. */
  end(): Promise<{ lost: number; failed: string[] }>;
}

/** Starts them. */
export function startClients(port: number): Clients {
  const expected = new Set<number>();
  const now = new Map<number, number>(); // the workers of the kept clients
  const failed: string[] = [];
  let [answered, lost, isOver] = [0, 0, false];

  const keep = async (client: number): Promise<void> => {
    while (!isOver) {
      await new Promise<void>((done) => {
        const socket = connect({ host: "127.0.0.1", port }, () => socket.write("keep"));
        socket.on("data", (chunk: Buffer) => {
          answered++;
          now.set(client, Number(String(chunk).split(" ")[1]));
          setTimeout(() => (isOver ? socket.end() : socket.write("keep")), PAUSE * 1000);
        });
        socket.on("error", () => {}); // it closes
        socket.on("close", () => {
          const worker = now.get(client);
          now.delete(client);
          if (!isOver && worker !== undefined && !expected.has(worker)) lost++;
          done();
        });
      });
      if (!isOver) await sleep(PAUSE);
    }
  };

  const ask = async (): Promise<void> => {
    while (!isOver) {
      const how = await new Promise<string>((done) => {
        let [text, code] = ["", "no answer"];
        const socket = connect({ host: "127.0.0.1", port }, () => socket.write("who"));
        socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error("no answer in time")));
        socket.on("data", (chunk: Buffer) => (text += String(chunk)));
        socket.on("error", (error: NodeJS.ErrnoException) => (code = error.code ?? error.message));
        socket.on("close", () => done(text.startsWith("who ") ? "" : code));
      });
      if (how === "") answered++;
      else if (!isOver) failed.push(how);
      await sleep(PAUSE);
    }
  };

  const all = [...Array.from({ length: KEPT }, (_, i) => keep(i)), ...Array.from({ length: SHORT }, ask)];
  return {
    get answered() {
      return answered;
    },
    workers: () => new Set(now.values()),
    expect: (worker) => void expected.add(worker),
    end: async () => {
      isOver = true;
      await Promise.all(all);
      return { lost, failed };
    },
  };
}
